//! What the watches of a node and of its children have in common: when to read again, and in which
//! session.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Fuse};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::error::concerns_node;
use crate::panics::catch_panic;
use crate::reading::{SessionKey, Unreadable};
use crate::session::{EnsembleCheck, LiveSession, Room, Session, SessionPool, SessionStatus};
use crate::{Backoff, Error};

/// How often a read is tried in live sessions before the failure counts as the node's own.
const READ_ATTEMPTS: u32 = 6;
/// After how many failures the session is suspected to be dead.
const SUSPICIOUS_FAILURES: u32 = 3;
/// The first bound of the delay between two tries.
const RETRY_BASE: Duration = Duration::from_millis(50);
/// Its last bound.
const RETRY_CAP: Duration = Duration::from_secs(2);

/// A path, watched across sessions.
pub(super) struct PathWatch {
    pub(super) pool: Arc<SessionPool>,
    pub(super) room: Room,
    pub(super) status: watch::Receiver<SessionStatus>,
    pub(super) basis: Basis,
    /// There may be something new.
    pub(super) stale: bool,
    /// Resolves when the path has to be read again. Dropping it removes the watch from the session.
    pub(super) wakeup: Fuse<BoxFuture<'static, ()>>,
}

/// What the last reading depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Basis {
    /// There was no reading.
    Nothing,
    /// The session.
    Session(SessionKey),
    /// The session, and that the ensemble was not known to hold data.
    Unconfirmed(SessionKey),
    /// The client was closed.
    Closed,
}

/// Why nothing could be read, and in which session; in none if the client was closed.
pub(super) type Failed = (Option<Arc<LiveSession>>, Unreadable);

impl PathWatch {
    pub(super) fn new(pool: Arc<SessionPool>, path: &str) -> Self {
        let room = pool.room_for(path);
        Self::in_room(pool, room)
    }

    pub(super) fn in_room(pool: Arc<SessionPool>, room: Room) -> Self {
        Self {
            status: room.session.status.subscribe(),
            room,
            pool,
            basis: Basis::Nothing,
            stale: true,
            wakeup: Fuse::terminated(),
        }
    }

    /// See [`NodeWatch::changed`](super::NodeWatch::changed).
    pub(super) async fn changed(&mut self) {
        // Unconstrained: out of its cooperative budget, a task of tokio would not see at its first
        // poll what has come before, and a heartbeat would rest on that.
        tokio::task::unconstrained(async {
            self.leave_ended_session();
            while !self.stale && !self.is_outdated() {
                tokio::select! {
                    biased;
                    () = &mut self.wakeup => self.stale = true,
                    // The pool holds the sender, so this cannot fail.
                    _ = self.status.changed() => self.leave_ended_session(),
                }
            }
            self.stale = true;
        })
        .await;
    }

    /// A reading is complete. The old watch goes only now: while two are set, dropping one costs no
    /// request.
    pub(super) fn complete(&mut self, basis: Basis, wakeup: impl Future<Output = ()> + Send + 'static) {
        (self.basis, self.wakeup, self.stale) = (basis, wakeup.boxed().fuse(), false);
    }

    /// The same for a path that cannot be read: it is polled. Gives the session of the reading, and
    /// whether its server is read-only.
    pub(super) fn fail(&mut self, live: Option<&LiveSession>) -> (SessionKey, bool) {
        match live {
            Some(live) => {
                self.complete(Basis::Session(live.key), self.pool.shared.polls.next());
                (live.key, live.read_only)
            }
            None => {
                self.complete(Basis::Closed, std::future::pending());
                (SessionKey::unique(), false)
            }
        }
    }

    /// Lets go of the watch: nothing depends on the last reading any more.
    pub(super) fn release(&mut self) {
        (self.basis, self.wakeup, self.stale) = (Basis::Nothing, Fuse::terminated(), true);
    }

    /// Lets go of the watch of a session that is over: its task may be gone soon.
    fn leave_ended_session(&mut self) {
        if self.status.borrow().live.is_none() {
            self.stale |= (&mut self.wakeup).now_or_never().is_some();
            self.wakeup = Fuse::terminated();
        }
    }

    fn is_outdated(&self) -> bool {
        let status = self.status.borrow();
        let ended = |session| status.closed || status.live.as_ref().is_some_and(|now| now.key != session);
        match self.basis {
            Basis::Nothing => true,
            Basis::Session(session) => ended(session),
            Basis::Unconfirmed(session) => ended(session) || status.ensemble == EnsembleCheck::HoldsData,
            Basis::Closed => false,
        }
    }
}

/// Makes attempts in live sessions until one gives something, or fails for a reason of its own.
pub(super) async fn read<T, F>(
    session: &Session,
    attempt: impl Fn(Arc<LiveSession>) -> F,
) -> Result<(Arc<LiveSession>, T), Failed>
where
    F: Future<Output = Result<T, Error>>,
{
    let (mut failures, mut backoff) = (0, Backoff::new(RETRY_BASE, RETRY_CAP));
    loop {
        let Some(live) = session.connected().await else {
            return Err((None, Unreadable::Other(Error::Closed)));
        };
        let attempt = tokio::select! {
            attempt = catch_panic(attempt(Arc::clone(&live))) => attempt,
            () = session.disconnected(live.key) => continue,
        };
        let error = match attempt.unwrap_or_else(|reason| Err(Error::ClientFailed { reason })) {
            Ok(found) => return Ok((live, found)),
            Err(error) => error,
        };
        if matches!(error, Error::WrongLength { .. } | Error::ClientFailed { .. }) {
            live.broken.notify_one();
        }
        failures += 1;
        if error.said().is_some_and(concerns_node) || failures == READ_ATTEMPTS {
            return Err((Some(live), Unreadable::of(error)));
        }
        if failures >= SUSPICIOUS_FAILURES {
            live.suspect.notify_one();
        }
        // Boxed, it takes memory only for the nodes that fail.
        Box::pin(sleep(backoff.next_delay())).await;
    }
}

impl fmt::Debug for PathWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PathWatch")
            .field("session", &self.room.session.id)
            .field("stale", &self.stale)
            .finish_non_exhaustive()
    }
}
