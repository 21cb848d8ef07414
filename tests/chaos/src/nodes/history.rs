//! The history of all nodes: which versions the ensemble is known to have held, and since when.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The versions of all nodes in writing order. A deletion is a version too.
///
/// Times count from the start of the run.
#[derive(Debug)]
pub(crate) struct History(Mutex<Vec<Vec<Entry>>>);

/// One version of a node. Versions count from 1. A recreated node continues the count.
#[derive(Debug)]
struct Entry {
    deletion: bool,
    /// When the ensemble acknowledged it. `None` while it is being written, if its outcome is
    /// unknown, and after a restore.
    acknowledged_at: Option<Duration>,
    is_unknown: bool,
    is_rejected: bool,
}

impl History {
    pub(crate) fn new(nodes: usize) -> Self {
        Self(Mutex::new((0..nodes).map(|_| Vec::new()).collect()))
    }

    /// Adds a version that is about to be written. The caller holds the node's lock until
    /// [`History::acknowledge`].
    pub(crate) fn begin(&self, node: usize) -> u64 {
        self.add(node, false)
    }

    /// Adds a deletion, in the same way.
    pub(crate) fn begin_deletion(&self, node: usize) -> u64 {
        self.add(node, true)
    }

    fn add(&self, node: usize, deletion: bool) -> u64 {
        let mut nodes = self.lock();
        nodes[node].push(Entry { deletion, acknowledged_at: None, is_unknown: false, is_rejected: false });
        nodes[node].len() as u64
    }

    /// The ensemble has acknowledged the version.
    pub(crate) fn acknowledge(&self, node: usize, version: u64, now: Duration) {
        self.lock()[node][index(version)].acknowledged_at = Some(now);
    }

    /// The connection was lost before the reply. The version may take effect at any time, even
    /// after a later one.
    pub(crate) fn mark_unknown(&self, node: usize, version: u64) {
        self.lock()[node][index(version)].is_unknown = true;
    }

    /// The writer reported that the version is not written and never will be.
    pub(crate) fn mark_rejected(&self, node: usize, version: u64) {
        self.lock()[node][index(version)].is_rejected = true;
    }

    /// The ensemble was restored or wiped, so its content is unknown.
    pub(crate) fn forget_acknowledgements(&self) {
        self.lock().iter_mut().flatten().for_each(|entry| entry.acknowledged_at = None);
    }

    /// Since when the ensemble has held a version newer than `version`.
    pub(crate) fn outdated_since(&self, node: usize, version: u64) -> Option<Duration> {
        let nodes = self.lock();
        let first = usize::try_from(version).expect("versions count writes");
        nodes[node].get(first..)?.iter().find_map(|entry| entry.acknowledged_at)
    }

    /// The newest acknowledged deletion. 0 if there is none.
    pub(crate) fn last_deletion(&self, node: usize) -> u64 {
        let nodes = self.lock();
        let last = nodes[node].iter().rposition(|entry| entry.deletion && entry.acknowledged_at.is_some());
        last.map_or(0, |index| index as u64 + 1)
    }

    /// Whether this version was or may have been written.
    pub(crate) fn was_written(&self, node: usize, version: u64) -> bool {
        self.lock()[node].get(index(version)).is_some_and(|entry| !entry.deletion && !entry.is_rejected)
    }

    /// Whether it is unknown when this version took effect.
    pub(crate) fn has_unknown_outcome(&self, node: usize, version: u64) -> bool {
        self.lock()[node].get(index(version)).is_some_and(|entry| entry.is_unknown)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Vec<Entry>>> {
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
