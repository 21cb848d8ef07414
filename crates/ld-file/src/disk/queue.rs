//! The file work of one file system: a queue, and a few threads that take what has queued up as one
//! batch.
//!
//! A call that never returns costs its thread and its own job: the tasks that wait for other jobs
//! call [`Queue::relieve`], which hands those to other threads, or gives them back while no thread
//! is left.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ld_blocking::Spawner;
use tokio::sync::{oneshot, watch};
use tokio::task::yield_now;

use super::batch::Batch;
use super::claims::{Claimant, Claims};
use super::job::{Answer, Destination, Job, JobError, Work};

/// When a step takes longer than this (1 s), the other jobs of its batch go to other threads.
pub const STALL: Duration = Duration::from_secs(1);

/// The queue of one file system.
pub struct Queue {
    pub(super) spawner: Spawner,
    pub(super) claims: Arc<Claims>,
    pub(super) state: Mutex<State>,
    /// Notified when jobs arrive, or when no more will.
    pub(super) changed: Condvar,
    /// How many there are; changed only while the state is locked.
    pub(super) threads: watch::Sender<usize>,
    /// All threads hang.
    pub(super) stalled: watch::Sender<bool>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) jobs: VecDeque<Job>,
    /// One for each thread with work.
    pub(super) batches: Vec<Arc<Batch>>,
    /// Threads that wait for work.
    pub(super) waiting: usize,
    /// Threads are about to be made for the jobs that came last.
    pub(super) starting: bool,
    pub(super) draining: bool,
}

impl State {
    /// Takes the jobs that wait behind steps of at least this age back into the queue.
    pub(super) fn free_jobs(&mut self, age: Duration) {
        for batch in self.batches.iter().filter(|batch| batch.step_age() >= age) {
            batch.take_rest().into_iter().rev().for_each(|job| self.jobs.push_front(job));
        }
    }
}

impl Queue {
    pub(super) fn new(spawner: Spawner, claims: Arc<Claims>) -> Arc<Self> {
        let (state, changed) = (Mutex::default(), Condvar::new());
        let (threads, stalled) = (watch::Sender::new(0), watch::Sender::new(false));
        Arc::new(Self { spawner, claims, state, changed, threads, stalled })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a job. `destination` is that of the last answer for this claimant.
    ///
    /// The answer comes on the channel; the channel is closed when the job is lost. After [`STALL`]
    /// without an answer, call [`Disks::relieve`](super::Disks::relieve), and again each time.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn submit(
        self: &Arc<Self>,
        claimant: Arc<dyn Claimant>,
        work: Work,
        destination: Box<Destination>,
    ) -> oneshot::Receiver<Answer> {
        let (answer, answered) = oneshot::channel();
        let progress = Default::default();
        let job = Job { claimant, work, destination, answer, progress };
        {
            let mut state = self.lock();
            if state.draining {
                return answered;
            }
            state.jobs.push_back(job);
            if std::mem::replace(&mut state.starting, true) {
                return answered;
            }
        }
        let queue = Arc::clone(self);
        tokio::spawn(async move {
            // First let all tasks that are ready queue their jobs, so that one thread takes them
            // together.
            yield_now().await;
            queue.start_threads();
        });
        answered
    }

    /// Frees jobs from hanging steps, for other threads.
    pub(super) fn relieve(self: &Arc<Self>) {
        self.lock().free_jobs(STALL);
        if self.lock().jobs.is_empty() {
            return;
        }
        self.changed.notify_all();
        if !self.add_thread() && self.set_stalled() {
            self.answer_new_jobs(|| JobError::Stalled);
        }
    }

    /// Whether it has threads.
    pub(super) fn is_at_work(&self) -> bool {
        *self.threads.borrow() > 0
    }

    /// Gives back the jobs that have not begun, since they may belong in another queue now.
    pub(super) fn give_back(&self) {
        self.lock().free_jobs(Duration::ZERO);
        self.answer_new_jobs(|| JobError::Stalled);
    }

    /// Waits until some thread makes progress again; returns at once unless all of them hang.
    pub async fn responsive(&self) {
        // The sender is this queue's own, so this cannot fail.
        let _ = self.stalled.subscribe().wait_for(|stalled| !stalled).await;
    }

    /// Begins no more jobs and waits for the threads to end. Waiting jobs are dropped.
    pub(super) async fn drain(&self) {
        self.lock().draining = true;
        self.changed.notify_all();
        drop(self.take_new_jobs());
        let _ = self.threads.subscribe().wait_for(|threads| *threads == 0).await;
    }
}
