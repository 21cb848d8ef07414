//! Keeps one session of the pool open until the client is closed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tracing::{error, warn};

use super::backoff::Backoff;
use super::dial::Before;
use super::throttle::Throttle;
use super::{Connection, Session, open};
use crate::panics::catch_panic;
use crate::shared::Shared;
use crate::{Error, SessionState};

/// The first bound of the delay before a new session is tried.
const DIAL_BASE: Duration = Duration::from_millis(100);
/// Its last bound.
const DIAL_CAP: Duration = Duration::from_secs(10);
/// A session that lived this long ended for a reason of its own, so that the backoff starts again.
const SETTLED: Duration = Duration::from_secs(10);

/// Supervises one session until the client is closed.
pub(super) async fn supervise(shared: Arc<Shared>, session: Arc<Session>, mut stop: watch::Receiver<bool>) {
    tokio::select! {
        biased;
        // An error is the client's handle being dropped.
        _ = stop.wait_for(|stop| *stop) => {}
        () = keep_open(&shared, &session) => {}
    }
    let live = session.set_connection(Connection::Closed).live().cloned();
    session.change_context(|context| {
        (context.session, context.closed) = (None, true);
        true
    });
    if let Some(live) = live {
        let mut states = live.client.state_watcher();
        drop(live);
        // The caller of `close` bounds this wait.
        while !states.changed().await.is_terminated() {}
    }
    shared.states.set(session.id, SessionState::Closed, None);
}

/// Opens a new session whenever there is none. Never ends.
async fn keep_open(shared: &Shared, session: &Session) {
    let mut backoff = Backoff::new(DIAL_BASE, DIAL_CAP);
    let mut before = Before::Nothing;
    let (mut ends, mut failures) = (Throttle::default(), Throttle::default());
    loop {
        let began = Instant::now();
        // The ZooKeeper crate can panic: on a malformed reply, or when the system refuses a thread.
        let ended = catch_panic(open_and_run(shared, session, before)).await;
        session.set_connection(Connection::Down);
        session.change_context(|context| context.session.take().is_some());
        let (was_open, error) = ended.unwrap_or_else(|reason| {
            let error = Error::ClientFailed { reason };
            error!("{error}; starting it again");
            (false, error)
        });
        before = if was_open { Before::Loss } else { Before::Failure };
        if was_open && began.elapsed() >= SETTLED {
            backoff.reset();
            (ends, failures) = (Throttle::default(), Throttle::default());
        }
        if was_open && ends.is_due() {
            warn!("{error}; opening a new one with {}", shared.hosts);
        } else if !was_open && !matches!(error, Error::ClientFailed { .. }) && failures.is_due() {
            warn!("no ZooKeeper session, trying again: {error}");
        }
        shared.states.set(session.id, SessionState::Connecting, Some(Arc::new(error)));
        sleep(backoff.next_delay()).await;
    }
}

/// One session, until it ends. Says whether there was one, and why there is none now.
async fn open_and_run(shared: &Shared, session: &Session, before: Before) -> (bool, Error) {
    match open::open(shared, before).await {
        Ok(open) => (true, open.run(shared, session).await),
        Err(error) => (false, error),
    }
}
