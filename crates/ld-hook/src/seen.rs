//! What was last seen of each node, and which event follows from a new status.

use std::collections::HashMap;
use std::time::SystemTime;

use ld_sync::{State, Status};

use crate::event::Kind;

/// What was last seen of the nodes that have a hook.
#[derive(Debug, Default)]
pub(crate) struct Seen(HashMap<String, SeenNode>);

#[derive(Debug, Default)]
struct SeenNode {
    applied_at: Option<SystemTime>,
    mzxid: Option<i64>,
    /// It had a good outcome.
    has_started: bool,
    /// It may be followed anew, so that a change may have come between.
    may_be_new: bool,
}

impl Seen {
    /// Takes the state of a node as seen, unless it is known: no event follows from it.
    pub(crate) fn accept(&mut self, status: &Status) {
        self.0.entry(status.name.clone()).or_insert_with(|| SeenNode {
            applied_at: status.applied_at,
            mzxid: status.mzxid,
            has_started: status.state.is_good(),
            may_be_new: false,
        });
    }

    pub(crate) fn is_known(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Nodes may be followed anew from here on, and only those with a name in `names` are.
    pub(crate) fn begin_again(&mut self, is_followed: impl Fn(&str) -> bool) {
        self.0.retain(|name, _| is_followed(name));
        self.0.values_mut().for_each(|node| node.may_be_new = true);
    }

    /// What happened to the node since it was seen last; `Start` for its first good outcome.
    pub(crate) fn observe(&mut self, status: &Status) -> Option<Kind> {
        if !self.is_known(&status.name) {
            self.0.insert(status.name.clone(), SeenNode::default());
        }
        let node = self.0.get_mut(&status.name)?;
        let is_applied = status.applied_at.is_some() && status.applied_at != node.applied_at;
        let is_certain = matches!(status.state, State::Current | State::Absent);
        let is_missed = is_certain && node.may_be_new && node.has_started && status.mzxid != node.mzxid;
        let is_first = status.state.is_good() && !node.has_started;
        let kind = match (is_applied || is_missed, status.mzxid, node.mzxid) {
            (true, None, _) => Some(Kind::Deleted),
            (true, Some(_), None) => Some(Kind::Created),
            (true, Some(_), Some(_)) => Some(Kind::Changed),
            (false, ..) => is_first.then_some(Kind::Start),
        };
        if is_applied {
            node.applied_at = status.applied_at;
        }
        if is_applied || is_certain {
            node.mzxid = status.mzxid;
        }
        if status.state.is_good() {
            node.has_started = true;
            node.may_be_new = false;
        }
        kind
    }
}
