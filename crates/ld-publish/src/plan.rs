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

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use ld_zk::zookeeper;
use tracing::info;

use crate::Error;
use crate::diff::{self, Diff, DiffOptions};
use crate::present::{self, Present, Unanswered, bounded, read_node};

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

/// A node's present content beside what shall replace it. `Debug` shows no content.
pub struct Plan {
    pub(crate) present: Present,
    pub(crate) new: Vec<u8>,
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
    if new.len() > max_node_bytes {
        // The path is judged first.
        present::node_path(path)?;
        return Err(Error::TooLarge { limit: max_node_bytes });
    }
    Present::read(client, path).await?.plan(new, max_node_bytes)
}

impl Plan {
    /// The node's path below the chroot, as it is written.
    pub fn path(&self) -> &str {
        self.present.path()
    }

    /// What the node holds.
    pub fn old_content(&self) -> &[u8] {
        self.present.content()
    }

    /// What it shall hold.
    pub fn new_content(&self) -> &[u8] {
        &self.new
    }

    /// Whether there is anything to write.
    pub fn is_change(&self) -> bool {
        self.old_content() != self.new
    }

    /// The change as text, bounded in time and size. It shows the content, and so the key in a
    /// pointer to S3.
    pub fn diff(&self, options: &DiffOptions) -> Diff {
        diff::diff(self.old_content(), &self.new, options)
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
            session = self.present.client.session() => session?,
        };
        let write = bounded(session.set_data(self.path(), &self.new, Some(self.present.stat.version)));
        let answer = tokio::select! {
            answer = write => answer,
            () = interrupt => Err(Unanswered::Interrupted),
        };
        match answer {
            Ok(stat) => Ok(self.published(&stat)),
            Err(Unanswered::Refused(zookeeper::Error::BadVersion)) => Err(Error::ChangedMeanwhile),
            Err(cause @ Unanswered::Refused(zookeeper::Error::NoNode | zookeeper::Error::NoAuth)) => {
                Err(Error::write(self.path(), cause))
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
        let limit = self.present.client.max_read_bytes().max(self.new.len());
        loop {
            let read = async {
                // A lagging server could show the node as it was before the write.
                session.sync(self.path()).await.map_err(Unanswered::Refused)?;
                read_node(&session, self.path(), limit).await
            };
            match read.await {
                Ok((data, stat)) => return Some(Found { data, stat, behind_the_write }),
                Err(Unanswered::Refused(zookeeper::Error::NoNode | zookeeper::Error::NoAuth)) => return None,
                Err(Unanswered::TooLarge { .. }) => return None,
                Err(_) => tokio::time::sleep(LOOK_INTERVAL).await,
            }
            if session.state().is_terminated() {
                behind_the_write = false;
                session = self.present.client.session().await.ok()?;
            }
        }
    }

    fn conclude(&self, found: &Found, cause: String) -> Result<Published, Error> {
        let (before, now) = (&self.present.stat, &found.stat);
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

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.new.len();
        f.debug_struct("Plan").field("present", &self.present).field("bytes", &bytes).finish()
    }
}
