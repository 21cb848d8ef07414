//! The history of all nodes: which versions the ensemble is known to have held, and since when.
//!
//! A node with rollouts has one more stream for each host: the documents that were meant for it, in
//! order. A document comes again when a candidate is taken back. Such a stream is read from the
//! ensemble, so it is known up to a moment only.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The versions of all nodes in writing order. A deletion is a version too.
///
/// Times count from the start of the run.
#[derive(Debug)]
pub(crate) struct History(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    streams: Vec<Vec<Entry>>,
    /// Nodes and documents that were candidates, and whether each is bad.
    candidates: BTreeMap<(usize, u64), bool>,
    /// Up to when a stream is known, if it is read from the ensemble.
    known: BTreeMap<usize, Duration>,
}

/// One version of a node. Versions count from 1. A recreated node continues the count.
#[derive(Debug)]
struct Entry {
    /// The version itself, except in the stream of a host.
    document: u64,
    deletion: bool,
    /// When the ensemble acknowledged it. `None` while it is being written, if its outcome is
    /// unknown, and after a restore.
    acknowledged_at: Option<Duration>,
    is_unknown: bool,
    is_rejected: bool,
}

impl History {
    /// A history of so many streams. That of a node has its number.
    pub(crate) fn new(nodes: usize) -> Self {
        let streams = (0..nodes).map(|_| Vec::new()).collect();
        Self(Mutex::new(State { streams, ..State::default() }))
    }

    /// Adds a version that is about to be written. The caller holds the node's lock until
    /// [`History::acknowledge`].
    pub(crate) fn begin(&self, node: usize) -> u64 {
        self.add(node, None, false)
    }

    /// Adds a deletion, in the same way.
    pub(crate) fn begin_deletion(&self, node: usize) -> u64 {
        self.add(node, None, true)
    }

    /// Adds a document that a host may be meant to have from now on. Returns its place, which
    /// [`History::acknowledge`] and its sisters take.
    pub(crate) fn begin_document(&self, stream: usize, document: u64) -> u64 {
        self.add(stream, Some(document), false)
    }

    /// A host is meant to have no file, since this deletion of the node.
    pub(crate) fn settle_deletion(&self, stream: usize, deletion: u64, now: Duration) {
        let place = self.add(stream, Some(deletion), true);
        self.acknowledge(stream, place, now);
    }

    fn add(&self, stream: usize, document: Option<u64>, deletion: bool) -> u64 {
        let mut state = self.lock();
        let entries = &mut state.streams[stream];
        let place = entries.len() as u64 + 1;
        let document = document.unwrap_or(place);
        entries.push(Entry {
            document,
            deletion,
            acknowledged_at: None,
            is_unknown: false,
            is_rejected: false,
        });
        place
    }

    /// A host is meant to have this document now.
    pub(crate) fn settle(&self, stream: usize, document: u64, now: Duration) {
        let mut state = self.lock();
        let last = state.streams[stream].iter_mut().rfind(|entry| !entry.is_rejected);
        if let Some(last) = last.filter(|last| last.document == document) {
            last.acknowledged_at.get_or_insert(now);
            return;
        }
        drop(state);
        let place = self.begin_document(stream, document);
        self.acknowledge(stream, place, now);
    }

    /// A host may have been meant to have this document, at a time that is not known.
    pub(crate) fn add_unknown(&self, stream: usize, document: u64) {
        let place = self.add(stream, Some(document), false);
        self.mark_unknown(stream, place);
    }

    /// From now on this stream is read from the ensemble.
    pub(crate) fn follow(&self, stream: usize) {
        self.lock().known.insert(stream, Duration::ZERO);
    }

    /// The stream has all that the ensemble held up to this moment.
    pub(crate) fn set_known(&self, stream: usize, until: Duration) {
        self.lock().known.insert(stream, until);
    }

    /// Whether the stream has all that the ensemble held at this moment.
    pub(crate) fn is_known(&self, stream: usize, at: Duration) -> bool {
        self.lock().known.get(&stream).is_none_or(|until| at <= *until)
    }

    /// Notes that a document of a node is the candidate of a rollout. A bad one is rejected by each
    /// watcher.
    pub(crate) fn add_candidate(&self, node: usize, document: u64, is_bad: bool) {
        self.lock().candidates.insert((node, document), is_bad);
    }

    pub(crate) fn is_candidate(&self, node: usize, document: u64) -> bool {
        self.lock().candidates.contains_key(&(node, document))
    }

    pub(crate) fn is_bad(&self, node: usize, document: u64) -> bool {
        self.lock().candidates.get(&(node, document)).is_some_and(|is_bad| *is_bad)
    }

    /// The candidates of a node from this document on that are not bad.
    pub(crate) fn good_candidates(&self, node: usize, first: u64) -> Vec<u64> {
        let state = self.lock();
        let candidates = state.candidates.range((node, first)..(node + 1, 0));
        candidates.filter(|(_, is_bad)| !**is_bad).map(|((_, document), _)| *document).collect()
    }

    /// The ensemble has acknowledged the version.
    pub(crate) fn acknowledge(&self, node: usize, version: u64, now: Duration) {
        self.lock().streams[node][index(version)].acknowledged_at = Some(now);
    }

    /// The connection was lost before the reply. The version may take effect at any time, even
    /// after a later one.
    pub(crate) fn mark_unknown(&self, node: usize, version: u64) {
        self.lock().streams[node][index(version)].is_unknown = true;
    }

    /// The writer reported that the version is not written and never will be.
    pub(crate) fn mark_rejected(&self, node: usize, version: u64) {
        self.lock().streams[node][index(version)].is_rejected = true;
    }

    /// The ensemble was restored or wiped, so its content is unknown.
    pub(crate) fn forget_acknowledgements(&self) {
        self.lock().streams.iter_mut().flatten().for_each(|entry| entry.acknowledged_at = None);
    }

    /// Since when the ensemble has held a version newer than `version`.
    pub(crate) fn outdated_since(&self, node: usize, version: u64) -> Option<Duration> {
        let state = self.lock();
        let entries = &state.streams[node];
        let first = match version {
            0 => 0,
            _ => entries.iter().rposition(|entry| entry.document == version && !entry.is_rejected)? + 1,
        };
        entries[first..].iter().find_map(|entry| entry.acknowledged_at)
    }

    /// The newest acknowledged deletion. 0 if there is none.
    pub(crate) fn last_deletion(&self, node: usize) -> u64 {
        let state = self.lock();
        let last =
            state.streams[node].iter().rfind(|entry| entry.deletion && entry.acknowledged_at.is_some());
        last.map_or(0, |entry| entry.document)
    }

    /// Whether this version was or may have been written.
    pub(crate) fn was_written(&self, node: usize, version: u64) -> bool {
        self.any(node, version, |entry| !entry.deletion && !entry.is_rejected)
    }

    /// Whether it is unknown when this version took effect.
    pub(crate) fn has_unknown_outcome(&self, node: usize, version: u64) -> bool {
        self.any(node, version, |entry| entry.is_unknown)
    }

    /// The place of a document in its stream: the first from `newest` on, or the last before it.
    pub(crate) fn place(&self, stream: usize, document: u64, newest: u64) -> u64 {
        let state = self.lock();
        let mut before = 0;
        for (entry, place) in state.streams[stream].iter().zip(1..) {
            if entry.document == document && !entry.is_rejected {
                before = place;
                if place >= newest {
                    break;
                }
            }
        }
        before
    }

    fn any(&self, stream: usize, document: u64, is: impl Fn(&Entry) -> bool) -> bool {
        self.lock().streams[stream].iter().any(|entry| entry.document == document && is(entry))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn index(version: u64) -> usize {
    // Version 0 becomes an index without an entry.
    usize::try_from(version.wrapping_sub(1)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_newer_acknowledged_version_outdates_a_version() {
        let history = History::new(1);
        for _ in 0..3 {
            history.begin(0);
        }
        history.acknowledge(0, 1, SECOND);
        assert_eq!(history.outdated_since(0, 1), None);
        history.mark_unknown(0, 2);
        history.acknowledge(0, 3, SECOND * 3);
        assert_eq!(history.outdated_since(0, 1), Some(SECOND * 3));
        assert_eq!(history.outdated_since(0, 2), Some(SECOND * 3));
        assert_eq!(history.outdated_since(0, 3), None);
        assert!(history.has_unknown_outcome(0, 2) && !history.has_unknown_outcome(0, 3));
        assert!(history.was_written(0, 3) && !history.was_written(0, 4) && !history.was_written(0, 0));
        let rejected = history.begin(0);
        assert!(history.was_written(0, rejected));
        history.mark_rejected(0, rejected);
        assert!(!history.was_written(0, rejected));
    }

    #[test]
    fn a_deletion_outdates_and_a_restore_clears_all_times() {
        let history = History::new(1);
        let written = history.begin(0);
        history.acknowledge(0, written, SECOND);
        assert_eq!(history.last_deletion(0), 0);
        let deleted = history.begin_deletion(0);
        history.acknowledge(0, deleted, SECOND * 2);
        assert_eq!((history.last_deletion(0), history.outdated_since(0, written)), (2, Some(SECOND * 2)));
        assert_eq!(history.outdated_since(0, deleted), None);
        history.forget_acknowledgements();
        assert_eq!((history.last_deletion(0), history.outdated_since(0, written)), (0, None));
    }
}
