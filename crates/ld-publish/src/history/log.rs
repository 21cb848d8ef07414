//! What a history says about a node.

use futures_util::stream::{self, StreamExt};
use ld_zk::zookeeper::{self, Stat};

use super::entry::{LogEntry, MAX_ENTRY_BYTES, Name};
use super::record::children;
use super::{History, HistoryError, Place, store};
use crate::Error;
use crate::present::node_path;
use crate::request::{IN_FLIGHT, Unanswered, bounded, find_node, find_stat};

/// How often it is read again because another client publishes meanwhile.
const ATTEMPTS: usize = 5;

/// What a history says about a node, beside what the node is now.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Log {
    /// The node's path below the chroot.
    pub path: String,
    /// Its publications, the oldest first.
    pub entries: Vec<LogEntry>,
    /// What the node is now.
    pub now: NodeNow,
}

/// What a node is now, as its history knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeNow {
    /// It holds what the last publication wrote.
    Published(Stat),
    /// Another tool has written it since then.
    Unrecorded(Stat),
    /// It does not exist.
    Missing,
}

/// What lies between a publication and the content before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Gap {
    /// Nothing.
    None,
    /// So many changes by other tools. Their contents are not known.
    Changes(i32),
    /// The node was removed and made again.
    Recreated,
    /// One of the two cannot be read.
    Unknown,
}

impl Log {
    /// The entry with this number.
    pub fn entry(&self, number: u32) -> Option<&LogEntry> {
        self.entries.iter().find(|entry| entry.number == number)
    }

    /// The entry of what the node holds now.
    pub fn present(&self) -> Option<&LogEntry> {
        let NodeNow::Published(stat) = self.now else { return None };
        self.entries.iter().rev().find(|entry| entry.is_of(&stat))
    }

    /// The last entry before what the node holds now.
    pub fn before_present(&self) -> Option<&LogEntry> {
        let number = self.present().map_or(u32::MAX, |present| present.number);
        self.entries.iter().rev().find(|entry| entry.problem.is_none() && entry.number < number)
    }

    /// What lies before the entry at `index` of [`Log::entries`]. The first one has nothing known
    /// before it.
    pub fn gap_before(&self, index: usize) -> Gap {
        let before = index.checked_sub(1).and_then(|index| self.entries.get(index));
        match (before, self.entries.get(index)) {
            (Some(before), Some(entry)) if before.problem.is_some() || entry.problem.is_some() => {
                Gap::Unknown
            }
            (Some(before), Some(entry)) => gap(before, entry.created, entry.version),
            _ => Gap::None,
        }
    }

    /// What lies between the last entry and what the node holds, if that is not recorded.
    pub fn gap_before_now(&self) -> Gap {
        match (self.entries.last(), self.now) {
            (Some(last), NodeNow::Unrecorded(_)) if last.problem.is_some() => Gap::Unknown,
            (Some(last), NodeNow::Unrecorded(stat)) => gap(last, stat.czxid, stat.version),
            _ => Gap::None,
        }
    }
}

fn gap(before: &LogEntry, created: i64, version: i32) -> Gap {
    if before.created != created {
        return Gap::Recreated;
    }
    match version.wrapping_sub(before.version).wrapping_sub(1) {
        0 => Gap::None,
        changes => Gap::Changes(changes),
    }
}

impl History {
    /// Reads the history of the node at `path`, and what the node is now. Cancel-safe.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidPath`], [`Error::Path`]: no live data node can have that path.
    /// - [`Error::DirectoryMissing`]: `live-data-ctl init` has not made the directory.
    /// - [`Error::NotAuthorized`], [`Error::Read`], [`Error::TooManyChildren`]: it cannot be read.
    /// - [`HistoryError::Changing`]: the node is removed, made or changed all the time.
    /// - [`Error::Client`]: no session in time.
    pub async fn read(&self, client: &ld_zk::Client, path: &str) -> Result<Log, Error> {
        let path = node_path(path)?;
        let place = self.place(&path);
        let session = client.session().await?;
        // What was published before this is to be seen. A read-only server refuses it.
        let _ = bounded(session.sync(&path)).await;
        let mut stat = find_stat(&session, &path).await?;
        for _ in 0..ATTEMPTS {
            // These are read after the node: the entry of what it held is among them.
            let mut entries = self.entries(&session, &place).await?;
            if let Some(stat) = stat.filter(|stat| entries.iter().any(|entry| entry.is_of(stat))) {
                entries.retain(|entry| !entry.is_recorded || entry.zxid <= stat.mzxid);
                return Ok(Log { path, entries, now: NodeNow::Published(stat) });
            }
            let after = find_stat(&session, &path).await?;
            match (stat, after) {
                (None, None) => return Ok(Log { path, entries, now: NodeNow::Missing }),
                (Some(before), Some(after)) if before.mzxid == after.mzxid => {
                    return Ok(Log { path, entries, now: NodeNow::Unrecorded(after) });
                }
                _ => stat = after,
            }
        }
        Err(HistoryError::Changing { path }.into())
    }

    /// All entries.
    async fn entries(&self, session: &zookeeper::Client, place: &Place) -> Result<Vec<LogEntry>, Error> {
        let (mut names, _) = match children(session, &place.path).await {
            Ok(listed) => listed,
            Err(Error::Absent { .. }) => return self.none(session).await,
            Err(cause) => return Err(cause),
        };
        names.sort_unstable();
        let read = |name: Name| async move {
            let path = place.child(&name.text());
            read_entry(session, &path, name).await.map_err(|cause| Error::read(&path, cause))
        };
        let read = stream::iter(names).map(read).buffered(IN_FLIGHT);
        let read: Vec<Result<Option<LogEntry>, Error>> = read.collect().await;
        read.into_iter().filter_map(Result::transpose).collect()
    }

    /// A node that was never published has no history; that must be told from a missing directory.
    async fn none(&self, session: &zookeeper::Client) -> Result<Vec<LogEntry>, Error> {
        let path = self.directory();
        match find_stat(session, &path).await? {
            Some(_) => Ok(Vec::new()),
            None => Err(Error::DirectoryMissing { path }),
        }
    }

    /// The content of a publication of the node at `path`. It is checked against its SHA-256.
    /// Cancel-safe.
    ///
    /// # Errors
    ///
    /// - [`Error::History`], [`Error::TooLargeToRead`]: it is not there as it was stored.
    /// - [`Error::NotAuthorized`], [`Error::Read`], [`Error::Client`]: it cannot be read.
    pub async fn content(
        &self,
        client: &ld_zk::Client,
        path: &str,
        entry: &LogEntry,
    ) -> Result<Vec<u8>, Error> {
        let place = self.place(&node_path(path)?);
        let session = client.session().await?;
        store::load(&session, &place, &entry.sha256, client.max_read_bytes()).await
    }
}

/// An entry; nothing if it was pruned meanwhile.
async fn read_entry(
    session: &zookeeper::Client,
    path: &str,
    name: Name,
) -> Result<Option<LogEntry>, Unanswered> {
    match find_node(session, path, MAX_ENTRY_BYTES).await {
        Ok(found) => Ok(found.map(|(data, stat)| LogEntry::of(name, &stat, Ok(&data)))),
        // Another ACL than that of the history.
        Err(cause @ (Unanswered::TooLarge { .. } | Unanswered::Refused(zookeeper::Error::NoAuth))) => {
            let stat = bounded(session.check_stat(path)).await?;
            Ok(stat.map(|stat| LogEntry::of(name, &stat, Err(cause.to_string()))))
        }
        Err(cause) => Err(cause),
    }
}
