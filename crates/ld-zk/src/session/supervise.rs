//! Keeps one session of the pool open until the client is closed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tracing::{error, warn};

use super::backoff::{Backoff, Throttle};
use super::dial::Before;
use super::{Session, SessionStatus, open};
use crate::panics::catch_panic;
use crate::shared::Shared;
use crate::{ConnectFailure, Error};

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
    let states = session.status.borrow().connected().map(|live| live.client.state_watcher());
    session.change(None, |status| {
        status.end();
        status.closed = true;
    });
    if let Some(mut states) = states {
        // The caller of `close` bounds this wait.
        while !states.changed().await.is_terminated() {}
    }
}

/// Opens a new session whenever there is none. Never ends.
async fn keep_open(shared: &Shared, session: &Session) {
    let mut backoff = Backoff::new(DIAL_BASE, DIAL_CAP);
    let mut before = Before::Nothing;
    let (mut ends, mut failures) = (Throttle::default(), Throttle::default());
    loop {
        let began = Instant::now();
        // The ZooKeeper crate can panic: on a malformed reply, or when the system refuses a thread.
        let ended = catch_panic(open::open_and_run(shared, session, before)).await;
        let (was_open, error) = ended.unwrap_or_else(|reason| {
            let error = Error::ClientFailed { reason };
            error!("{error}; starting it again");
            (false, error)
        });
        before = if was_open { Before::Loss } else { Before::Failure };
        if !was_open {
            let failure = ConnectFailure::of(&error);
            session.count(|session| *session.failures.entry(failure).or_default() += 1);
        }
        if was_open && began.elapsed() >= SETTLED {
            backoff.reset();
            (ends, failures) = (Throttle::default(), Throttle::default());
        }
        if was_open && ends.is_due() {
            warn!("{error}; opening a new one with {}", shared.hosts);
        } else if !was_open && !matches!(error, Error::ClientFailed { .. }) && failures.is_due() {
            warn!("no ZooKeeper session, trying again: {error}");
        }
        session.change(Some(error), SessionStatus::end);
        sleep(backoff.next_delay()).await;
    }
}
