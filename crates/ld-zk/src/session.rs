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
mod status;
mod storm;
mod supervise;
#[cfg_attr(not(feature = "tls"), path = "session/without_tls.rs")]
mod tls;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::watch;

pub use backoff::Backoff;
pub(crate) use backoff::jittered;
pub(crate) use credentials::Credentials;
pub(crate) use ensemble::EnsembleCheck;
pub(crate) use io_thread::start_io_thread;
pub(crate) use live::LiveSession;
pub(crate) use names::Names;
pub(crate) use pool::SessionPool;
pub(crate) use status::SessionStatus;
pub(crate) use tls::Tls;

use crate::nodes::NodeList;
use crate::reading::SessionKey;
use crate::{ClientState, Error, SessionInfo};

/// How many bytes of watched paths one session may carry. The ZooKeeper crate sets watches again
/// after a reconnect in requests of 128 KiB that share one xid, so that a second request would end
/// the session; the rest is room for watches that are being replaced.
const SESSION_PATH_BYTES: usize = 96 << 10;

/// One session of the pool.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: usize,
    /// How many bytes of paths are watched.
    used: AtomicUsize,
    pub(crate) status: watch::Sender<SessionStatus>,
    /// What the users of the client see of all its sessions.
    states: watch::Sender<ClientState>,
    pub(crate) nodes: NodeList,
}

/// The room of one path in a session: given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) session: Arc<Session>,
    bytes: usize,
}

impl Session {
    fn new(id: usize, states: watch::Sender<ClientState>) -> Self {
        Self {
            id,
            used: AtomicUsize::new(0),
            status: watch::Sender::default(),
            states,
            nodes: NodeList::default(),
        }
    }

    /// Takes room for a path, if there is any. A path that is too long for every session gets one
    /// to itself.
    fn room(self: &Arc<Self>, bytes: usize) -> Option<Room> {
        let fits = |used: usize| (used == 0 || used + bytes <= SESSION_PATH_BYTES).then_some(used + bytes);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).ok()?;
        Some(Room { session: Arc::clone(self), bytes })
    }

    /// Changes the status, and shows it to the users of the client; `error` is why there is no
    /// connection any more.
    fn change(&self, error: Option<Error>, change: impl FnOnce(&mut SessionStatus)) {
        self.status.send_modify(change);
        let (state, error) = (self.status.borrow().state(), error.map(Arc::new));
        self.states.send_if_modified(|client| client.set(self.id, state, error));
    }

    /// Counts something for the users of the client, without waking them.
    pub(crate) fn count(&self, count: impl FnOnce(&mut SessionInfo)) {
        self.states.send_if_modified(|client| {
            client.sessions.get_mut(self.id).map(count);
            false
        });
    }

    /// Lets requests be sent in `live`. Returns how long there was no connection.
    fn connected_to(&self, live: &Arc<LiveSession>, ensemble: EnsembleCheck) -> Option<Duration> {
        let mut outage = None;
        self.count(|session| session.connects += 1);
        self.change(None, |status| outage = status.connect(Arc::clone(live), ensemble));
        outage
    }

    /// Waits until reads are allowed; `None` when the client is closed. Cancel-safe.
    pub(crate) async fn connected(&self) -> Option<Arc<LiveSession>> {
        let mut status = self.status.subscribe();
        // The sender is this session's own, so this cannot fail.
        let status = status.wait_for(|status| status.closed || status.connected().is_some()).await.ok()?;
        status.connected().cloned()
    }

    /// Waits until requests cannot be sent in the session `key` right now. Cancel-safe.
    pub(crate) async fn disconnected(&self, key: SessionKey) {
        let is_other = |status: &SessionStatus| status.connected().is_none_or(|live| live.key != key);
        let _ = self.status.subscribe().wait_for(is_other).await;
    }

    /// The session that is live right now, with a server that has a quorum.
    pub(crate) fn live(&self) -> Option<Arc<LiveSession>> {
        let live = self.status.borrow().connected().cloned()?;
        (live.client.state() == zookeeper::SessionState::SyncConnected).then_some(live)
    }
}

impl Room {
    /// Takes `bytes` out of it, as a room of their own.
    fn split_off(&mut self, bytes: usize) -> Self {
        self.bytes -= bytes;
        Self { session: Arc::clone(&self.session), bytes }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.session.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Arc<Session> {
        Arc::new(Session::new(0, watch::Sender::default()))
    }

    #[test]
    fn a_session_takes_paths_up_to_its_limit() {
        let session = session();
        let _most = session.room(SESSION_PATH_BYTES - 10).unwrap();
        assert!(session.room(11).is_none());
        let last = session.room(10);
        assert!(session.room(1).is_none());
        drop(last);
        assert!(session.room(10).is_some());
    }

    #[test]
    fn a_room_that_is_split_is_given_back_piece_by_piece() {
        let session = session();
        let mut all = session.room(SESSION_PATH_BYTES).unwrap();
        let part = all.split_off(10);
        drop(all);
        assert!(session.room(SESSION_PATH_BYTES).is_none());
        drop(part);
        assert!(session.room(SESSION_PATH_BYTES).is_some());
    }

    #[test]
    fn a_path_too_long_for_any_session_gets_its_own() {
        let session = session();
        let _all = session.room(SESSION_PATH_BYTES + 1).unwrap();
        assert!(session.room(1).is_none());
    }
}
