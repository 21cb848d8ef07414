//! A live session, and what nodes need to know of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use super::EnsembleCheck;
use super::storm::SessionTask;
use crate::reading::SessionKey;

/// A live ZooKeeper session that nodes may be read in: its server has caught up with its leader, or
/// is read-only.
#[derive(Debug)]
pub(crate) struct LiveSession {
    pub(crate) key: SessionKey,
    pub(crate) client: zookeeper::Client,
    /// After the client: the session closes only when no client is left.
    pub(super) task: SessionTask,
    pub(crate) read_only: bool,
    /// How often the session was resumed. The ZooKeeper crate also resumes with a server that
    /// answers with another session id and does not tell, so nothing seen before a resume proves
    /// that a node was deleted.
    pub(super) resumes: AtomicU32,
    /// The session was resumed: the ensemble has to be checked again.
    pub(super) resumed: Notify,
    /// A request met a failure that should not be: the supervisor checks the session.
    pub(crate) suspect: Notify,
    /// The ZooKeeper crate panicked: the supervisor replaces the session.
    pub(crate) broken: Notify,
}

impl LiveSession {
    pub(super) fn new(client: zookeeper::Client, task: SessionTask, read_only: bool) -> Self {
        Self {
            key: SessionKey::unique(),
            client,
            task,
            read_only,
            resumes: AtomicU32::new(0),
            resumed: Notify::new(),
            suspect: Notify::new(),
            broken: Notify::new(),
        }
    }

    /// How often the session was resumed so far.
    pub(crate) fn resumes(&self) -> u32 {
        self.resumes.load(Ordering::Relaxed)
    }

    /// One round trip. With a server that has a quorum it also makes that server catch up with its
    /// leader, and everything that changed before has fired its watch when this returns.
    async fn prove(&self) -> Result<(), zookeeper::Error> {
        if self.read_only { self.client.check_stat("/").await.map(drop) } else { self.client.sync("/").await }
    }

    /// Whether that works within `limit`.
    pub(crate) async fn answers(&self, limit: Duration) -> bool {
        matches!(timeout(limit, self.prove()).await, Ok(Ok(())))
    }
}

/// Whether requests can be sent right now.
#[derive(Debug, Clone)]
pub(crate) enum Connection {
    Down,
    Up(Arc<LiveSession>),
    Closed,
}

impl Connection {
    pub(crate) fn live(&self) -> Option<&Arc<LiveSession>> {
        match self {
            Self::Up(live) => Some(live),
            Self::Down | Self::Closed => None,
        }
    }

    pub(super) fn is_up(&self, key: SessionKey) -> bool {
        self.live().is_some_and(|live| live.key == key)
    }
}

/// What the readings of nodes depend on. It stays through a lost connection.
#[derive(Debug, Clone)]
pub(crate) struct ReadContext {
    /// The session that nodes are to be read in.
    pub(crate) session: Option<SessionKey>,
    /// What that session found out about the ensemble.
    pub(crate) ensemble: EnsembleCheck,
    pub(crate) closed: bool,
}
