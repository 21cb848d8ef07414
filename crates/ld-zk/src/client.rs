//! The client: a handle to lanes of sessions that are kept alive behind it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use ld_config::{SecretsConfig, ZooKeeperConfig};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::warn;

use crate::arm;
use crate::budget::Budget;
use crate::bulk::Bulk;
use crate::credentials::Credentials;
use crate::dial::host_list;
use crate::inline::run_reader;
use crate::lane::{Lane, Line, Live};
use crate::node::Seat;
use crate::polls::Polls;
use crate::reads::Reads;
use crate::state::{ClientState, StateWatch, States};
use crate::supervisor::supervise;
use crate::tls::Tls;
use crate::validate::validate;
use crate::watched::SharedPath;
use crate::{Error, NodeWatch, Options, SessionState};

/// How many sessions are opened before a warning: a server lets one address open 60 connections by default.
const MANY_LANES: usize = 50;

/// A ZooKeeper client that outlives its sessions. Cloning is cheap; when the last clone and the last
/// [`NodeWatch`] are dropped the sessions are closed in the background.
#[derive(Debug, Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    lanes: Mutex<Lanes>,
    /// Dropping it stops the supervisors, too.
    stop: watch::Sender<bool>,
    runtime: Handle,
}

#[derive(Debug, Default)]
struct Lanes {
    all: Vec<Arc<Lane>>,
    /// What the nodes of each lane hold, if it has any.
    seats: Vec<Weak<Seat>>,
    tasks: Vec<JoinHandle<()>>,
}

/// What the lanes and the nodes of one client share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: ZooKeeperConfig,
    pub(crate) options: Options,
    pub(crate) hosts: String,
    pub(crate) credentials: Credentials,
    pub(crate) tls: Option<Tls>,
    pub(crate) states: States,
    pub(crate) budget: Arc<Budget>,
    pub(crate) reads: Reads,
    pub(crate) bulk: Bulk,
    /// One permit for each lane that may arm watches at one time.
    pub(crate) arming: Semaphore,
    pub(crate) polls: Polls,
}

impl Shared {
    /// Opens a lane's line to its session.
    pub(crate) fn connected(&self, lane: &Lane, live: &Arc<Live>) {
        lane.set_line(Line::Up(Arc::clone(live)));
        let state = if live.read_only { SessionState::ReadOnly } else { SessionState::Connected };
        self.states.set(lane.id, state, None);
    }
}

impl Client {
    /// Makes a client and returns at once; the first session is opened in the background, tried for ever. The
    /// original's `zookeeper_client_from_config`.
    ///
    /// # Errors
    /// [`Error::InvalidSetting`] for settings that cannot work, [`Error::NoRuntime`] outside of a tokio runtime.
    pub fn new(config: &ZooKeeperConfig, secrets: &SecretsConfig, options: Options) -> Result<Self, Error> {
        validate(config)?;
        let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
        let shared = Arc::new(Shared {
            config: config.clone(),
            hosts: host_list(&config.hosts),
            credentials: Credentials::new(secrets.clone(), &config.credentials),
            tls: config.tls.clone().map(Tls::new),
            states: States::new(),
            budget: Budget::new(options.read_budget_bytes),
            reads: Reads::default(),
            bulk: Bulk::default(),
            arming: Semaphore::new(arm::LANES_AT_ONCE),
            polls: Polls::default(),
            options,
        });
        let inner = Inner {
            shared,
            lanes: Mutex::default(),
            stop: watch::Sender::new(false),
            runtime: runtime.clone(),
        };
        let client = Self { inner: Arc::new(inner) };
        client.open_lane(&mut client.lanes());
        client.poll_files(&runtime);
        Ok(client)
    }

    /// The current session's plain client, for everything that this crate does not do. It ends with that
    /// session: ask again after an error, do not keep it. Watches that it sets count towards the session's
    /// limit, and its persistent watches are not re-armed after a reconnect.
    ///
    /// # Errors
    /// [`Error::NotConnected`] when there is no live session within [`Options::session_wait`], with the hosts
    /// and the last failure; [`Error::Closed`] after [`Client::close`].
    pub async fn session(&self) -> Result<zookeeper::Client, Error> {
        let lane = self.lanes().all.first().cloned().ok_or(Error::Closed)?;
        let limit = self.shared().options.session_wait;
        match timeout(limit, lane.connected()).await {
            Ok(Some(live)) => Ok(live.client.clone()),
            Ok(None) => Err(Error::Closed),
            Err(_) => Err(Error::NotConnected {
                hosts: self.shared().hosts.clone(),
                limit,
                cause: self.state().lanes.first().and_then(|lane| lane.last_error.clone()),
            }),
        }
    }

    /// Watches a node, given by its path below the chroot. Nothing is asked of ZooKeeper before the first
    /// [`NodeWatch::read`].
    pub fn watch(&self, path: &str) -> NodeWatch {
        self.watch_shared(Arc::new(path.to_owned()))
    }

    /// The same without a copy of the path.
    pub fn watch_shared(&self, path: SharedPath) -> NodeWatch {
        let cost = Lane::cost(&self.shared().config.chroot, (*path).as_ref());
        let mut lanes = self.lanes();
        // The newest one mostly has room.
        let lane = lanes.all.iter().rev().find(|lane| lane.take(cost)).cloned();
        let lane = lane.unwrap_or_else(|| {
            let lane = self.open_lane(&mut lanes);
            lane.take(cost);
            lane
        });
        let held = &mut lanes.seats[lane.id];
        let seat = held.upgrade().unwrap_or_else(|| {
            let seat = Arc::new(Seat { client: self.clone(), lane });
            *held = Arc::downgrade(&seat);
            seat
        });
        drop(lanes);
        NodeWatch::new(seat, path)
    }

    /// Runs `reader`, which follows nodes of this client, until it ends or this future is dropped. While little is read it runs on
    /// the thread that hears of a change, which saves two changes of threads for each reading; otherwise on the runtime. So it
    /// must not block for long, and never to wait for this client. Timers, tasks and the rest of tokio are at hand on both.
    ///
    /// If it panics that is logged, and this returns.
    pub async fn run_reader(&self, reader: impl Future<Output = ()> + Send + 'static) {
        run_reader(self.runtime(), &self.shared().reads, reader).await;
    }

    /// What the sessions are doing.
    pub fn state(&self) -> ClientState {
        self.states().get()
    }

    /// Follows what the sessions are doing.
    pub fn states(&self) -> StateWatch {
        self.shared().states.watch()
    }

    /// Closes the sessions and waits for that, `limit` at most. What is not closed by then is abandoned, and
    /// the server lets it expire. Everything that waits on this client resolves or fails with [`Error::Closed`].
    pub async fn close(&self, limit: Duration) {
        self.inner.stop.send_replace(true);
        let tasks = std::mem::take(&mut self.lanes().tasks);
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

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.inner.shared
    }

    /// Where the client's tasks run.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.inner.runtime
    }

    /// The lanes that are open now.
    pub(crate) fn all_lanes(&self) -> Vec<Arc<Lane>> {
        self.lanes().all.clone()
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.inner.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_lane(&self, lanes: &mut Lanes) -> Arc<Lane> {
        let lane = Arc::new(Lane::new(lanes.all.len()));
        self.shared().states.add_lane();
        lanes.all.push(Arc::clone(&lane));
        lanes.seats.push(Weak::new());
        if lanes.all.len() == MANY_LANES + 1 {
            warn!(
                "the watched paths need more than {MANY_LANES} ZooKeeper sessions; \
                 check that maxClientCnxns of the servers allows that"
            );
        }
        let task = supervise(Arc::clone(self.shared()), Arc::clone(&lane), self.inner.stop.subscribe());
        lanes.tasks.push(self.inner.runtime.spawn(task));
        lane
    }

    fn poll_files(&self, runtime: &Handle) {
        let shared = Arc::clone(self.shared());
        let mut stop = self.inner.stop.subscribe();
        let task = runtime.spawn(async move {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => {}
                () = shared.credentials.poll_while_in_trouble() => {}
                () = keep_certificates_fresh(shared.tls.as_ref()) => {}
            }
        });
        self.lanes().tasks.push(task);
    }
}

async fn keep_certificates_fresh(tls: Option<&Tls>) {
    match tls {
        Some(tls) => tls.keep_fresh().await,
        None => std::future::pending().await,
    }
}
