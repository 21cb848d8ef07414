//! What the hook settings of nodes say together.

use std::collections::HashMap;

use super::group::Group;
use crate::hooks;
use crate::keys::{HOOK_NAMES, NODE_PREFIX};
use crate::problem::Position;
use crate::problems::Problems;
use crate::settings::{Hook, NodeConfig};

/// The first node of each group so far, with its hook.
#[derive(Default)]
pub(super) struct Groups(HashMap<String, (String, Hook)>);

impl Groups {
    /// Checks one node, and compares it with the others of its group.
    pub(super) fn check(&mut self, node: &NodeConfig, group: &Group<'_>, problems: &mut Problems) {
        let place = |field: &str| {
            let entry = group.entries.iter().find(|(name, _)| *name == field);
            let first = group.entries.first().map_or(Position::from(1), |(_, entry)| entry.at);
            entry.map_or(first, |(_, entry)| entry.at)
        };
        let key = |field: &str| format!("{NODE_PREFIX}{}.{field}", group.name);
        if node.active_hook().is_none() {
            // A value of these two that was refused has its own error.
            let is_idle = |name: &&str| HOOK_NAMES.contains(name) && !["on_change", "signal"].contains(name);
            let idle = group.entries.iter().find(|(name, entry)| is_idle(name) && !entry.value.is_empty());
            if let Some((_, entry)) = idle {
                let (on_change, signal) = (key("on_change"), key("signal"));
                let message = format!("it has no effect without {on_change} or {signal}");
                problems.warn(entry.at, Some(entry.key), message);
            }
        }
        let Some(hook) = node.hook.as_deref() else { return };
        let Some(name) = &hook.group else { return };
        match self.0.get(name) {
            None => _ = self.0.insert(name.clone(), (node.name.clone(), hook.clone())),
            Some((first, theirs)) => {
                if let Some((field, problem)) = hooks::differs(hook, first, theirs) {
                    problems.error(place(field), Some(&key(field)), problem);
                }
            }
        }
    }
}
