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

/// What is looked at of a status.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sight {
    pub(crate) state: State,
    pub(crate) mzxid: Option<i64>,
    pub(crate) applied_at: Option<SystemTime>,
}

impl From<&Status> for Sight {
    fn from(status: &Status) -> Self {
        Self { state: status.state, mzxid: status.mzxid, applied_at: status.applied_at }
    }
}

impl Seen {
    /// Takes the state of a node as seen, unless it is known: no event follows from it.
    pub(crate) fn accept(&mut self, name: &str, status: Sight) {
        self.0.entry(name.to_owned()).or_insert_with(|| SeenNode {
            applied_at: status.applied_at,
            mzxid: status.mzxid,
            has_started: status.state.is_good(),
            may_be_new: false,
        });
    }

    /// Nodes may be followed anew from here on, and only those with a name in `names` are.
    pub(crate) fn begin_again(&mut self, is_followed: impl Fn(&str) -> bool) {
        self.0.retain(|name, _| is_followed(name));
        self.0.values_mut().for_each(|node| node.may_be_new = true);
    }

    /// What happened to the node since it was seen last; `Start` for its first good outcome.
    pub(crate) fn observe(&mut self, name: &str, status: Sight) -> Option<Kind> {
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), SeenNode::default());
        }
        let node = self.0.get_mut(name)?;
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NAME: &str = "n";

    /// What is seen of a node. `applied` is how often its file was written by this process.
    fn sight(state: State, mzxid: impl Into<Option<i64>>, applied: u64) -> Sight {
        let applied_at = (applied > 0).then(|| SystemTime::UNIX_EPOCH + Duration::from_secs(applied));
        Sight { state, mzxid: mzxid.into(), applied_at }
    }

    fn observe(seen: &mut Seen, sights: impl IntoIterator<Item = Sight>) -> Vec<Option<Kind>> {
        sights.into_iter().map(|sight| seen.observe(NAME, sight)).collect()
    }

    #[test]
    fn a_replaced_file_is_an_event_and_a_heartbeat_is_none() {
        let mut seen = Seen::default();
        let sights = [
            sight(State::Waiting, None, 0),
            sight(State::Current, 1, 1),
            sight(State::Current, 1, 1),
            sight(State::Current, 2, 2),
            // The same content in a newer version.
            sight(State::Current, 3, 2),
            // Repaired.
            sight(State::Current, 3, 3),
            sight(State::Unreadable, 3, 3),
            sight(State::Absent, None, 4),
            sight(State::Current, 5, 5),
        ];
        let expected = [
            None,
            Some(Kind::Created),
            None,
            Some(Kind::Changed),
            None,
            Some(Kind::Changed),
            None,
            Some(Kind::Deleted),
            Some(Kind::Created),
        ];
        assert_eq!(observe(&mut seen, sights), expected);
    }

    #[test]
    fn a_file_that_is_right_at_the_start_is_a_start_once() {
        for state in [State::Current, State::Absent, State::Kept] {
            let mut seen = Seen::default();
            let sights = [sight(State::Unreadable, None, 0), sight(state, None, 0), sight(state, None, 0)];
            assert_eq!(observe(&mut seen, sights), [None, Some(Kind::Start), None], "{state:?}");
        }
    }

    #[test]
    fn a_node_that_is_followed_anew_makes_no_event_by_itself() {
        let mut seen = Seen::default();
        observe(&mut seen, [sight(State::Current, 1, 1)]);
        seen.begin_again(|_| true);
        let sights =
            [sight(State::Waiting, None, 0), sight(State::Current, 1, 0), sight(State::Current, 2, 2)];
        assert_eq!(observe(&mut seen, sights), [None, None, Some(Kind::Changed)]);
    }

    #[test]
    fn a_change_while_a_node_is_followed_anew_is_not_lost() {
        let mut seen = Seen::default();
        observe(&mut seen, [sight(State::Current, 1, 1)]);
        seen.begin_again(|_| true);
        let sights = [sight(State::Waiting, None, 0), sight(State::Current, 2, 0)];
        assert_eq!(observe(&mut seen, sights), [None, Some(Kind::Changed)]);
        seen.begin_again(|_| true);
        assert_eq!(observe(&mut seen, [sight(State::Kept, None, 0)]), [None]);
        seen.begin_again(|_| true);
        assert_eq!(observe(&mut seen, [sight(State::Absent, None, 0)]), [Some(Kind::Deleted)]);
    }

    #[test]
    fn what_was_before_a_hook_is_no_event() {
        let mut seen = Seen::default();
        seen.accept(NAME, sight(State::Current, 7, 3));
        assert_eq!(
            observe(&mut seen, [sight(State::Current, 7, 3), sight(State::Current, 8, 4)]),
            [None, Some(Kind::Changed)]
        );
        // One that is known is not taken again.
        seen.accept(NAME, sight(State::Current, 9, 5));
        assert_eq!(observe(&mut seen, [sight(State::Current, 9, 5)]), [Some(Kind::Changed)]);
    }

    #[test]
    fn a_removed_node_is_forgotten() {
        let mut seen = Seen::default();
        observe(&mut seen, [sight(State::Current, 1, 1)]);
        seen.begin_again(|_| false);
        assert_eq!(observe(&mut seen, [sight(State::Current, 1, 0)]), [Some(Kind::Start)]);
    }
}
