//! What a read of a node gives.

use std::fmt;
use std::num::NonZeroU32;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::{Error, Reservation};

/// One read of one node.
#[derive(Debug)]
#[non_exhaustive]
pub struct Reading {
    /// What the node is.
    pub state: NodeState,
    /// The session that it was read in.
    pub session: SessionKey,
    /// Whether a read-only server answered: how old that is cannot be known.
    pub read_only: bool,
}

impl Reading {
    /// One read, as a test's source of nodes makes it: of a writable server.
    pub fn new(state: NodeState, session: SessionKey) -> Self {
        Self { state, session, read_only: false }
    }

    /// Whether the client was closed, so that no further reading comes.
    pub fn is_closed(&self) -> bool {
        matches!(&self.state, NodeState::Unreadable(Unreadable::Other(Error::Closed)))
    }
}

/// Tells one session from every other one of this process. A reconnect within a session keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey(NonZeroU32);

impl SessionKey {
    /// A key that no other session of this process has; a test's source of nodes needs its own.
    pub fn unique() -> Self {
        // Four billion sessions of one process: a new one a second for a century.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Self(NonZeroU32::MIN.saturating_add(NEXT.fetch_add(1, Ordering::Relaxed)))
    }
}

/// A session between two resumes: its key, and how often it was resumed. The ZooKeeper crate also
/// resumes with a server that answers with another session id and does not tell. So nothing that
/// was seen before a resume proves anything after it.
pub(crate) type Incarnation = (SessionKey, u32);

/// What a node is.
#[derive(Debug)]
#[non_exhaustive]
pub enum NodeState {
    /// It is there.
    Present {
        /// Its content.
        data: NodeData,
        /// What ZooKeeper keeps about it.
        stat: NodeStat,
    },
    /// It is there, with more bytes than are read: its content was not asked for.
    TooLarge {
        /// Its size in bytes, as the server announced it.
        bytes: usize,
        /// The most that is read: `zookeeper.max_read_bytes`, or what
        /// [`NodeWatch::at_most`](crate::NodeWatch::at_most) was given.
        limit: usize,
    },
    /// It is not there.
    Absent(Absence),
    /// It may or may not be there.
    Unreadable(Unreadable),
}

/// The parts of a znode's stat that tell one state from another. Compare `mzxid` and `czxid`, not
/// `version`, which starts again from 0 when a node is deleted and created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeStat {
    /// The transaction that created the node.
    pub czxid: i64,
    /// The transaction that last changed its content.
    pub mzxid: i64,
    /// How often its content was changed.
    pub version: i32,
    /// Its size in bytes.
    pub data_length: i32,
    /// When its content was last changed by the clock of the leader, in milliseconds since 1970; 0
    /// if that is not known.
    pub mtime: i64,
}

impl NodeStat {
    /// The parts of a stat, as a test's source of nodes makes them.
    pub fn new(czxid: i64, mzxid: i64, version: i32, data_length: i32) -> Self {
        Self { czxid, mzxid, version, data_length, mtime: 0 }
    }

    /// The same with the time of the last change.
    #[must_use]
    pub fn changed_at(mut self, mtime: i64) -> Self {
        self.mtime = mtime;
        self
    }
}

impl From<&zookeeper::Stat> for NodeStat {
    fn from(stat: &zookeeper::Stat) -> Self {
        Self::new(stat.czxid, stat.mzxid, stat.version, stat.data_length).changed_at(stat.mtime)
    }
}

/// A node's content; null is empty. It counts against
/// [`Options::read_budget_bytes`](crate::Options) until it is dropped: a caller that has to wait
/// before using it drops it and reads again, or the other nodes starve.
///
/// Its `Debug` shows the length only, since content may be secret.
pub struct NodeData {
    bytes: Vec<u8>,
    reservation: Reservation,
}

impl NodeData {
    pub(crate) fn new(bytes: Vec<u8>, reservation: Reservation) -> Self {
        Self { bytes, reservation }
    }

    /// The bytes, and what they count against the budget: they do until the [`Reservation`] is
    /// dropped.
    pub fn into_parts(self) -> (Vec<u8>, Reservation) {
        (self.bytes, self.reservation)
    }
}

impl From<Vec<u8>> for NodeData {
    /// Content that counts against no budget, as a test's source makes it.
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, reservation: Reservation::default() }
    }
}

impl Deref for NodeData {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for NodeData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeData({} bytes)", self.bytes.len())
    }
}

/// How surely a missing node is meant to be missing. A wrong host, a wiped ensemble or a missing
/// chroot makes every node look deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Absence {
    /// It was deleted in the session in which it was seen present.
    Deleted,
    /// It is missing from an ensemble that holds data: the chroot exists, or without a chroot the
    /// root has a child besides `zookeeper`.
    Confirmed,
    /// It is missing, and so may be everything else: do not act on it.
    Unconfirmed {
        /// Why it is not believed, as a clause without a full stop.
        reason: Arc<str>,
    },
}

impl Absence {
    /// Whether the node is surely missing, so that its file may go.
    pub fn is_certain(&self) -> bool {
        matches!(self, Self::Deleted | Self::Confirmed)
    }
}

/// Why a node cannot be read. It is tried again, every 10 s at most often.
#[derive(Debug)]
#[non_exhaustive]
pub enum Unreadable {
    /// The credentials may not read it. Digest authentication takes any password, so that a wrong
    /// one shows only here.
    NoAuth,
    /// Something else that concerns this node, for example an invalid path.
    Other(Error),
}

impl Unreadable {
    pub(crate) fn of(error: Error) -> Self {
        match error.said() {
            Some(zookeeper::Error::NoAuth) => Self::NoAuth,
            _ => Self::Other(error),
        }
    }
}

impl fmt::Display for Unreadable {
    /// The reason with its causes in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAuth => f.write_str("not authorized (check zookeeper.credentials and the node's ACL)"),
            Self::Other(error) => write!(f, "{error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unconfirmed_absence_is_not_certain() {
        let unconfirmed = Absence::Unconfirmed { reason: "it is empty".into() };
        let certain = [Absence::Deleted, Absence::Confirmed, unconfirmed].map(|absence| absence.is_certain());
        assert_eq!(certain, [true, true, false]);
    }

    #[test]
    fn only_the_end_of_the_client_is_closed() {
        let reading = |why| Reading {
            state: NodeState::Unreadable(why),
            session: SessionKey::unique(),
            read_only: false,
        };
        assert!(reading(Unreadable::Other(Error::Closed)).is_closed());
        assert!(!reading(Unreadable::NoAuth).is_closed());
    }
}
