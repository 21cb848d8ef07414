//! Keeps one lane supplied with sessions, for ever.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};
use zookeeper::SessionState as ZkState;

use crate::backoff::Backoff;
use crate::client::Shared;
use crate::credentials::CredentialSet;
use crate::dial::{self, Before};
use crate::evidence::{self, Look};
use crate::lane::{Lane, Line, Live};
use crate::reading::SessionKey;
use crate::{Error, SessionState, arm, audit};
use ld_config::chain;

/// The first bound of the delay before a new session is tried.
const DIAL_BASE: Duration = Duration::from_millis(100);
/// Its last bound.
const DIAL_CAP: Duration = Duration::from_secs(10);
/// A session that lived this long ended for a reason of its own, so that the backoff starts again.
const SETTLED: Duration = Duration::from_secs(10);
/// How long the requests that make a new session fit for reading may take.
const ESTABLISH_LIMIT: Duration = Duration::from_secs(30);
/// How long a session that is under suspicion may take to prove that it lives.
const VERIFY_LIMIT: Duration = Duration::from_secs(10);
/// How often at most the same trouble is logged again.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// Supervises one lane until the client is closed.
pub(crate) async fn supervise(shared: Arc<Shared>, lane: Arc<Lane>, mut stop: watch::Receiver<bool>) {
    tokio::select! {
        biased;
        // An error is the client's handle being dropped.
        _ = stop.wait_for(|stop| *stop) => {}
        () = keep_connected(&shared, &lane) => {}
    }
    let live = lane.set_line(Line::Closed).live().cloned();
    lane.change_view(|view| {
        view.session = None;
        view.closed = true;
        true
    });
    if let Some(live) = live {
        let mut states = live.client.state_watcher();
        drop(live);
        // The one who closes bounds this wait.
        while !states.changed().await.is_terminated() {}
    }
    shared.states.set(lane.id, SessionState::Closed, None);
}

async fn keep_connected(shared: &Shared, lane: &Lane) {
    let mut backoff = Backoff::new(DIAL_BASE, DIAL_CAP);
    let mut before = Before::Nothing;
    let (mut ends, mut failures) = (Throttle::default(), Throttle::default());
    loop {
        let error = match open(shared, before).await {
            Ok(session) => {
                before = Before::Loss;
                let since = Instant::now();
                let error = session.run(shared, lane).await;
                if since.elapsed() >= SETTLED {
                    backoff.reset();
                    (ends, failures) = (Throttle::default(), Throttle::default());
                }
                if ends.is_due() {
                    warn!("{error}; opening a new one with {}", shared.hosts);
                }
                error
            }
            Err(error) => {
                before = Before::Failure;
                if failures.is_due() {
                    warn!("no ZooKeeper session, trying on: {}", chain(&error));
                }
                error
            }
        };
        shared.states.set(lane.id, SessionState::Connecting, Some(Arc::new(error)));
        sleep(backoff.next_delay()).await;
    }
}

/// Lets the same trouble into the log once, and then at a bounded rate.
#[derive(Debug, Default)]
struct Throttle {
    last: Option<Instant>,
}

impl Throttle {
    fn is_due(&mut self) -> bool {
        let due = self.last.is_none_or(|last| last.elapsed() >= LOG_INTERVAL);
        if due {
            self.last = Some(Instant::now());
        }
        due
    }
}

/// A new session, fit for reading but not shown to anybody yet.
struct Session {
    live: Arc<Live>,
    states: zookeeper::StateWatcher,
    credentials: u64,
    look: Look,
}

async fn open(shared: &Shared, before: Before) -> Result<Session, Error> {
    let credentials = shared.credentials.refresh().await;
    let client = {
        let Shared { config, tls, options, reads, .. } = shared;
        dial::dial(config, tls.as_ref(), &credentials, options.read_only, before, reads).await?
    };
    match timeout(ESTABLISH_LIMIT, establish(client, &credentials)).await {
        Ok(session) => session,
        Err(_) => Err(Error::Unanswered { operation: "sync", path: "/".to_owned(), limit: ESTABLISH_LIMIT }),
    }
}

async fn establish(client: zookeeper::Client, credentials: &CredentialSet) -> Result<Session, Error> {
    let states = client.state_watcher();
    let read_only = match client.state() {
        ZkState::SyncConnected => false,
        ZkState::ConnectedReadOnly => true,
        _ => return Err(Error::SessionEnded { reason: "the connection was lost at once" }),
    };
    if !read_only {
        // Without it a server that lags behind could serve the past.
        client.sync("/").await.map_err(|source| Error::request("sync", "/", source))?;
    }
    let look = evidence::look(&client).await.map_err(|source| Error::request("read", "/", source))?;
    let live = Arc::new(Live { key: SessionKey::unique(), client, read_only });
    Ok(Session { live, states, credentials: credentials.version, look })
}

impl Session {
    /// Lets the lane's nodes read in this session until it ends; says how it ended.
    async fn run(self, shared: &Shared, lane: &Lane) -> Error {
        let Self { live, mut states, credentials, look } = self;
        let kind = if live.read_only { "read-only ZooKeeper session" } else { "ZooKeeper session" };
        info!("{kind} {} opened, timeout {:?}", live.client.session_id(), live.client.session_timeout());
        evidence::publish(lane, look.evidence());
        lane.change_view(|view| view.session.replace(live.key) != Some(live.key));
        shared.connected(lane, &live);
        let error = tokio::select! {
            error = follow(shared, lane, &live, &mut states) => error,
            error = outdated(shared, credentials) => error,
            error = disproved(lane, &live) => error,
            // These never end.
            () = evidence::keep(lane, &live.client, look) => Error::Closed,
            () = audit::keep(lane, &live) => Error::Closed,
            () = arm::keep(shared, lane, &live) => Error::Closed,
        };
        lane.set_line(Line::Down);
        lane.change_view(|view| view.session.take().is_some());
        error
    }
}

/// Follows the session's state to its end.
async fn follow(
    shared: &Shared,
    lane: &Lane,
    live: &Arc<Live>,
    states: &mut zookeeper::StateWatcher,
) -> Error {
    // A change between connecting and now was not seen.
    let mut state = live.client.state();
    let mut logs = Throttle::default();
    let mut lost = false;
    loop {
        let reason = match state {
            ZkState::SyncConnected if !live.read_only => {
                shared.connected(lane, live);
                if std::mem::take(&mut lost) {
                    info!("ZooKeeper session {} resumed", live.client.session_id());
                }
                None
            }
            ZkState::ConnectedReadOnly if live.read_only => None,
            ZkState::Disconnected if !live.read_only => {
                if logs.is_due() {
                    lost = true;
                    warn!("connection to ZooKeeper lost, resuming session {}", live.client.session_id());
                }
                lane.set_line(Line::Down);
                shared.states.set(lane.id, SessionState::Suspended, None);
                None
            }
            ZkState::Expired => Some("it expired"),
            ZkState::AuthFailed => Some("the server refused the credentials"),
            ZkState::Closed => Some("it was closed"),
            // The ZooKeeper crate would go on with another session under the same handle.
            _ => Some("it was a read-only one, and its server was left"),
        };
        if let Some(reason) = reason {
            return Error::SessionEnded { reason };
        }
        state = states.changed().await;
        if live.read_only {
            return Error::SessionEnded { reason: "it was a read-only one, and its server was left" };
        }
    }
}

/// Waits until the session's credentials are not the ones to use any more.
async fn outdated(shared: &Shared, version: u64) -> Error {
    let _ = shared.credentials.watch().wait_for(|set| set.version != version).await;
    Error::SessionEnded { reason: "the credentials have changed" }
}

/// Waits until somebody suspects the session and it cannot prove that it lives. A reconnect is no proof of
/// death: only a connected client that does not get an answer is dead.
async fn disproved(lane: &Lane, live: &Live) -> Error {
    loop {
        lane.suspect.notified().await;
        let answers = live.answers(VERIFY_LIMIT).await;
        let connected = live.client.state() != ZkState::Disconnected;
        if connected && !answers {
            return Error::SessionEnded { reason: "it is connected but gives no answers" };
        }
    }
}
