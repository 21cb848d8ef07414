//! The file work of one file system: a queue, and a few threads that take what has queued up as one
//! batch.
//!
//! A call that never returns costs its thread and its own job: the tasks that wait for other jobs
//! call [`Queue::relieve`], which hands those to other threads, or gives them back while no thread
//! is left.

use std::sync::Arc;
use std::time::Duration;

use ld_blocking::Spawner;
use tokio::sync::oneshot;
use tokio::task::yield_now;

use super::claims::{Claimant, Claims};
use super::job::{Answer, Destination, Job, JobError, Work};
use super::threads::{STALL, Shared};

/// A handle to the queue of one file system.
#[derive(Clone)]
pub struct Queue {
    shared: Arc<Shared>,
}

impl Queue {
    pub(super) fn new(spawner: Spawner, claims: Arc<Claims>) -> Self {
        Self { shared: Arc::new(Shared::new(spawner, claims)) }
    }

    /// Queues a job. The answer comes on the channel; the channel is closed when the job is lost.
    pub fn submit(
        &self,
        claimant: Arc<dyn Claimant>,
        work: Work,
        destination: Box<Destination>,
    ) -> oneshot::Receiver<Answer> {
        let (answer, answered) = oneshot::channel();
        let progress = Default::default();
        let job = Job { claimant, work, destination, answer, progress };
        {
            let mut state = self.shared.lock();
            if state.draining {
                return answered;
            }
            state.jobs.push_back(job);
            if std::mem::replace(&mut state.starting, true) {
                return answered;
            }
        }
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            // First let all tasks that are ready queue their jobs, so that one thread takes them
            // together.
            yield_now().await;
            shared.start_threads();
        });
        answered
    }

    /// Frees jobs from hanging steps, for other threads.
    pub(super) fn relieve(&self) {
        self.shared.lock().free_jobs(STALL);
        if self.shared.lock().jobs.is_empty() {
            return;
        }
        self.shared.changed.notify_all();
        if !self.shared.add_thread() && self.shared.set_stalled() {
            self.shared.answer_new_jobs(|| JobError::Stalled);
        }
    }

    /// Whether it has threads.
    pub(super) fn is_at_work(&self) -> bool {
        self.shared.lock().threads > 0
    }

    /// Gives back the jobs that have not begun, since they may belong in another queue now.
    pub(super) fn give_back(&self) {
        self.shared.lock().free_jobs(Duration::ZERO);
        self.shared.answer_new_jobs(|| JobError::Stalled);
    }

    /// Waits until some thread makes progress again; returns at once unless all of them hang.
    pub async fn responsive(&self) {
        // The sender is this queue's own, so this cannot fail.
        let _ = self.shared.stalled.subscribe().wait_for(|stalled| !stalled).await;
    }

    /// Begins no more jobs and waits for the threads to end. Waiting jobs are dropped.
    pub(super) async fn drain(&self) {
        self.shared.lock().draining = true;
        self.shared.changed.notify_all();
        drop(self.shared.take_new_jobs());
        let _ = self.shared.threads.subscribe().wait_for(|threads| *threads == 0).await;
    }
}
