//! The watched nodes of one session, for the audit.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::node::Node;
use crate::reading::SessionKey;

/// How often all nodes of a session are audited at most, however short the interval of the
/// heartbeats is.
const FRESH: Duration = Duration::from_secs(5);

/// The watched nodes of a session. A node is in it until it is removed.
#[derive(Debug, Default)]
pub(crate) struct NodeList(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    nodes: BTreeMap<u64, Arc<Node>>,
    last_id: u64,
    /// The node that was audited last in turn.
    cursor: u64,
    /// The session in which all nodes were audited last, and when that began.
    audited: Option<(SessionKey, Instant)>,
}

impl NodeList {
    /// Adds a node; the number is for [`NodeList::remove`].
    pub(crate) fn add(&self, node: &Arc<Node>) -> u64 {
        let mut state = self.lock();
        state.last_id += 1;
        let id = state.last_id;
        state.nodes.insert(id, Arc::clone(node));
        id
    }

    pub(crate) fn remove(&self, id: u64) {
        self.lock().nodes.remove(&id);
    }

    pub(crate) fn all(&self) -> Vec<Arc<Node>> {
        self.lock().nodes.values().cloned().collect()
    }

    /// The next `count` nodes in turn, each at most once.
    pub(crate) fn next(&self, count: usize) -> Vec<Arc<Node>> {
        let mut state = self.lock();
        let after = state.nodes.range(state.cursor + 1..);
        let before = state.nodes.range(..=state.cursor);
        let next: Vec<_> =
            after.chain(before).take(count).map(|(id, node)| (*id, Arc::clone(node))).collect();
        if let Some((last, _)) = next.last() {
            state.cursor = *last;
        }
        next.into_iter().map(|(_, node)| node).collect()
    }

    /// Whether all nodes were audited in this session a moment before `now`.
    pub(crate) fn is_audited(&self, session: SessionKey, now: Instant) -> bool {
        self.lock().audited.is_some_and(|(audited, at)| audited == session && now < at + FRESH)
    }

    /// All nodes were audited in this session, by an audit that began at `since`.
    pub(crate) fn set_audited(&self, session: SessionKey, since: Instant) {
        self.lock().audited = Some((session, since));
    }

    /// The audit of all nodes is worth nothing any more: another server may answer now.
    pub(crate) fn forget_audit(&self) {
        self.lock().audited = None;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(list: &NodeList) -> Vec<String> {
        list.next(2).iter().map(|node| node.path().to_owned()).collect()
    }

    #[test]
    fn nodes_take_turns_and_removed_ones_are_gone() {
        let list = NodeList::default();
        assert!(next(&list).is_empty());
        let ids = ["/a", "/b", "/c"].map(|path| list.add(&Node::new(path)));
        assert_eq!(next(&list), ["/a", "/b"]);
        assert_eq!(next(&list), ["/c", "/a"]);
        list.remove(ids[1]);
        assert_eq!(next(&list), ["/c", "/a"]);
        list.remove(ids[2]);
        assert_eq!(next(&list), ["/a"], "no node comes twice in a round");
        list.remove(ids[0]);
        assert!(next(&list).is_empty());
    }

    #[test]
    fn short_lived_nodes_leave_nothing_behind() {
        let list = NodeList::default();
        let lasting: Vec<_> = (0..1000).map(|_| list.add(&Node::new("/lasting"))).collect();
        for _ in 0..10_000 {
            let node = Node::new("/short");
            let id = list.add(&node);
            list.remove(id);
            assert_eq!(Arc::strong_count(&node), 1);
        }
        assert_eq!(list.all().len(), lasting.len());
    }

    #[test]
    fn all_nodes_of_a_session_are_audited_again_after_a_moment() {
        let list = NodeList::default();
        let (session, now) = (SessionKey::unique(), Instant::now());
        assert!(!list.is_audited(session, now));
        list.set_audited(session, now);
        assert!(list.is_audited(session, now) && list.is_audited(session, now + FRESH / 2));
        assert!(!list.is_audited(session, now + FRESH), "a change may have been missed since");
        assert!(!list.is_audited(SessionKey::unique(), now), "another session may have missed others");
        list.forget_audit();
        assert!(!list.is_audited(session, now));
    }
}
