//! Locking that survives a panic of another thread.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also when a thread panicked while it held the lock.
///
/// User code (parsers, callbacks) runs under `catch_unwind` and every guarded value is valid
/// between two statements, so that a poisoned lock carries no information here.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
