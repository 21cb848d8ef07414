//! What hook settings say together: nodes of one group share one hook, and none is in a sandbox.

use crate::quote::{quoted, shown_key};
use crate::settings::{Config, Hook};

/// The setting that keeps a node with the hook `ours` from sharing the one of the node `first`: its
/// key and the problem.
pub(crate) fn differs(ours: &Hook, first: &str, theirs: &Hook) -> Option<(&'static str, String)> {
    let differing = [
        ("on_change", ours.on_change != theirs.on_change),
        ("signal", ours.signal != theirs.signal),
        ("on_change_timeout", ours.timeout != theirs.timeout),
        ("on_change_retries", ours.retries != theirs.retries),
        ("settle", ours.settle != theirs.settle),
        ("on_start", ours.on_start != theirs.on_start),
    ];
    let (key, _) = differing.into_iter().find(|(_, differs)| *differs)?;
    let (group, other) = (ours.group.as_deref().unwrap_or_default(), shown_key(first));
    let problem = format!(
        "it differs from nodes.{other}.{key}, and both nodes are in the hook_group {}: nodes of a group share one \
         hook",
        quoted(group)
    );
    Some((key, problem))
}

/// What is wrong with a hook of a watcher that is to be sandboxed.
pub(crate) fn in_sandbox(config: &Config) -> Option<String> {
    let node = config.nodes.iter().find(|node| config.watcher.sandbox && node.active_hook().is_some())?;
    let name = shown_key(&node.name);
    Some(format!(
        "it cannot be combined with the hook of nodes.{name}: what a sandboxed watcher starts is in the sandbox, too"
    ))
}
