//! A file into a node: read, compare, and set only what was compared.
//!
//! A write whose answer is lost may still be on its way: in a proxy, in the buffers of a frozen server. To see the node unchanged
//! is therefore no proof by itself. Within the session that wrote it is one: ZooKeeper serves a session's requests in order, a server
//! that the session resumes on closes its old connection first, and one that it moved away from is refused (`SessionMoved`), so
//! that nothing of the write can come after the answers to `sync` and a read. Any other session proves only what cannot be undone:
//! that the content is there, or that the version that the write was for has gone.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use ld_config::NodeConfig;
use ld_zk::zookeeper;
use tracing::info;

use crate::Error;
use crate::diff::{self, Diff, DiffOptions};
use crate::file::Target;
use crate::guard::{self, Checks, Verdict};

/// A request that is not answered within this is given up; the answer of a write is then read back.
const REQUEST_LIMIT: Duration = Duration::from_secs(15);

/// How long a write whose answer was lost is looked for before it is reported as unknown.
const READ_BACK_LIMIT: Duration = Duration::from_secs(15);

/// The pause before another look, while the connection is being resumed.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// A node's present content beside what shall replace it.
#[derive(Debug)]
pub struct Plan {
    client: ld_zk::Client,
    path: String,
    old: Vec<u8>,
    new: Vec<u8>,
    read: zookeeper::Stat,
}

/// Reads the node at `path` and compares it with `new`. Missing, trailing and doubled slashes are repaired.
///
/// # Errors
///
/// - [`Error::InvalidPath`]: no node can have that path.
/// - [`Error::Path`] for the root: it is never a live data node.
/// - [`Error::TooLarge`] if `new` has more than `max_node_bytes`: the server would drop the connection, so it is
///   not asked.
/// - [`Error::NodeMissing`], [`Error::NotAuthorized`]: the node cannot be read.
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
    let (old, read) = bounded(session.get_data(&path)).await.map_err(|cause| Error::read(&path, cause))?;
    Ok(Plan { client: client.clone(), path, old, new, read })
}

/// Judges `content` by the guards of `node`, as a watcher with that configuration will. A check sees the content in a private
/// file below the system's directory for temporary files. Blocks, for the 10 s of a check at most, or until `checks` are ended.
///
/// # Errors
///
/// - [`Error::Rejected`] if a guard rejects it or cannot judge it.
/// - [`Error::Interrupted`] if [`Checks::end`] came before the check accepted it.
pub fn judge(node: &NodeConfig, content: &[u8], checks: &Checks) -> Result<(), Error> {
    let mut place = Target::from(node);
    place.path = std::env::temp_dir().join("candidate").into();
    guard::judge(&node.guards, &place, content, checks).map_err(|verdict| match verdict {
        Verdict::Interrupted => Error::Interrupted,
        verdict => Error::Rejected { node: node.name.clone(), reason: verdict.describe() },
    })
}

impl Plan {
    /// Whether there is anything to write.
    pub fn is_change(&self) -> bool {
        self.old != self.new
    }

    /// The change as text, bounded in time and size.
    pub fn diff(&self, options: &DiffOptions) -> Diff {
        diff::diff(&self.old, &self.new, options)
    }

    /// Writes the node if it still is what was compared. When no answer comes within 15 s, or the connection is lost, or
    /// `interrupt` resolves first, the node is read back, for 15 s at most, so that the caller learns whether the write happened.
    ///
    /// # Errors
    ///
    /// - [`Error::Interrupted`]: `interrupt` resolved before anything was sent.
    /// - [`Error::ChangedMeanwhile`]: somebody else wrote the node; nothing was written.
    /// - [`Error::NodeMissing`], [`Error::NotAuthorized`], [`Error::Client`]: nothing was written.
    /// - [`Error::NotWritten`]: the answer was lost, the node was seen unchanged afterwards, and the write cannot come any more.
    /// - [`Error::Unknown`]: it may have been written.
    pub async fn commit(&self, interrupt: impl Future<Output = ()>) -> Result<(), Error> {
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
            Ok(_) => Ok(()),
            Err(Unanswered::Refused(zookeeper::Error::BadVersion)) => Err(Error::ChangedMeanwhile),
            Err(cause @ Unanswered::Refused(zookeeper::Error::NoNode | zookeeper::Error::NoAuth)) => {
                Err(Error::write(&self.path, cause))
            }
            Err(cause) => self.read_back(session, cause.to_string()).await,
        }
    }

    /// What became of a write whose answer was lost.
    async fn read_back(&self, session: zookeeper::Client, cause: String) -> Result<(), Error> {
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
        loop {
            let read = async {
                // A lagging server could show the node as it was before the write.
                session.sync(&self.path).await?;
                session.get_data(&self.path).await
            };
            match read.await {
                Ok((data, stat)) => return Some(Found { data, stat, behind_the_write }),
                Err(zookeeper::Error::NoNode | zookeeper::Error::NoAuth) => return None,
                Err(_) => tokio::time::sleep(LOOK_INTERVAL).await,
            }
            if session.state().is_terminated() {
                behind_the_write = false;
                session = self.client.session().await.ok()?;
            }
        }
    }

    fn conclude(&self, found: &Found, cause: String) -> Result<(), Error> {
        let (before, now) = (&self.read, &found.stat);
        let next = now.version == before.version.wrapping_add(1);
        if next && found.data == self.new {
            // Should somebody else have written the same: the node holds what it was to hold, and the write is void.
            Ok(())
        } else if next && now.czxid == before.czxid {
            Err(Error::ChangedMeanwhile)
        } else if found.behind_the_write && now.mzxid == before.mzxid {
            Err(Error::NotWritten { cause })
        } else {
            Err(Error::Unknown { cause })
        }
    }
}

/// A node that was read back.
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
}

async fn bounded<T>(request: impl Future<Output = Result<T, zookeeper::Error>>) -> Result<T, Unanswered> {
    match tokio::time::timeout(REQUEST_LIMIT, request).await {
        Ok(answer) => answer.map_err(Unanswered::Refused),
        Err(_) => Err(Unanswered::Silence),
    }
}
