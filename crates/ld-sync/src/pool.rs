//! File writes, by a fixed number of workers that take what has queued up as one batch.
//!
//! A worker is a task that hands a batch to a blocking thread, waits for it and answers its jobs. So one batch costs one wake-up in
//! each direction, however many files it has. Files in memory wait for no device: the worker writes them itself, since waking a thread
//! takes longer than that.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::task::{spawn_blocking, yield_now};

use crate::apply::{Answer, Failure, Finished, Work, apply_all};
use crate::claims::Claims;
use crate::record::Node;

/// Batches that are written at one time, each by a thread. More do not make one disk faster.
const WORKERS: usize = 4;

/// Files that one worker writes before it flushes their directories: bounds the wait of the first of them.
const BATCH: usize = 64;

/// Files in memory that a worker writes itself at one time: more would let the server wait for the next requests.
const QUICK_BATCH: usize = 16;

/// Files that are not worth another thread.
const FEW: usize = 8;

/// Bytes that a worker writes to memory itself at one time: less than a millisecond.
const QUICK_BYTES: usize = 1 << 20;

/// One destination and what to do with it.
pub(crate) struct Job {
    pub(crate) node: Arc<Node>,
    pub(crate) work: Work,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// No work is begun any more.
struct Draining;

/// A handle to the workers.
#[derive(Clone)]
pub(crate) struct FilePool {
    shared: Arc<Shared>,
}

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
    /// Workers for the files of these nodes, whose numbers are their indices.
    pub(crate) fn new(nodes: Arc<[Arc<Node>]>) -> Self {
        let (queue, idle, claims) = (Mutex::default(), Notify::new(), Claims::new(nodes));
        Self { shared: Arc::new(Shared { queue, idle, claims }) }
    }

    /// Does the work. Work that arrives after [`drain`](Self::drain) is not begun: that call never returns. Who is `alone`, with
    /// no other work to be expected, waits for none.
    pub(crate) async fn run(&self, node: &Arc<Node>, work: Work, alone: bool) -> Answer {
        let (answer, done) = oneshot::channel();
        let Ok(needs_worker) = self.submit(Job { node: node.clone(), work, answer }) else {
            return std::future::pending().await;
        };
        if needs_worker && alone && node.is_in_memory() {
            self.shared.clone().work().await;
        } else if needs_worker {
            // It begins after all tasks that are ready now, and finds what they queue up as well.
            tokio::spawn(self.shared.clone().work());
        }
        done.await.unwrap_or_else(|_| Err(Failure::panicked()))
    }

    /// Queues the job. Returns whether it needs another worker, who is counted already; fails while the pool is drained.
    fn submit(&self, job: Job) -> Result<bool, Draining> {
        let mut queue = self.shared.lock();
        if queue.draining {
            return Err(Draining);
        }
        queue.jobs.push_back(job);
        let needs_worker = queue.workers < WORKERS;
        queue.workers += usize::from(needs_worker);
        Ok(needs_worker)
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

/// How many of the first jobs a worker does itself at one time: nothing of them can wait for a device.
fn quick<'a>(jobs: impl IntoIterator<Item = &'a Job>) -> usize {
    let is_quick = |bytes: &mut usize, job: &Job| {
        *bytes += job.bytes();
        (job.node.is_in_memory() && *bytes <= QUICK_BYTES).then_some(())
    };
    jobs.into_iter().take(QUICK_BATCH).scan(0, is_quick).count()
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One worker: ends when the queue is empty, in the same critical section that sees it so.
    async fn work(self: Arc<Self>) {
        while let Some((batch, quick)) = self.next_batch() {
            let shared = self.clone();
            let write = move || apply_all(&shared.claims, batch);
            // A panic answers the jobs by dropping them; the worker must live on to be counted.
            let done = if quick {
                catch_unwind(AssertUnwindSafe(write)).ok()
            } else {
                spawn_blocking(write).await.ok()
            };
            done.into_iter().flatten().for_each(Finished::answer);
            if quick && !self.lock().jobs.is_empty() {
                // The sessions and everybody else come first.
                yield_now().await;
            }
        }
    }

    /// What to do next, and whether the worker does it itself.
    fn next_batch(&self) -> Option<(Vec<Job>, bool)> {
        let mut queue = self.lock();
        if queue.jobs.is_empty() {
            queue.workers -= 1;
            if queue.workers == 0 {
                self.idle.notify_waiters();
            }
            return None;
        }
        let quick = quick(&queue.jobs);
        // For threads an even share, so that a burst is spread over all of them.
        let even = queue.jobs.len().div_ceil(WORKERS).clamp(FEW, BATCH).min(queue.jobs.len());
        let share = if quick > 0 { quick } else { even };
        Some((queue.jobs.drain(..share).collect(), quick > 0))
    }
}
