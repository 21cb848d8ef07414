//! Threads and tasks that wait for the next content.

use std::sync::{Condvar, Mutex, PoisonError};
use std::task::Waker;
use std::time::Instant;

use crate::sync::lock;

/// Wakes every blocked thread and every registered task at once.
#[derive(Default)]
pub(crate) struct Waiters {
    tasks: Mutex<Tasks>,
    threads: Condvar,
}

#[derive(Default)]
struct Tasks {
    next_key: u64,
    wakers: Vec<(u64, Waker)>,
}

impl Waiters {
    /// Wakes all. What they wait for must be visible before the call.
    pub(crate) fn wake_all(&self) {
        let woken = std::mem::take(&mut lock(&self.tasks).wakers);
        self.threads.notify_all();
        for (_, waker) in woken {
            waker.wake();
        }
    }

    /// Blocks until `ready` gives something or the deadline passes; without a deadline for ever.
    pub(crate) fn wait_until<R>(
        &self,
        deadline: Option<Instant>,
        mut ready: impl FnMut() -> Option<R>,
    ) -> Option<R> {
        let mut guard = lock(&self.tasks);
        loop {
            if let Some(value) = ready() {
                return Some(value);
            }
            guard = match deadline {
                None => self.threads.wait(guard).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.checked_duration_since(Instant::now())?;
                    self.threads.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Registers a task unless `ready` already gives something. `key` identifies the task's registration.
    pub(crate) fn register<R>(
        &self,
        key: &mut Option<u64>,
        waker: &Waker,
        ready: impl FnOnce() -> Option<R>,
    ) -> Option<R> {
        let mut tasks = lock(&self.tasks);
        // Looked at under the lock: a publisher either is seen here or finds the waker there.
        if let Some(value) = ready() {
            return Some(value);
        }
        let key = *key.get_or_insert_with(|| {
            tasks.next_key += 1;
            tasks.next_key
        });
        match tasks.wakers.iter_mut().find(|(other, _)| *other == key) {
            Some((_, registered)) => registered.clone_from(waker),
            None => tasks.wakers.push((key, waker.clone())),
        }
        None
    }

    /// Forgets a task that stopped waiting.
    pub(crate) fn forget(&self, key: u64) {
        lock(&self.tasks).wakers.retain(|(other, _)| *other != key);
    }
}
