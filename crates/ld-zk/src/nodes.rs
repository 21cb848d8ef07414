//! The watched nodes of one session, and what is known of each: written by its reader, compared by
//! the audit.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::panics::lock;
use crate::reading::{Incarnation, SessionKey};

/// How often all nodes of a session are audited at most, however short the interval of the
/// heartbeats is.
const FRESH: Duration = Duration::from_secs(5);

/// A watched node.
#[derive(Debug)]
pub(crate) struct Node {
    /// Its key in the list.
    id: u64,
    path: Box<str>,
    /// What the last reading found, if the node can be compared with that.
    seen: Mutex<Option<Seen>>,
    /// The audit asks for a reading: the node has changed, and its watch has not fired.
    missed: Notify,
}

/// What a reading found. A node that is deleted and created again has another mzxid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) session: SessionKey,
    /// `None` if there was no node.
    pub(crate) mzxid: Option<i64>,
}

impl Node {
    /// The path below the chroot.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// A reading begins: it answers what the audit has asked for.
    pub(crate) fn begin_reading(&self) {
        let _ = self.missed.notified().now_or_never();
    }

    /// A reading has found this; `None` if the node cannot be read.
    pub(crate) fn saw(&self, seen: Option<Seen>) {
        *lock(&self.seen) = seen;
    }

    /// What was last seen, if that was in `session`.
    pub(crate) fn seen_in(&self, session: SessionKey) -> Option<Seen> {
        lock(&self.seen).filter(|seen| seen.session == session)
    }

    /// The node is not what was `seen`. If it was read meanwhile, that is older than what is known.
    pub(crate) fn missed_change(&self, seen: Seen) {
        if *lock(&self.seen) == Some(seen) {
            self.missed.notify_one();
        }
    }

    /// Waits until the audit asks for a reading. Cancel-safe.
    pub(crate) async fn missed(&self) {
        self.missed.notified().await;
    }
}

/// The watched nodes of a session. A node is in it until it is removed.
#[derive(Debug, Default)]
pub(crate) struct NodeList(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    nodes: BTreeMap<u64, Arc<Node>>,
    last_id: u64,
    /// The node that was audited last in turn.
    cursor: u64,
    /// Where all nodes were audited last, and when that began.
    audited: Option<(Incarnation, Instant)>,
}

impl NodeList {
    pub(crate) fn add(&self, path: &str) -> Arc<Node> {
        let mut state = lock(&self.0);
        state.last_id += 1;
        let id = state.last_id;
        let node = Arc::new(Node { id, path: path.into(), seen: Mutex::default(), missed: Notify::new() });
        state.nodes.insert(id, Arc::clone(&node));
        node
    }

    pub(crate) fn remove(&self, node: &Node) {
        lock(&self.0).nodes.remove(&node.id);
    }

    pub(crate) fn all(&self) -> Vec<Arc<Node>> {
        lock(&self.0).nodes.values().cloned().collect()
    }

    /// The next `count` nodes in turn, each at most once.
    pub(crate) fn next(&self, count: usize) -> Vec<Arc<Node>> {
        let mut state = lock(&self.0);
        let after = state.nodes.range(state.cursor + 1..);
        let before = state.nodes.range(..=state.cursor);
        let next: Vec<_> = after.chain(before).take(count).map(|(_, node)| Arc::clone(node)).collect();
        if let Some(last) = next.last() {
            state.cursor = last.id;
        }
        next
    }

    /// Whether all nodes were audited there a moment before `now`.
    pub(crate) fn is_audited(&self, incarnation: Incarnation, now: Instant) -> bool {
        lock(&self.0).audited.is_some_and(|(audited, at)| audited == incarnation && now < at + FRESH)
    }

    /// All nodes were audited, by an audit that began at `since`.
    pub(crate) fn set_audited(&self, incarnation: Incarnation, since: Instant) {
        lock(&self.0).audited = Some((incarnation, since));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_asked_for(node: &Node) -> bool {
        node.missed().now_or_never().is_some()
    }

    #[test]
    fn a_missed_change_of_an_older_state_asks_for_nothing() {
        let node = NodeList::default().add("/a");
        let old = Seen { session: SessionKey::unique(), mzxid: None };
        node.saw(Some(old));
        node.saw(Some(Seen { mzxid: Some(1), ..old }));
        node.missed_change(old);
        assert!(!is_asked_for(&node));
    }

    #[test]
    fn a_change_missed_during_a_reading_outlasts_it() {
        let node = NodeList::default().add("/a");
        let seen = Seen { session: SessionKey::unique(), mzxid: None };
        node.saw(Some(seen));
        node.missed_change(seen);
        node.begin_reading();
        assert!(!is_asked_for(&node), "the reading answers what was asked for before");
        node.missed_change(seen);
        node.saw(Some(Seen { mzxid: Some(1), ..seen }));
        assert!(is_asked_for(&node), "the audit may have seen a later change than the reading");
    }

    #[test]
    fn a_wait_that_is_dropped_loses_no_missed_change() {
        let node = NodeList::default().add("/a");
        let seen = Seen { session: SessionKey::unique(), mzxid: None };
        node.saw(Some(seen));
        let mut old_wait = Box::pin(node.missed());
        assert!((&mut old_wait).now_or_never().is_none());
        node.missed_change(seen);
        drop(old_wait);
        assert!(is_asked_for(&node));
    }

    fn next(list: &NodeList) -> Vec<String> {
        list.next(2).iter().map(|node| node.path().to_owned()).collect()
    }

    #[test]
    fn nodes_take_turns_and_removed_ones_are_gone() {
        let list = NodeList::default();
        assert!(next(&list).is_empty());
        let nodes = ["/a", "/b", "/c"].map(|path| list.add(path));
        assert_eq!(next(&list), ["/a", "/b"]);
        assert_eq!(next(&list), ["/c", "/a"]);
        list.remove(&nodes[1]);
        assert_eq!(next(&list), ["/c", "/a"]);
        list.remove(&nodes[2]);
        assert_eq!(next(&list), ["/a"], "no node comes twice in a round");
        list.remove(&nodes[0]);
        assert!(next(&list).is_empty());
    }

    #[test]
    fn short_lived_nodes_leave_nothing_behind() {
        let list = NodeList::default();
        let lasting: Vec<_> = (0..1000).map(|_| list.add("/lasting")).collect();
        for _ in 0..10_000 {
            let node = list.add("/short");
            list.remove(&node);
            assert_eq!(Arc::strong_count(&node), 1);
        }
        assert_eq!(list.all().len(), lasting.len());
    }

    #[test]
    fn all_nodes_of_a_session_are_audited_again_after_a_moment() {
        let list = NodeList::default();
        let (session, now) = (SessionKey::unique(), Instant::now());
        assert!(!list.is_audited((session, 0), now));
        list.set_audited((session, 0), now);
        assert!(list.is_audited((session, 0), now) && list.is_audited((session, 0), now + FRESH / 2));
        assert!(!list.is_audited((session, 0), now + FRESH), "a change may have been missed since");
        assert!(!list.is_audited((session, 1), now), "after a resume another server may answer");
        assert!(!list.is_audited((SessionKey::unique(), 0), now), "another session may have missed others");
    }
}
