//! One ZooKeeper session from its opening to its end.

use std::sync::Arc;
use std::time::Duration;

use ld_config::SecretValue;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use tracing::{info, warn};
use zookeeper::SessionState as ZkState;

use super::backoff::Throttle;
use super::dial::{self, Before};
use super::ensemble::{self, Check};
use super::storm::{Changes, SessionTask};
use super::{EnsembleCheck, LiveSession, Session, SessionStatus};
use crate::Error;
use crate::reading::SessionKey;
use crate::shared::Shared;
use crate::watch::audit;

/// How long the requests that make a new session fit for reading may take.
const ESTABLISH_LIMIT: Duration = Duration::from_secs(30);
/// How long a session that is under suspicion may take to prove that it lives.
const VERIFY_LIMIT: Duration = Duration::from_secs(10);
/// Shorter outages are not logged.
const OUTAGE_SHOWN: Duration = Duration::from_secs(1);

const LOST_AT_ONCE: &str = "the connection was lost at once";
const LEFT_READ_ONLY: &str = "it was a read-only one, and its server was left";

/// Opens a session, and lets the nodes read in it until it ends. Returns whether there was one, and
/// why there is none now.
pub(super) async fn open_and_run(shared: &Shared, session: &Session, before: Before) -> (bool, Error) {
    let mut credentials = shared.credentials.refresh().await;
    let known = credentials.borrow_and_update().clone();
    let (live, check, mut states) = match open(shared, known, before).await {
        Ok(opened) => opened,
        Err(error) => return (false, error),
    };
    let kind = if live.read_only { "read-only ZooKeeper session" } else { "ZooKeeper session" };
    let (id, limit) = (live.client.session_id(), live.client.session_timeout());
    let outage = session.connected_to(&live, check.found.clone());
    info!("{kind} {id} opened{}, timeout {limit:?}", after(outage));
    check.publish(session);
    let error = tokio::select! {
        error = follow(shared, session, &live, &mut states) => error,
        _ = credentials.changed() => ended("the credentials have changed"),
        error = disproved(&live) => error,
        // These never end.
        () = ensemble::keep(session, &live, check, live.resumes.subscribe()) => Error::Closed,
        () = audit::keep(session, &live) => Error::Closed,
    };
    (true, error)
}

async fn open(
    shared: &Shared,
    credentials: Vec<SecretValue>,
    before: Before,
) -> Result<(Arc<LiveSession>, Check, zookeeper::StateWatcher), Error> {
    let (client, task) = dial::dial(shared, &credentials, before).await?;
    let states = client.state_watcher();
    let mut changes = states.clone();
    let (live, check) = tokio::select! {
        established = timeout(ESTABLISH_LIMIT, establish(client, task)) => established.unwrap_or_else(|_| {
            Err(Error::Unanswered { operation: "sync", path: "/".to_owned(), limit: ESTABLISH_LIMIT })
        })?,
        _ = changes.changed() => return Err(ended(LOST_AT_ONCE)),
    };
    Ok((live, check, states))
}

/// Makes a new session fit for reading.
async fn establish(client: zookeeper::Client, task: SessionTask) -> Result<(Arc<LiveSession>, Check), Error> {
    let read_only = match client.state() {
        ZkState::SyncConnected => false,
        ZkState::ConnectedReadOnly => true,
        _ => return Err(ended(LOST_AT_ONCE)),
    };
    if !read_only {
        // Without it a server that lags behind could serve the past.
        client.sync("/").await.map_err(|source| Error::request("sync", "/", source))?;
    }
    let check = ensemble::check(&client).await.map_err(|source| Error::request("read", "/", source))?;
    let live = LiveSession {
        key: SessionKey::unique(),
        client,
        task,
        read_only,
        resumes: watch::Sender::default(),
        suspect: Notify::new(),
        broken: Notify::new(),
    };
    Ok((Arc::new(live), check))
}

fn ended(reason: &'static str) -> Error {
    Error::SessionEnded { reason }
}

fn after(outage: Option<Duration>) -> String {
    let outage = outage.filter(|outage| *outage >= OUTAGE_SHOWN);
    outage.map_or_else(String::new, |outage| format!(" after {} s without one", outage.as_secs()))
}

/// Follows the session's state to its end.
async fn follow(
    shared: &Shared,
    session: &Session,
    live: &Arc<LiveSession>,
    states: &mut zookeeper::StateWatcher,
) -> Error {
    let id = live.client.session_id();
    // A change between connecting and now was not seen.
    let mut state = live.client.state();
    let (mut logs, mut lost, mut logged) = (Throttle::default(), false, false);
    let mut changes = Changes::default();
    loop {
        match state {
            ZkState::ConnectedReadOnly if live.read_only => {}
            ZkState::SyncConnected if !live.read_only => {
                if std::mem::take(&mut lost) {
                    let outage = resume(session, live);
                    if std::mem::take(&mut logged) {
                        info!("ZooKeeper session {id} resumed after {:.1} s", outage.as_secs_f32());
                    }
                }
            }
            ZkState::Disconnected if !live.read_only => {
                if logs.is_due() {
                    logged = true;
                    warn!("connection to ZooKeeper lost, resuming session {id}");
                }
                session.change(None, SessionStatus::disconnect);
            }
            ZkState::Expired => {
                session.count(|session| session.expiries += 1);
                return ended("it expired");
            }
            ZkState::AuthFailed => return ended("the server refused the credentials"),
            ZkState::Closed => return ended("it was closed"),
            // The ZooKeeper crate would go on with another session under the same handle.
            _ => return ended(LEFT_READ_ONLY),
        }
        let is_lost = state == ZkState::Disconnected;
        let limit = if is_lost { resume_limit(shared.config.timeout) } else { Duration::MAX };
        let Ok(changed) = timeout(limit, states.changed()).await else {
            return ended("it could not be resumed");
        };
        state = changed;
        // Two changes may come as one: whatever it is now, the connection was lost in between.
        lost = true;
        if changes.are_too_many() {
            live.task.stop();
            return ended("its connection was lost again and again");
        }
        if live.read_only {
            return ended(LEFT_READ_ONLY);
        }
    }
}

/// How long a session is resumed at most, by the session timeout that was asked for. A server may
/// have granted weeks, and may refuse each resume: to a client that knows a zxid from the future,
/// for example. A new session costs one read of each node.
fn resume_limit(asked: Duration) -> Duration {
    const LEAST: Duration = Duration::from_secs(10);
    asked.saturating_mul(4).max(LEAST)
}

/// Lets requests be sent again, in another incarnation of the session. The ZooKeeper crate accepts
/// a resume that is answered with another session id, which may be that of another ensemble, and
/// does not report the new id. So no absence is believed that rests on what was seen before, and no
/// heartbeat rests on an audit from before. Returns how long there was no connection.
fn resume(session: &Session, live: &Arc<LiveSession>) -> Duration {
    live.resumes.send_modify(|resumes| *resumes += 1);
    session.connected_to(live, EnsembleCheck::Unknown).unwrap_or_default()
}

/// Waits until the ZooKeeper crate has panicked, or a suspected session cannot prove that it lives.
/// A reconnect is no proof of death: only a connected client that gets no answer is dead.
async fn disproved(live: &LiveSession) -> Error {
    loop {
        tokio::select! {
            () = live.broken.notified() => return ended("the ZooKeeper client library failed on a reply"),
            () = live.suspect.notified() => {}
        }
        let answers = live.answers(VERIFY_LIMIT).await;
        let connected = live.client.state() != ZkState::Disconnected;
        if connected && !answers {
            return ended("it is connected but gives no answers");
        }
    }
}
