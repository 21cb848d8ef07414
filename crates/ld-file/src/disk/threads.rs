//! The threads of a queue: made when there is work, ended after a second without any.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use ld_blocking::Spawner;

use super::batch::Batch;
use super::job::{Job, JobError};
use super::queue::{Queue, STALL, State};

/// Threads of one file system. More do not make one disk faster.
const THREADS: usize = 4;

/// The most files that one thread takes at a time. It bounds the wait of the first of them.
const MAX_BATCH: usize = 64;

/// So few files are not worth another thread.
const MIN_BATCH: usize = 16;

/// How long a thread waits for more work: to wake one takes less time than to make one.
const LINGER: Duration = Duration::from_secs(1);

impl Queue {
    /// Makes threads for the jobs that wait.
    pub(super) fn start_threads(self: &Arc<Self>) {
        let wanted = {
            let mut state = self.lock();
            state.starting = false;
            let wanted = state.jobs.len().div_ceil(MIN_BATCH);
            (0..wanted.min(state.waiting)).for_each(|_| self.changed.notify_one());
            wanted.saturating_sub(state.waiting)
        };
        (0..wanted).take_while(|_| self.add_thread()).for_each(drop);
    }

    pub(super) fn answer_new_jobs(&self, error: impl Fn() -> JobError) {
        self.take_new_jobs().into_iter().for_each(|job| job.finish(Err(error())));
    }

    /// Makes another thread, and returns whether it did: there may be enough, or the system may
    /// refuse one. If there is none at all, the jobs that have not begun are refused.
    pub(super) fn add_thread(self: &Arc<Self>) -> bool {
        {
            let _state = self.lock();
            if *self.threads.borrow() >= THREADS {
                return false;
            }
            self.threads.send_modify(|threads| *threads += 1);
        }
        let queue = Arc::clone(self);
        let Err(refused) = self.spawner.spawn("ld-files", move || queue.work()) else { return true };
        let none_is_left = self.end_thread(&self.lock());
        if none_is_left {
            let error = || io::Error::new(refused.kind(), refused.to_string());
            self.answer_new_jobs(|| JobError::NoThread(error()));
        }
        false
    }

    /// Takes the jobs that have not begun. Jobs that have a file already stay for a thread:
    /// dropping one removes that file, which may hang.
    pub(super) fn take_new_jobs(&self) -> VecDeque<Job> {
        let mut state = self.lock();
        let (new, begun) = std::mem::take(&mut state.jobs).into_iter().partition(Job::has_no_file);
        state.jobs = begun;
        new
    }

    /// Counts a thread as ended, and returns whether none is left.
    fn end_thread(&self, _locked: &State) -> bool {
        self.threads.send_modify(|threads| *threads -= 1);
        *self.threads.borrow() == 0
    }

    /// One thread. It ends in the critical section in which it finds the queue empty.
    fn work(self: Arc<Self>) {
        while let Some(batch) = self.next_batch() {
            let run = || batch.run(&self.claims, || self.progressed());
            // A panic loses the jobs of the batch, and their tasks see that. The thread must live
            // on to be counted.
            let _ = catch_unwind(AssertUnwindSafe(run));
            drop(batch.take_rest());
            self.lock().batches.retain(|other| !Arc::ptr_eq(other, &batch));
            self.progressed();
        }
    }

    fn next_batch(&self) -> Option<Arc<Batch>> {
        let mut state = self.lock();
        // A thread of the runtime that lingered would keep a paused clock from moving.
        let linger = if self.spawner == Spawner::Threads { LINGER } else { Duration::ZERO };
        if state.jobs.is_empty() && !state.draining && !linger.is_zero() {
            state.waiting += 1;
            let is_idle = |state: &mut State| state.jobs.is_empty() && !state.draining;
            state = match self.changed.wait_timeout_while(state, linger, is_idle) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
            state.waiting -= 1;
        }
        if state.jobs.is_empty() {
            self.end_thread(&state);
            return None;
        }
        // An even share, so that a burst is spread over all threads.
        let share = state.jobs.len().div_ceil(THREADS).clamp(MIN_BATCH, MAX_BATCH).min(state.jobs.len());
        let batch = Arc::new(Batch::new(state.jobs.drain(..share).collect()));
        state.batches.push(Arc::clone(&batch));
        Some(batch)
    }

    /// Notes that all threads hang, and returns whether they do; without any, none hangs. The lock
    /// is held meanwhile, so a thread with a batch in the list reports its progress afterwards.
    pub(super) fn set_stalled(&self) -> bool {
        let state = self.lock();
        let hanging = state.batches.iter().filter(|batch| batch.step_age() >= STALL).count();
        let all_hang = hanging > 0 && hanging == *self.threads.borrow();
        if all_hang {
            self.stalled.send_replace(true);
        }
        all_hang
    }

    fn progressed(&self) {
        self.stalled.send_if_modified(|stalled| std::mem::replace(stalled, false));
    }
}
