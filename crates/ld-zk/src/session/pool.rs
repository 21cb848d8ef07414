//! The client's sessions: as many as the watched paths need.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tracing::{error, warn};

use super::supervise::supervise;
use super::{Room, Session};
use crate::ClientState;
use crate::panics::{catch_panic, lock};
use crate::shared::Shared;

/// How many sessions are opened before a warning: a server lets one address open 60 connections by
/// default.
const MANY_SESSIONS: usize = 50;
/// What a watched path costs beside its characters: its length.
const PATH_OVERHEAD: usize = 4;
/// How long after a panic the background work is started again.
const RESTART_DELAY: Duration = Duration::from_secs(1);

/// The sessions of one client. Dropping the pool closes them in the background.
#[derive(Debug)]
pub(crate) struct SessionPool {
    pub(crate) shared: Arc<Shared>,
    members: Mutex<Members>,
    /// Dropping it stops the supervisors, too.
    stop: watch::Sender<bool>,
    runtime: Handle,
}

#[derive(Debug, Default)]
struct Members {
    sessions: Vec<Arc<Session>>,
    tasks: Vec<JoinHandle<()>>,
}

impl SessionPool {
    /// A pool with one session.
    pub(crate) fn new(shared: Arc<Shared>, runtime: Handle) -> Self {
        let pool = Self { shared, members: Mutex::default(), stop: watch::Sender::new(false), runtime };
        pool.open_session(&mut lock(&pool.members));
        pool.start_background();
        pool
    }

    pub(crate) fn all(&self) -> Vec<Arc<Session>> {
        lock(&self.members).sessions.clone()
    }

    /// Room for a path below the chroot, in the session that it is watched in.
    pub(crate) fn room_for(&self, path: &str) -> Room {
        self.room(self.bytes_of(path))
    }

    /// Room for each of these paths, all of it in one session.
    pub(crate) fn rooms_for<const N: usize>(&self, paths: [&str; N]) -> [Room; N] {
        let bytes = paths.map(|path| self.bytes_of(path));
        let mut all = self.room(bytes.iter().sum());
        bytes.map(|bytes| all.split_off(bytes))
    }

    fn room(&self, bytes: usize) -> Room {
        let mut members = lock(&self.members);
        loop {
            // The newest one mostly has room.
            if let Some(room) = members.sessions.iter().rev().find_map(|session| session.room(bytes)) {
                return room;
            }
            self.open_session(&mut members);
        }
    }

    /// The same in `session`, if that has room.
    pub(crate) fn room_in(&self, session: &Arc<Session>, path: &str) -> Room {
        session.room(self.bytes_of(path)).unwrap_or_else(|| self.room_for(path))
    }

    /// What watching a path costs.
    fn bytes_of(&self, path: &str) -> usize {
        self.shared.config.chroot.len() + path.len() + PATH_OVERHEAD
    }

    /// Closes the sessions and waits for that, `limit` at most.
    pub(crate) async fn close(&self, limit: Duration) {
        self.stop.send_replace(true);
        let tasks = std::mem::take(&mut lock(&self.members).tasks);
        let ended = async {
            for task in tasks {
                // A task that panicked has ended as well.
                let _ = task.await;
            }
        };
        if timeout(limit, ended).await.is_err() {
            warn!("the ZooKeeper sessions did not close within {limit:?}");
        }
    }

    fn open_session(&self, members: &mut Members) {
        let states = self.shared.states.clone();
        states.send_modify(ClientState::add_session);
        let session = Arc::new(Session::new(members.sessions.len(), states));
        members.sessions.push(Arc::clone(&session));
        if members.sessions.len() == MANY_SESSIONS + 1 {
            warn!(
                "the watched paths need more than {MANY_SESSIONS} ZooKeeper sessions; \
                 check that maxClientCnxns of the servers allows that"
            );
        }
        let task = supervise(Arc::clone(&self.shared), session, self.stop.subscribe());
        members.tasks.push(self.runtime.spawn(task));
    }

    /// Does what no single session does: reads secrets and certificates again, and polls unreadable
    /// nodes.
    fn start_background(&self) {
        let shared = Arc::clone(&self.shared);
        let mut stop = self.stop.subscribe();
        let task = self.runtime.spawn(async move {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => {}
                () = run_background(&shared) => {}
            }
        });
        lock(&self.members).tasks.push(task);
    }
}

/// Never ends, also not by a panic.
async fn run_background(shared: &Shared) {
    loop {
        let work = async {
            tokio::join!(
                shared.credentials.poll_while_problems_exist(),
                async {
                    if let Some(tls) = &shared.tls {
                        tls.keep_fresh().await
                    }
                },
                shared.polls.run(),
            )
        };
        if let Err(reason) = catch_panic(work).await {
            error!("a background task failed ({reason}); starting it again");
            sleep(RESTART_DELAY).await;
        }
    }
}
