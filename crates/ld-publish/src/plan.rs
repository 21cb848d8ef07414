//! A file into a node: read, compare, and set only what was compared.
//!
//! A write without an answer may still be on its way: in a proxy, or in the buffers of a frozen
//! server. An unchanged node is therefore no proof by itself. It is one within the session that
//! wrote:
//!
//! - ZooKeeper serves a session's requests in order.
//! - A server on which the session resumes closes its old connection first.
//! - A server that the session has left refuses its requests (`SessionMoved`).
//!
//! So nothing of the write can arrive after the answers to `sync` and a read. Another session
//! proves only what cannot be undone: the content is there, or the version that the write was for
//! is gone.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use ld_zk::zookeeper;
use tracing::info;

use crate::Error;
use crate::diff::{self, Diff, DiffOptions};

/// A request that is not answered within this is given up; the answer of a write is then read back.
const REQUEST_LIMIT: Duration = Duration::from_secs(15);

/// How long a write without an answer is looked for before it is reported as unknown.
const READ_BACK_LIMIT: Duration = Duration::from_secs(15);

/// The pause before another look, while the connection is being resumed.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// What a write made of its node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Published {
    /// The node's version now.
    pub version: i32,
    /// The transaction that wrote it.
    pub mzxid: i64,
    /// The size of its content in bytes.
    pub bytes: usize,
}

/// A node's present content beside what shall replace it.
#[derive(Debug)]
pub struct Plan {
    client: ld_zk::Client,
    path: String,
    old: Vec<u8>,
    new: Vec<u8>,
    read: zookeeper::Stat,
}

/// Reads the node at `path` and compares it with `new`. Missing, trailing and doubled slashes are
/// repaired. `max_node_bytes` is usually that of the
/// [`ZooKeeperConfig`](ld_config::ZooKeeperConfig::max_node_bytes).
///
/// It waits for a session as long as [`ld_zk::Options::session_wait`] says, then 15 s for the
/// answer. Cancel-safe.
///
/// # Errors
///
/// - [`Error::InvalidPath`]: no node can have that path.
/// - [`Error::Path`] for the root: it is never a live data node.
/// - [`Error::TooLarge`] if `new` has more than `max_node_bytes`: the server would drop the
///   connection, so it is not asked.
/// - [`Error::NodeTooLarge`] if the node has more bytes than
///   [`Client::max_read_bytes`](ld_zk::Client::max_read_bytes): its length is asked first.
/// - [`Error::NodeMissing`], [`Error::NotAuthorized`], [`Error::Read`]: the node cannot be read.
/// - [`Error::Client`]: no session in time.
pub async fn plan(
    client: &ld_zk::Client,
    path: &str,
    new: Vec<u8>,
    max_node_bytes: usize,
) -> Result<Plan, Error> {
    let given = path;
    let path = ld_config::znode_path(given)?;
    if path == "/" {
        return Err(Error::Path { path: given.to_owned() });
    }
    if new.len() > max_node_bytes {
        return Err(Error::TooLarge { limit: max_node_bytes });
    }
    let session = client.session().await?;
    let read = read_node(&session, &path, client.max_read_bytes()).await;
    let (old, read) = read.map_err(|cause| Error::read(&path, cause))?;
    Ok(Plan { client: client.clone(), path, old, new, read })
}

impl Plan {
    /// The node's path below the chroot, as it is written.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether there is anything to write.
    pub fn is_change(&self) -> bool {
        self.old != self.new
    }

    /// The change as text, bounded in time and size.
    pub fn diff(&self, options: &DiffOptions) -> Diff {
        diff::diff(&self.old, &self.new, options)
    }

    /// Writes the node if it still is what was compared. When no answer comes within 15 s, or the
    /// connection is lost, or `interrupt` resolves first, the node is read back, for 15 s at most,
    /// so that the caller learns whether the write happened.
    ///
    /// # Errors
    ///
    /// - [`Error::Interrupted`]: `interrupt` resolved before anything was sent.
    /// - [`Error::ChangedMeanwhile`]: another client wrote the node; nothing was written.
    /// - [`Error::NodeMissing`], [`Error::NotAuthorized`], [`Error::Client`]: nothing was written.
    /// - [`Error::NotWritten`]: the answer was lost, the node was seen unchanged afterwards, and
    ///   the write cannot come any more.
    /// - [`Error::Unknown`]: it may have been written.
    ///
    /// Not cancel-safe: what became of a write that was sent is not known then.
    pub async fn commit(&self, interrupt: impl Future<Output = ()>) -> Result<Published, Error> {
        let mut interrupt = pin!(interrupt);
        let session = tokio::select! {
            biased;
            () = &mut interrupt => return Err(Error::Interrupted),
            session = self.client.session() => session?,
        };
        let write = bounded(session.set_data(&self.path, &self.new, Some(self.read.version)));
        let answer = tokio::select! {
            answer = write => answer,
            () = interrupt => Err(Unanswered::Interrupted),
        };
        match answer {
            Ok(stat) => Ok(self.published(&stat)),
            Err(Unanswered::Refused(zookeeper::Error::BadVersion)) => Err(Error::ChangedMeanwhile),
            Err(cause @ Unanswered::Refused(zookeeper::Error::NoNode | zookeeper::Error::NoAuth)) => {
                Err(Error::write(&self.path, cause))
            }
            Err(cause) => self.read_back(session, cause.to_string()).await,
        }
    }

    /// What became of a write without an answer.
    async fn read_back(&self, session: zookeeper::Client, cause: String) -> Result<Published, Error> {
        let limit = READ_BACK_LIMIT.as_secs();
        info!("{cause}: looking whether it was written, for {limit} seconds at most");
        match tokio::time::timeout(READ_BACK_LIMIT, self.look(session)).await {
            Ok(Some(found)) => self.conclude(&found, cause),
            _ => Err(Error::Unknown { cause }),
        }
    }

    /// The node behind the write, or as another session sees it when the one that wrote has ended.
    async fn look(&self, mut session: zookeeper::Client) -> Option<Found> {
        let mut behind_the_write = true;
        // What was written may be larger than what is read otherwise.
        let limit = self.client.max_read_bytes().max(self.new.len());
        loop {
            let read = async {
                // A lagging server could show the node as it was before the write.
                session.sync(&self.path).await.map_err(Unanswered::Refused)?;
                read_node(&session, &self.path, limit).await
            };
            match read.await {
                Ok((data, stat)) => return Some(Found { data, stat, behind_the_write }),
                Err(Unanswered::Refused(zookeeper::Error::NoNode | zookeeper::Error::NoAuth)) => return None,
                Err(Unanswered::TooLarge { .. }) => return None,
                Err(_) => tokio::time::sleep(LOOK_INTERVAL).await,
            }
            if session.state().is_terminated() {
                behind_the_write = false;
                session = self.client.session().await.ok()?;
            }
        }
    }

    fn conclude(&self, found: &Found, cause: String) -> Result<Published, Error> {
        let (before, now) = (&self.read, &found.stat);
        let next = now.version == before.version.wrapping_add(1);
        if next && found.data == self.new {
            // Even if another client has written the same: the node holds the content, and our
            // write cannot come any more.
            Ok(self.published(now))
        } else if next && now.czxid == before.czxid {
            Err(Error::ChangedMeanwhile)
        } else if found.behind_the_write && now.mzxid == before.mzxid {
            Err(Error::NotWritten { cause })
        } else {
            Err(Error::Unknown { cause })
        }
    }

    fn published(&self, stat: &zookeeper::Stat) -> Published {
        Published { version: stat.version, mzxid: stat.mzxid, bytes: self.new.len() }
    }
}

/// A node that was read back after the answer to its write was lost.
struct Found {
    data: Vec<u8>,
    stat: zookeeper::Stat,
    /// Whether the read was served after the write, or the write cannot come any more.
    behind_the_write: bool,
}

/// Why a request has no good answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswered {
    #[error("{0}")]
    Refused(zookeeper::Error),
    #[error("no answer within {} seconds", REQUEST_LIMIT.as_secs())]
    Silence,
    #[error("interrupted")]
    Interrupted,
    #[error("it has {bytes} bytes, and {limit} are read at most")]
    TooLarge { bytes: usize, limit: usize },
}

/// The content of a node, unless it has more than `limit` bytes. The ZooKeeper crate receives
/// whatever comes, so the length is asked first.
async fn read_node(
    session: &zookeeper::Client,
    path: &str,
    limit: usize,
) -> Result<(Vec<u8>, zookeeper::Stat), Unanswered> {
    let announced = bounded(session.check_stat(path)).await?;
    // Without a stat the read says why.
    let bytes = announced.map_or(0, |stat| usize::try_from(stat.data_length).unwrap_or(0));
    if bytes > limit {
        return Err(Unanswered::TooLarge { bytes, limit });
    }
    let (data, stat) = bounded(session.get_data(path)).await?;
    match data.len() {
        bytes if bytes > limit => Err(Unanswered::TooLarge { bytes, limit }),
        _ => Ok((data, stat)),
    }
}

async fn bounded<T>(request: impl Future<Output = Result<T, zookeeper::Error>>) -> Result<T, Unanswered> {
    match tokio::time::timeout(REQUEST_LIMIT, request).await {
        Ok(answer) => answer.map_err(Unanswered::Refused),
        Err(_) => Err(Unanswered::Silence),
    }
}
