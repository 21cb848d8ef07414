//! Files whose directory could not be flushed: whether they survive a power cut is not known.
//!
//! The kernel reports a failed flush once and may succeed at the next without having written anything. So such a file
//! must be written anew, although its content is right.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Identity;

/// Device and inode. At most one entry a destination: replacing a file removes its entry.
static DOUBTFUL: Mutex<BTreeSet<(u64, u64)>> = Mutex::new(BTreeSet::new());

pub(super) fn add(file: &Identity) {
    doubtful().insert(file.key());
}

pub(super) fn remove(file: &Identity) {
    doubtful().remove(&file.key());
}

pub(super) fn contains(file: &Identity) -> bool {
    doubtful().contains(&file.key())
}

fn doubtful() -> MutexGuard<'static, BTreeSet<(u64, u64)>> {
    DOUBTFUL.lock().unwrap_or_else(PoisonError::into_inner)
}
