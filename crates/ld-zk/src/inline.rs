//! Session tasks that run on the thread that wakes them, while that is the cheapest.
//!
//! A client that only waits still has input and timers, and its session's task some microseconds of work on each. The thread
//! that sees them does it here: to wake another one for it would cost more than the work. For what the application asks for,
//! and while reads are in flight, the task runs on the runtime, where one poll serves many; only a read that is alone is sent
//! without waiting for others.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use spawns_core::{Spawn, Task, enter};
use tokio::runtime::Handle;
use tracing::error;

use crate::reads::Reads;

/// How often a thread polls a task in a row before it leaves the rest to the runtime.
const POLLS_IN_A_ROW: usize = 8;

/// Nothing happens.
const IDLE: u8 = 0;
/// It is some thread's, or in the queue of the runtime.
const RUNNING: u8 = 1;
/// The same, and it will be polled once more.
const WOKEN: u8 = 2;
/// It has ended.
const ENDED: u8 = 3;

/// Runs `future` on a tokio runtime; the tasks that it spawns, as the ZooKeeper crate does for a session, run as said above.
pub(crate) async fn with_inline_tasks<F: Future>(future: F, reads: &Reads) -> F::Output {
    let spawner = Inline { runtime: Handle::current(), reads: reads.clone() };
    let mut future = pin!(future);
    poll_fn(|context| {
        let _scope = enter(&spawner);
        future.as_mut().poll(context)
    })
    .await
}

#[derive(Clone)]
struct Inline {
    runtime: Handle,
    reads: Reads,
}

impl Spawn for Inline {
    fn spawn(&self, task: Task) {
        let future = Mutex::new(Some(Box::into_pin(task.future)));
        let task = InlineTask { state: AtomicU8::new(IDLE), future, home: self.clone() };
        Arc::new(task).wake();
    }
}

struct InlineTask {
    state: AtomicU8,
    /// Locked by the thread that runs it. `None` once it has ended.
    future: Mutex<Option<BoxedTask>>,
    home: Inline,
}

type BoxedTask = Pin<Box<dyn Future<Output = ()> + Send>>;

impl InlineTask {
    /// Polls the task until it waits.
    fn run(self: &Arc<Self>) {
        for _ in 0..POLLS_IN_A_ROW {
            self.state.store(RUNNING, Ordering::Release);
            if self.poll().is_ready() {
                return self.end();
            }
            if self.state.compare_exchange(RUNNING, IDLE, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                return;
            }
        }
        self.run_on_runtime();
    }

    fn run_on_runtime(self: &Arc<Self>) {
        let mut queued = Queued(Some(Arc::clone(self)));
        self.home.runtime.spawn(async move {
            if let Some(task) = queued.0.take() {
                task.run();
            }
        });
    }

    /// Ends the task, and nobody who holds a waker shall keep what it holds.
    fn end(&self) {
        self.state.store(ENDED, Ordering::Release);
        *self.slot() = None;
    }

    fn slot(&self) -> MutexGuard<'_, Option<BoxedTask>> {
        self.future.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll(self: &Arc<Self>) -> Poll<()> {
        let mut slot = self.slot();
        let Some(future) = slot.as_mut() else { return Poll::Ready(()) };
        let waker = Waker::from(Arc::clone(self));
        let mut context = Context::from_waker(&waker);
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut context)));
        polled.unwrap_or_else(|_| {
            error!("the task of a ZooKeeper session failed unexpectedly; please report this as a bug");
            Poll::Ready(())
        })
    }
}

/// A task in the queue of the runtime. It ends with the runtime.
struct Queued(Option<Arc<InlineTask>>);

impl Drop for Queued {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            task.end();
        }
    }
}

impl Wake for InlineTask {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let next = |state| match state {
            IDLE => Some(RUNNING),
            RUNNING => Some(WOKEN),
            _ => None,
        };
        if self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, next) != Ok(IDLE) {
            return;
        }
        let reads = self.home.reads.count();
        let here = if Handle::try_current().is_ok() { reads == 1 } else { reads == 0 };
        if here { self.run() } else { self.run_on_runtime() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::thread;

    use super::*;

    /// Spawns `task` as the ZooKeeper crate does.
    async fn spawn(reads: &Reads, task: impl Future<Output = ()> + Send + 'static) {
        with_inline_tasks(async { drop(spawns_core::spawn(task)) }, reads).await;
    }

    #[tokio::test]
    async fn a_task_runs_where_it_is_woken_unless_one_poll_may_serve_many() {
        let (reads, here) = (Reads::default(), thread::current().id());
        let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
        let (report, mut reports) = tokio::sync::mpsc::unbounded_channel();
        spawn(&reads, async move {
            while receive.recv().await.is_some() {
                report.send(thread::current().id()).unwrap();
            }
        })
        .await;
        tokio::task::yield_now().await;
        let wake_elsewhere = || {
            let send = send.clone();
            let other = thread::spawn(move || send.send(()).unwrap());
            let id = other.thread().id();
            other.join().unwrap();
            id
        };

        let elsewhere = wake_elsewhere();
        assert_eq!(reports.try_recv(), Ok(elsewhere), "done before the waker returned");
        send.send(()).unwrap();
        assert!(reports.try_recv().is_err(), "more may be asked for");
        assert_eq!(reports.recv().await, Some(here));

        let one = reads.turn().await;
        send.send(()).unwrap();
        assert_eq!(reports.try_recv(), Ok(here), "nothing comes with a single read");
        let another = reads.turn().await;
        send.send(()).unwrap();
        assert!(reports.try_recv().is_err(), "more reads are on their way");
        assert_eq!(reports.recv().await, Some(here));
        drop(another);
        wake_elsewhere();
        assert_eq!(reports.recv().await, Some(here), "whoever reads is woken anyway");
        drop(one);
    }

    #[tokio::test]
    async fn no_wake_is_lost_and_no_two_threads_run_a_task_at_once() {
        const WAKES: usize = 100_000;
        let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
        let (done, finished) = tokio::sync::oneshot::channel();
        let inside = Arc::new(AtomicUsize::new(0));
        spawn(&Reads::default(), async move {
            for _ in 0..4 * WAKES {
                receive.recv().await.unwrap();
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                inside.fetch_sub(1, Ordering::SeqCst);
            }
            done.send(()).unwrap();
        })
        .await;
        for _ in 0..4 {
            let send = send.clone();
            thread::spawn(move || (0..WAKES).for_each(|_| send.send(()).unwrap()));
        }
        finished.await.unwrap();
    }

    #[tokio::test]
    async fn a_task_that_never_waits_does_not_keep_its_thread() {
        let (done, mut finished) = tokio::sync::oneshot::channel::<()>();
        spawn(&Reads::default(), async move {
            while finished.try_recv().is_err() {
                let mut yielded = false;
                poll_fn(|context| {
                    context.waker().wake_by_ref();
                    if std::mem::replace(&mut yielded, true) { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
            }
        })
        .await;
        done.send(()).unwrap();
    }

    #[test]
    fn a_task_that_waits_for_a_runtime_ends_with_it() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
        let waits = async move { while receive.recv().await.is_some() {} };
        runtime.block_on(async {
            spawn(&Reads::default(), waits).await;
            tokio::task::yield_now().await;
            // It is queued, and will not be run.
            send.send(()).unwrap();
        });
        drop(runtime);
        assert!(send.is_closed());
    }

    #[tokio::test]
    async fn a_task_that_panics_harms_nobody_and_lets_go_of_what_it_holds() {
        let (send, mut receive) = tokio::sync::mpsc::unbounded_channel::<()>();
        spawn(&Reads::default(), async move {
            receive.recv().await;
            panic!("expected");
        })
        .await;
        send.send(()).unwrap();
        send.closed().await;
    }
}
