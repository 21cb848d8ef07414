//! The file work of one file system: a queue, and a few threads that take what has queued up as one batch.
//!
//! Threads are made when there is work and end when there is none. A call that never returns costs its thread and
//! its own job: the tasks that wait for other jobs call [`Queue::relieve`], which hands those to other threads, or
//! gives them back while no thread is left.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ld_blocking::Spawner;
use tokio::sync::{oneshot, watch};
use tokio::task::yield_now;

use super::batch::Batch;
use super::claims::Claims;
use super::job::{Answer, Destination, Job, JobError, Work};
use crate::node::Node;

/// Threads of one file system. More do not make one disk faster.
const THREADS: usize = 4;

/// Files that one thread takes at a time, at most: bounds the wait of the first of them.
const MAX_BATCH: usize = 64;

/// Files that are not worth another thread.
const MIN_BATCH: usize = 16;

/// A step that takes longer than this holds up no other job any more.
pub(crate) const STALL: Duration = Duration::from_secs(1);

/// A handle to the queue of one file system.
#[derive(Clone)]
pub(crate) struct Queue {
    shared: Arc<Shared>,
}

struct Shared {
    spawner: Spawner,
    claims: Arc<Claims>,
    state: Mutex<State>,
    threads: watch::Sender<usize>,
    /// All threads hang.
    stalled: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// One for each thread with work.
    batches: Vec<Arc<Batch>>,
    threads: usize,
    /// Threads are about to be made for the jobs that came last.
    starting: bool,
    draining: bool,
}

impl Queue {
    pub(super) fn new(spawner: Spawner, claims: Arc<Claims>) -> Self {
        let state = Mutex::default();
        let (threads, stalled) = (watch::Sender::new(0), watch::Sender::new(false));
        Self { shared: Arc::new(Shared { spawner, claims, state, threads, stalled }) }
    }

    /// Queues a job. The answer comes on the channel; the channel is closed when the job is lost.
    pub(crate) fn submit(
        &self,
        node: &Arc<Node>,
        work: Work,
        destination: Box<Destination>,
    ) -> oneshot::Receiver<Answer> {
        let (answer, answered) = oneshot::channel();
        let progress = Default::default();
        let job = Job { node: Arc::clone(node), work, destination, answer, progress };
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
            // All tasks that are ready now come first, so that a thread finds their jobs, too.
            yield_now().await;
            shared.start_threads();
        });
        answered
    }

    /// Frees jobs from hanging steps. A task calls it when its job has had no answer for [`STALL`].
    pub(crate) fn relieve(&self) {
        let (jobs_left, threads_left) = {
            let mut state = self.shared.lock();
            let State { jobs, batches, threads, .. } = &mut *state;
            let hanging: Vec<_> = batches.iter().filter(|batch| batch.step_age() >= STALL).collect();
            for batch in &hanging {
                batch.take_rest().into_iter().rev().for_each(|job| jobs.push_front(job));
            }
            (!jobs.is_empty(), hanging.len() < *threads)
        };
        if !jobs_left {
            return;
        }
        match self.shared.add_thread() {
            Ok(()) => {}
            Err(NoThread::Refused(refused)) if self.shared.lock().threads == 0 => {
                self.shared.refuse_jobs(&refused);
            }
            Err(_) if threads_left => {}
            Err(_) => {
                self.shared.stalled.send_replace(true);
                let give_back = |job: Job| job.finish(Err(JobError::Stalled));
                self.shared.take_new_jobs().into_iter().for_each(give_back);
            }
        }
    }

    /// Waits until some thread makes progress again; returns at once unless all of them hang.
    pub(crate) async fn responsive(&self) {
        // The sender is this queue's own, so that an error cannot come.
        let _ = self.shared.stalled.subscribe().wait_for(|stalled| !stalled).await;
    }

    /// Begins no more jobs and waits for the threads to end. Waiting jobs are dropped.
    pub(super) async fn drain(&self) {
        self.shared.lock().draining = true;
        drop(self.shared.take_new_jobs());
        let _ = self.shared.threads.subscribe().wait_for(|threads| *threads == 0).await;
    }
}

/// No thread was added: there are enough, or the system refuses one.
#[derive(Debug, thiserror::Error)]
enum NoThread {
    #[error("all threads are in use")]
    Enough,
    #[error("{0}")]
    Refused(io::Error),
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes threads for the jobs that wait.
    fn start_threads(self: &Arc<Self>) {
        let jobs = {
            let mut state = self.lock();
            state.starting = false;
            state.jobs.len()
        };
        for _ in 0..jobs.div_ceil(MIN_BATCH) {
            match self.add_thread() {
                Ok(()) => {}
                Err(NoThread::Refused(refused)) if self.lock().threads == 0 => {
                    return self.refuse_jobs(&refused);
                }
                Err(_) => return,
            }
        }
    }

    /// Answers all jobs that have not begun, since there is no thread for them.
    fn refuse_jobs(&self, refused: &io::Error) {
        let error = || io::Error::new(refused.kind(), refused.to_string());
        let refuse = |job: Job| job.finish(Err(JobError::NoThread(error())));
        self.take_new_jobs().into_iter().for_each(refuse);
    }

    /// Makes another thread.
    fn add_thread(self: &Arc<Self>) -> Result<(), NoThread> {
        {
            let mut state = self.lock();
            if state.threads >= THREADS {
                return Err(NoThread::Enough);
            }
            self.count_threads(&mut state, 1);
        }
        let shared = Arc::clone(self);
        self.spawner.spawn("ld-files", move || shared.work()).map_err(|refused| {
            self.count_threads(&mut self.lock(), -1);
            NoThread::Refused(refused)
        })
    }

    /// Takes the jobs that have not begun. What lies on the file system already stays for a thread: to drop it
    /// removes a file, which may hang.
    fn take_new_jobs(&self) -> VecDeque<Job> {
        let mut state = self.lock();
        let (new, begun) = std::mem::take(&mut state.jobs).into_iter().partition(Job::is_new);
        state.jobs = begun;
        new
    }

    fn count_threads(&self, state: &mut State, change: isize) {
        state.threads = state.threads.saturating_add_signed(change);
        self.threads.send_replace(state.threads);
    }

    /// One thread: ends when the queue is empty, in the same critical section that sees it so.
    fn work(self: Arc<Self>) {
        while let Some(batch) = self.next_batch() {
            let run = || batch.run(&self.claims, || self.progressed());
            // A panic loses the jobs of the batch, whose tasks see that; the thread must live on to be counted.
            let _ = catch_unwind(AssertUnwindSafe(run));
            drop(batch.take_rest());
            self.lock().batches.retain(|other| !Arc::ptr_eq(other, &batch));
            self.progressed();
        }
    }

    fn next_batch(&self) -> Option<Arc<Batch>> {
        let mut state = self.lock();
        if state.jobs.is_empty() {
            self.count_threads(&mut state, -1);
            return None;
        }
        // An even share, so that a burst is spread over all threads.
        let share = state.jobs.len().div_ceil(THREADS).clamp(MIN_BATCH, MAX_BATCH).min(state.jobs.len());
        let batch = Arc::new(Batch::new(state.jobs.drain(..share).collect()));
        state.batches.push(Arc::clone(&batch));
        Some(batch)
    }

    fn progressed(&self) {
        self.stalled.send_if_modified(|stalled| std::mem::replace(stalled, false));
    }
}
