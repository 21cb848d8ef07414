//! A bound on what runs at once of the kind that costs memory and processor: ensembles are three JVMs each.

use std::sync::{Condvar, Mutex, PoisonError};

/// Ensembles that may exist at once.
const ENSEMBLES: usize = 2;

static FREE: Mutex<usize> = Mutex::new(ENSEMBLES);
static FREED: Condvar = Condvar::new();

/// The right to have one ensemble.
#[derive(Debug)]
pub(crate) struct Slot(());

impl Slot {
    /// Waits for it.
    pub(crate) fn take() -> Self {
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = FREED.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Self(())
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        *FREE.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        FREED.notify_one();
    }
}
