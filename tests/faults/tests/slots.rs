//! A limit on ensembles at the same time, because each one is three JVMs.

use std::sync::{Condvar, Mutex, PoisonError};

/// Ensembles that may exist at the same time.
const ENSEMBLES: usize = 2;

static FREE: Mutex<usize> = Mutex::new(ENSEMBLES);
static FREED: Condvar = Condvar::new();

/// The permission to run one ensemble.
#[derive(Debug)]
pub(crate) struct Slot(());

impl Slot {
    /// Waits for a free slot.
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
