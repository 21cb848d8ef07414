//! A session of the client's pool: replaced when it ends, and watched by the nodes that belong to
//! it.

mod backoff;
mod credentials;
mod diagnose;
mod dial;
mod ensemble;
mod io_thread;
mod live;
mod names;
mod open;
mod pool;
mod storm;
mod supervise;
mod throttle;
#[cfg_attr(not(feature = "tls"), path = "session/without_tls.rs")]
mod tls;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

pub use backoff::Backoff;
pub(crate) use backoff::jittered;
pub(crate) use credentials::Credentials;
pub(crate) use ensemble::EnsembleCheck;
pub(crate) use io_thread::start_io_thread;
pub(crate) use live::{Connection, LiveSession, ReadContext};
pub(crate) use names::Names;
pub(crate) use pool::SessionPool;
pub(crate) use tls::Tls;

use crate::nodes::NodeList;
use crate::reading::SessionKey;

/// How many bytes of watched paths one session may carry. The ZooKeeper crate sets watches again
/// after a reconnect in requests of 128 KiB that share one xid, so that a second request would end
/// the session; the rest is room for watches that are being replaced.
const SESSION_PATH_BYTES: usize = 96 << 10;
/// What a watched path costs beside its characters: its length.
const PATH_OVERHEAD: usize = 4;

/// One session of the pool.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: usize,
    /// How many bytes of paths are watched.
    used: AtomicUsize,
    context: watch::Sender<ReadContext>,
    connection: watch::Sender<Connection>,
    /// Since when there is no connection, if there was one or an attempt failed.
    down_since: Mutex<Option<Instant>>,
    /// What the log says about the ensemble.
    reported: Mutex<EnsembleCheck>,
    pub(crate) nodes: NodeList,
}

impl Session {
    fn new(id: usize) -> Self {
        let context = ReadContext { session: None, ensemble: EnsembleCheck::Unknown, closed: false };
        Self {
            id,
            used: AtomicUsize::new(0),
            context: watch::Sender::new(context),
            connection: watch::Sender::new(Connection::Down),
            down_since: Mutex::default(),
            reported: Mutex::new(EnsembleCheck::Unknown),
            nodes: NodeList::default(),
        }
    }

    /// What a path costs in a session.
    pub(crate) fn cost(chroot: &str, path: &str) -> usize {
        chroot.len() + path.len() + PATH_OVERHEAD
    }

    /// Takes room for a path, if there is any. A path that is too long for every session gets one
    /// to itself.
    fn take_room(&self, cost: usize) -> bool {
        let fits = |used: usize| (used == 0 || used + cost <= SESSION_PATH_BYTES).then_some(used + cost);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok()
    }

    /// Gives room back.
    pub(crate) fn give_room(&self, cost: usize) {
        self.used.fetch_sub(cost, Ordering::Relaxed);
    }

    /// Follows what the readings of nodes depend on.
    pub(crate) fn context(&self) -> watch::Receiver<ReadContext> {
        self.context.subscribe()
    }

    /// Changes what the readings depend on; `change` says whether the nodes must be woken.
    fn change_context(&self, change: impl FnOnce(&mut ReadContext) -> bool) {
        self.context.send_if_modified(change);
    }

    /// Calls `log` with what was reported before if `found` is something new.
    fn report_ensemble(&self, found: &EnsembleCheck, log: impl FnOnce(&EnsembleCheck)) {
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        if *reported != *found {
            log(&reported);
            *reported = found.clone();
        }
    }

    fn set_connection(&self, connection: Connection) -> Connection {
        if !matches!(connection, Connection::Up(_)) {
            self.down_since().get_or_insert_with(Instant::now);
        }
        self.connection.send_replace(connection)
    }

    /// How long there was no connection; asked once, when there is one again.
    fn outage(&self) -> Option<Duration> {
        self.down_since().take().map(|since| since.elapsed())
    }

    fn down_since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.down_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until reads are allowed; `None` when the client is closed. Cancel-safe.
    pub(crate) async fn connected(&self) -> Option<Arc<LiveSession>> {
        let mut connection = self.connection.subscribe();
        // The sender is this session's own, so this cannot fail.
        let connection =
            connection.wait_for(|connection| !matches!(connection, Connection::Down)).await.ok()?;
        connection.live().cloned()
    }

    /// Waits until requests cannot be sent in the session `key` right now. Cancel-safe.
    pub(crate) async fn disconnected(&self, key: SessionKey) {
        let _ = self.connection.subscribe().wait_for(|connection| !connection.is_up(key)).await;
    }

    /// The session that is live right now, with a server that has a quorum.
    pub(crate) fn live(&self) -> Option<Arc<LiveSession>> {
        let live = self.connection.borrow().live().cloned()?;
        (live.client.state() == zookeeper::SessionState::SyncConnected).then_some(live)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_takes_paths_up_to_its_limit() {
        let session = Session::new(0);
        assert!(session.take_room(SESSION_PATH_BYTES - 10));
        assert!(!session.take_room(11));
        assert!(session.take_room(10));
        session.give_room(10);
        assert!(session.take_room(10));
    }

    #[test]
    fn a_path_too_long_for_any_session_gets_its_own() {
        let session = Session::new(0);
        assert!(session.take_room(SESSION_PATH_BYTES + 1));
        assert!(!session.take_room(1));
    }

    #[test]
    fn the_chroot_counts() {
        assert_eq!(Session::cost("/prod", "/a"), 7 + PATH_OVERHEAD);
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_begins_with_the_lost_connection_and_is_told_once() {
        let session = Session::new(0);
        assert_eq!(session.outage(), None);
        session.set_connection(Connection::Down);
        tokio::time::advance(Duration::from_secs(40)).await;
        session.set_connection(Connection::Down);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(session.outage(), Some(Duration::from_secs(42)));
        assert_eq!(session.outage(), None);
    }
}
