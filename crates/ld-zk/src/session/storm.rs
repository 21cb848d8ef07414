//! Bounds the reconnects of the ZooKeeper crate.
//!
//! The crate reconnects inside a session without a pause when each connection ends just after its
//! handshake. It goes on when its client is dropped, because its last request is not answered
//! either. So its task is spawned here, where it can be stopped.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use spawns_core::{Spawn, Task};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use zookeeper::{SessionState, StateWatcher};

use crate::panics::lock;

/// How long a session that is over may take to close, and how long its stopped task is kept. Until
/// then each node has let go of its watch, which would panic without the task.
const GRACE: Duration = Duration::from_secs(30);
/// A session may be lost or resumed this often in [`WINDOW`]: more than in a restart of all
/// servers.
const CHANGES: u32 = 20;
const WINDOW: Duration = Duration::from_secs(10);

/// The crate's task of one session. Dropping it lets the session close in its last connection, and
/// then stops the task.
#[derive(Debug)]
pub(crate) struct SessionTask {
    tasks: Tasks,
    states: StateWatcher,
    runtime: Handle,
}

#[derive(Debug, Clone, Default)]
struct Tasks {
    /// Dropped, it aborts them.
    running: Arc<Mutex<JoinSet<()>>>,
    is_stopped: Arc<AtomicBool>,
}

/// Connects, and gives the session's task as well.
pub(super) async fn connect<E>(
    connect: impl Future<Output = Result<zookeeper::Client, E>>,
) -> Result<(zookeeper::Client, SessionTask), E> {
    let tasks = Tasks::default();
    let mut connect = pin!(connect);
    let client = poll_fn(|context| {
        // Per poll, since the scope is one of this thread.
        let _scope = spawns_core::enter(&tasks);
        connect.as_mut().poll(context)
    });
    let client = client.await?;
    let states = client.state_watcher();
    Ok((client, SessionTask { tasks, states, runtime: Handle::current() }))
}

impl Spawn for Tasks {
    fn spawn(&self, task: Task) {
        let (is_stopped, mut future) = (Arc::clone(&self.is_stopped), Box::into_pin(task.future));
        lock(&self.running).spawn(poll_fn(move |context| {
            if is_stopped.load(Ordering::Relaxed) { Poll::Pending } else { future.as_mut().poll(context) }
        }));
    }
}

impl SessionTask {
    /// Stops it at once: no connection is opened any more, and no request is answered.
    pub(super) fn stop(&self) {
        self.tasks.is_stopped.store(true, Ordering::Relaxed);
    }
}

impl Drop for SessionTask {
    fn drop(&mut self) {
        let (tasks, mut states) = (self.tasks.clone(), self.states.clone());
        self.runtime.spawn(async move {
            if matches!(states.state(), SessionState::SyncConnected | SessionState::ConnectedReadOnly) {
                // Whatever it is then, the connection was lost or the session has closed.
                let _ = timeout(GRACE, states.changed()).await;
            }
            tasks.is_stopped.store(true, Ordering::Relaxed);
            sleep(GRACE).await;
            drop(tasks);
        });
    }
}

/// The changes of one session's state. Two may come as one.
#[derive(Debug)]
pub(super) struct Changes {
    count: u32,
    since: Instant,
}

impl Default for Changes {
    fn default() -> Self {
        Self { count: 0, since: Instant::now() }
    }
}

impl Changes {
    /// Counts one more. Returns whether they are too many.
    pub(super) fn are_too_many(&mut self) -> bool {
        if self.since.elapsed() >= WINDOW {
            *self = Self::default();
        }
        self.count += 1;
        self.count > CHANGES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_changes_in_a_short_time_are_too_many() {
        let mut changes = Changes::default();
        for _ in 0..4 * CHANGES {
            assert!(!changes.are_too_many());
            tokio::time::advance(WINDOW / CHANGES).await;
        }
        let mut changes = Changes::default();
        assert!((0..CHANGES).all(|_| !changes.are_too_many()));
        assert!(changes.are_too_many());
    }
}
