//! Threads and tasks that wait for the next content.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
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
    wakers: HashMap<u64, Waker>,
}

impl Waiters {
    /// Wakes all. What they wait for must be visible before the call.
    pub(crate) fn wake_all(&self) {
        let wakers = std::mem::take(&mut lock(&self.tasks).wakers);
        self.threads.notify_all();
        for waker in wakers.into_values() {
            // A waker is the application's code: its panic must not keep the others asleep.
            let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
        }
    }

    /// Blocks until `ready` returns a value or the deadline passes; without a deadline, as long as
    /// it takes.
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
                    let remaining = deadline.checked_duration_since(Instant::now())?;
                    self.threads.wait_timeout(guard, remaining).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Registers a task unless `ready` already returns a value. `key` identifies the task's
    /// registration. Takes the same time however many tasks are registered.
    pub(crate) fn register<R>(
        &self,
        key: &mut Option<u64>,
        waker: &Waker,
        ready: impl FnOnce() -> Option<R>,
    ) -> Option<R> {
        let mut tasks = lock(&self.tasks);
        // Checked under the lock: content published earlier is seen here, later content finds the
        // waker.
        if let Some(value) = ready() {
            return Some(value);
        }
        let key = *key.get_or_insert_with(|| {
            tasks.next_key += 1;
            tasks.next_key
        });
        tasks.wakers.entry(key).and_modify(|known| known.clone_from(waker)).or_insert_with(|| waker.clone());
        None
    }

    /// Removes a task that stopped waiting.
    pub(crate) fn forget(&self, key: u64) {
        let waker = lock(&self.tasks).wakers.remove(&key);
        // Dropped without the lock: it is the application's code.
        drop(waker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// The shortest of some times that a number of registrations and removals take.
    fn time_to_register(waiters: &Waiters) -> Duration {
        let register = |_| {
            let start = Instant::now();
            for _ in 0..100 {
                let mut key = None;
                let _ = waiters.register(&mut key, Waker::noop(), || None::<()>);
                waiters.forget(key.expect("a key"));
            }
            start.elapsed()
        };
        (0..20).map(register).min().expect("some times")
    }

    #[test]
    fn registering_takes_no_longer_among_many_tasks() {
        let waiters = Waiters::default();
        let alone = time_to_register(&waiters);
        for _ in 0..20_000 {
            let _ = waiters.register(&mut None, Waker::noop(), || None::<()>);
        }
        let among_many = time_to_register(&waiters);
        assert!(among_many < alone * 20, "{alone:?} alone, {among_many:?} among 20,000");
    }

    #[test]
    fn a_waker_that_panics_does_not_keep_the_others_asleep() {
        struct Flag(std::sync::atomic::AtomicBool);
        impl std::task::Wake for Flag {
            fn wake(self: std::sync::Arc<Self>) {
                self.0.store(true, std::sync::atomic::Ordering::Release);
            }
        }
        struct Panics;
        impl std::task::Wake for Panics {
            fn wake(self: std::sync::Arc<Self>) {
                panic!("asked to");
            }
        }
        let waiters = Waiters::default();
        let flags: Vec<_> = (0..10).map(|_| std::sync::Arc::new(Flag(false.into()))).collect();
        for flag in &flags {
            let _ = waiters.register(&mut None, &std::sync::Arc::new(Panics).into(), || None::<()>);
            let _ = waiters.register(&mut None, &std::sync::Arc::clone(flag).into(), || None::<()>);
        }
        waiters.wake_all();
        assert!(flags.iter().all(|flag| flag.0.load(std::sync::atomic::Ordering::Acquire)));
    }
}
