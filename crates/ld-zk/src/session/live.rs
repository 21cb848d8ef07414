//! A live session, and what nodes need to know of it.

use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::storm::SessionTask;
use crate::reading::{Incarnation, SessionKey};

/// A live ZooKeeper session that nodes may be read in: its server has caught up with its leader, or
/// is read-only.
#[derive(Debug)]
pub(crate) struct LiveSession {
    pub(crate) key: SessionKey,
    pub(crate) client: zookeeper::Client,
    /// After the client: the session closes only when no client is left.
    pub(super) task: SessionTask,
    pub(crate) read_only: bool,
    /// How often the session was resumed.
    pub(super) resumes: watch::Sender<u32>,
    /// A request met a failure that should not be: the supervisor checks the session.
    pub(crate) suspect: Notify,
    /// The ZooKeeper crate panicked: the supervisor replaces the session.
    pub(crate) broken: Notify,
}

impl LiveSession {
    /// What the answers that come now are worth.
    pub(crate) fn incarnation(&self) -> Incarnation {
        (self.key, *self.resumes.borrow())
    }

    /// Whether one round trip works within `limit`. With a server that has a quorum it also makes
    /// that server catch up with its leader, and everything that changed before has fired its watch
    /// when this returns.
    pub(crate) async fn answers(&self, limit: Duration) -> bool {
        let round_trip = async {
            if self.read_only {
                self.client.check_stat("/").await.map(drop)
            } else {
                self.client.sync("/").await
            }
        };
        matches!(timeout(limit, round_trip).await, Ok(Ok(())))
    }
}
