//! Tasks that run on the thread that wakes them, while that is the cheapest: those of the sessions, and who reads through them.
//!
//! To wake another thread takes longer than most of what these tasks do. So while there is at most one read in flight the thread
//! that sees the input or the timer does all of it: the session's part, what the reader makes of that, and the next request. With
//! more reads in flight everything runs on the runtime, where one poll serves many.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use spawns_core::{Spawn, Task, enter};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tracing::error;

use crate::reads::Reads;

/// How often a thread polls a task in a row before it leaves the rest to the runtime.
const POLLS_IN_A_ROW: usize = 8;

/// How many tasks such a thread runs one after the other, since each woke the next, before it leaves the rest to the runtime.
const TASKS_IN_A_ROW: usize = 32;

/// How many reads in flight there are at most while tasks run where they are woken.
const FEW_READS: usize = 1;

/// Nothing happens.
const IDLE: u8 = 0;
/// It is some thread's, or in the queue of the runtime.
const RUNNING: u8 = 1;
/// The same, and it will be polled once more.
const WOKEN: u8 = 2;
/// It has ended.
const ENDED: u8 = 3;

thread_local! {
    /// Who comes next on this thread, while it runs tasks that it has woken.
    static ROW: RefCell<Option<VecDeque<Arc<InlineTask>>>> = const { RefCell::new(None) };
}

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

/// Runs `reader` as said above until it ends, or until this future is dropped; with `runtime` for whatever it needs of one.
pub(crate) async fn run_reader(
    runtime: &Handle,
    reads: &Reads,
    reader: impl Future<Output = ()> + Send + 'static,
) {
    let home = Inline { runtime: runtime.clone(), reads: reads.clone() };
    let (_unless_dropped, dropped) = oneshot::channel::<()>();
    let (ended, end) = oneshot::channel();
    let task = async move {
        tokio::select! {
            biased;
            () = reader => {}
            _ = dropped => {}
        }
        drop(ended);
    };
    home.start(Role::Reader, Box::pin(task));
    let _: Result<(), _> = end.await;
}

#[derive(Clone)]
struct Inline {
    runtime: Handle,
    reads: Reads,
}

impl Inline {
    fn start(&self, role: Role, future: BoxedTask) {
        let (state, future) = (AtomicU8::new(IDLE), Mutex::new(Some(future)));
        Arc::new(InlineTask { role, state, future, home: self.clone() }).wake();
    }
}

impl Spawn for Inline {
    fn spawn(&self, task: Task) {
        self.start(Role::Session, Box::into_pin(task.future));
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Session,
    Reader,
}

struct InlineTask {
    role: Role,
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

    /// Runs the task where it was woken, and then whom it wakes: on a thread that has nothing else to do.
    fn run_in_a_row(self: &Arc<Self>) {
        ROW.set(Some(VecDeque::from([Arc::clone(self)])));
        let _end = EndOfRow;
        for _ in 0..TASKS_IN_A_ROW {
            let Some(next) = ROW.with_borrow_mut(|row| row.as_mut()?.pop_front()) else { break };
            // Each its own: a row may have tasks of several clients.
            let _runtime = next.home.runtime.enter();
            next.run();
        }
    }

    /// Whether this thread runs tasks in a row, and the task has joined it. It does not run at once: who wakes it may hold a lock
    /// that it needs.
    fn join_row(self: &Arc<Self>) -> bool {
        ROW.with_borrow_mut(|row| row.as_mut().map(|row| row.push_back(Arc::clone(self))).is_some())
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
            let what = match self.role {
                Role::Session => "the task of a ZooKeeper session",
                Role::Reader => "what reads nodes",
            };
            error!("{what} failed unexpectedly; please report this as a bug");
            Poll::Ready(())
        })
    }
}

/// Leaves those to the runtime who are still in the row.
struct EndOfRow;

impl Drop for EndOfRow {
    fn drop(&mut self) {
        ROW.take().into_iter().flatten().for_each(|task| task.run_on_runtime());
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
        if reads <= FEW_READS && self.join_row() {
            return;
        }
        let on_runtime = Handle::try_current().is_ok();
        match self.role {
            _ if !on_runtime && reads <= FEW_READS => self.run_in_a_row(),
            // A read that is alone is sent without waiting for others.
            Role::Session if reads == 1 => self.run(),
            _ => self.run_on_runtime(),
        }
    }
}

#[cfg(test)]
mod tests;
