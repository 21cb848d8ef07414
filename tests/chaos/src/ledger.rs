//! What the ensemble is known to have held, and since when: the truth that files are measured by.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The states of all nodes, in the order in which they were written. A deletion is a state, too.
///
/// Moments are times since the start of the run.
#[derive(Debug)]
pub(super) struct Ledger(Mutex<Vec<Vec<Entry>>>);

/// One state of a node. Versions count from 1 and are never used again, also not for a node that was recreated.
#[derive(Debug)]
struct Entry {
    deletion: bool,
    /// When its acknowledgement came. `None`: it is on its way, its outcome is unknown, or it was made undone.
    held_since: Option<Duration>,
    doubtful: bool,
    refused: bool,
}

impl Ledger {
    pub(super) fn new(nodes: usize) -> Self {
        Self(Mutex::new((0..nodes).map(|_| Vec::new()).collect()))
    }

    /// The version that is about to be written. Whoever writes holds the node's pen until [`Ledger::held`].
    pub(super) fn begin(&self, node: usize) -> u64 {
        self.add(node, false)
    }

    /// The same for a deletion.
    pub(super) fn begin_deletion(&self, node: usize) -> u64 {
        self.add(node, true)
    }

    fn add(&self, node: usize, deletion: bool) -> u64 {
        let mut nodes = self.lock();
        nodes[node].push(Entry { deletion, held_since: None, doubtful: false, refused: false });
        nodes[node].len() as u64
    }

    /// The ensemble has acknowledged it.
    pub(super) fn held(&self, node: usize, version: u64, now: Duration) {
        self.lock()[node][index(version)].held_since = Some(now);
    }

    /// The connection was lost before the answer: it may take effect at any time, even after a later version.
    pub(super) fn doubt(&self, node: usize, version: u64) {
        self.lock()[node][index(version)].doubtful = true;
    }

    /// Whoever was to write it says that it is not written, and never will be.
    pub(super) fn refuse(&self, node: usize, version: u64) {
        self.lock()[node][index(version)].refused = true;
    }

    /// The ensemble was restored or wiped: nothing is known of what it holds.
    pub(super) fn forget(&self) {
        self.lock().iter_mut().flatten().for_each(|entry| entry.held_since = None);
    }

    /// Since when the ensemble has held a state that is newer than `version`.
    pub(super) fn outdated_since(&self, node: usize, version: u64) -> Option<Duration> {
        let nodes = self.lock();
        let first = usize::try_from(version).expect("versions count writes");
        nodes[node].get(first..)?.iter().find_map(|entry| entry.held_since)
    }

    /// The newest deletion that is known to have happened; 0 without one.
    pub(super) fn last_deletion(&self, node: usize) -> u64 {
        let nodes = self.lock();
        let last = nodes[node].iter().rposition(|entry| entry.deletion && entry.held_since.is_some());
        last.map_or(0, |index| index as u64 + 1)
    }

    /// Whether this version was ever written, or may have been.
    pub(super) fn knows(&self, node: usize, version: u64) -> bool {
        self.lock()[node].get(index(version)).is_some_and(|entry| !entry.deletion && !entry.refused)
    }

    /// Whether nobody knows when this version took effect.
    pub(super) fn is_doubtful(&self, node: usize, version: u64) -> bool {
        self.lock()[node].get(index(version)).is_some_and(|entry| entry.doubtful)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Vec<Entry>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn index(version: u64) -> usize {
    // Version 0 wraps to an index that nothing has.
    usize::try_from(version.wrapping_sub(1)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_version_is_outdated_from_the_first_acknowledgement_of_a_newer_one() {
        let ledger = Ledger::new(1);
        for _ in 0..3 {
            ledger.begin(0);
        }
        ledger.held(0, 1, SECOND);
        assert_eq!(ledger.outdated_since(0, 1), None);
        ledger.doubt(0, 2);
        ledger.held(0, 3, SECOND * 3);
        assert_eq!(ledger.outdated_since(0, 1), Some(SECOND * 3));
        assert_eq!(ledger.outdated_since(0, 2), Some(SECOND * 3));
        assert_eq!(ledger.outdated_since(0, 3), None);
        assert!(ledger.is_doubtful(0, 2) && !ledger.is_doubtful(0, 3));
        assert!(ledger.knows(0, 3) && !ledger.knows(0, 4) && !ledger.knows(0, 0));
        let refused = ledger.begin(0);
        assert!(ledger.knows(0, refused));
        ledger.refuse(0, refused);
        assert!(!ledger.knows(0, refused));
    }

    #[test]
    fn a_deletion_outdates_and_a_restored_ensemble_is_unknown() {
        let ledger = Ledger::new(1);
        let written = ledger.begin(0);
        ledger.held(0, written, SECOND);
        assert_eq!(ledger.last_deletion(0), 0);
        let deleted = ledger.begin_deletion(0);
        ledger.held(0, deleted, SECOND * 2);
        assert_eq!((ledger.last_deletion(0), ledger.outdated_since(0, written)), (2, Some(SECOND * 2)));
        assert_eq!(ledger.outdated_since(0, deleted), None);
        ledger.forget();
        assert_eq!((ledger.last_deletion(0), ledger.outdated_since(0, written)), (0, None));
    }
}
