//! File writes, off the reactor: a fixed number of workers that take what has queued up as one batch.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};

use crate::apply::{Answer, Failure, Work, apply_all};
use crate::claims::Claims;
use crate::record::Node;

/// Threads that write files at one time. More do not make one disk faster.
const WORKERS: usize = 4;

/// Files that one worker writes before it flushes their directories: bounds the wait of the first of them.
const BATCH: usize = 64;

/// One destination and what to do with it.
pub(crate) struct Job {
    pub(crate) node: Arc<Node>,
    pub(crate) work: Work,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// A handle to the workers.
#[derive(Clone, Default)]
pub(crate) struct FilePool {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    idle: Notify,
    claims: Claims,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    workers: usize,
    draining: bool,
}

impl FilePool {
    /// Does the work. Work that arrives after [`drain`](Self::drain) is not begun: that call never returns.
    pub(crate) async fn run(&self, node: &Arc<Node>, work: Work) -> Answer {
        let (answer, done) = oneshot::channel();
        if !self.submit(Job { node: node.clone(), work, answer }) {
            return std::future::pending().await;
        }
        done.await.unwrap_or_else(|_| Err(Failure::panicked()))
    }

    /// Queues the job and sees to it that a worker takes it. Returns whether it did.
    fn submit(&self, job: Job) -> bool {
        let mut queue = self.shared.lock();
        if queue.draining {
            return false;
        }
        queue.jobs.push_back(job);
        if queue.workers < WORKERS {
            queue.workers += 1;
            let shared = self.shared.clone();
            tokio::task::spawn_blocking(move || shared.work());
        }
        true
    }

    /// Begins no more work and waits for the writes in hand, at most `limit`. Returns whether all ended.
    pub(crate) async fn drain(&self, limit: Duration) -> bool {
        let idle = async {
            loop {
                let idle = self.shared.idle.notified();
                {
                    let mut queue = self.shared.lock();
                    queue.draining = true;
                    // The tasks of these jobs see no answer for ever, as if their turn had not come.
                    queue.jobs.drain(..).for_each(|job| std::mem::forget(job.answer));
                    if queue.workers == 0 {
                        return;
                    }
                }
                idle.await;
            }
        };
        tokio::time::timeout(limit, idle).await.is_ok()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One worker: ends when the queue is empty, in the same critical section that sees it so.
    fn work(&self) {
        while let Some(batch) = self.next_batch() {
            // A panic answers its jobs by dropping them; the worker must live on to be counted.
            let _ = catch_unwind(AssertUnwindSafe(|| apply_all(&self.claims, batch)));
        }
    }

    fn next_batch(&self) -> Option<Vec<Job>> {
        let mut queue = self.lock();
        if queue.jobs.is_empty() {
            queue.workers -= 1;
            if queue.workers == 0 {
                self.idle.notify_waiters();
            }
            return None;
        }
        // An even share, so that a burst is spread over all workers.
        let share = queue.jobs.len().div_ceil(WORKERS).min(BATCH);
        Some(queue.jobs.drain(..share).collect())
    }
}
