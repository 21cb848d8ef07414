//! A file into a node: read, compare, and set only what was compared.

use std::future::Future;
use std::time::Duration;

use ld_config::NodeConfig;
use ld_zk::zookeeper;

use crate::Error;
use crate::diff::{self, Diff, DiffOptions};
use crate::file::Target;
use crate::guard;

/// A request that is not answered within this is given up; the answer of a write is then read back.
const REQUEST_LIMIT: Duration = Duration::from_secs(15);

/// How long a write whose answer was lost is looked for before it is reported as unknown.
const READ_BACK_LIMIT: Duration = Duration::from_secs(15);

/// A node's present content beside what shall replace it.
#[derive(Debug)]
pub struct Plan<'a> {
    client: &'a ld_zk::Client,
    path: String,
    old: Vec<u8>,
    new: Vec<u8>,
    version: i32,
    mzxid: i64,
}

/// Reads the node at `path` and compares it with `new`. Missing, trailing and doubled slashes are repaired.
///
/// # Errors
///
/// - [`Error::Path`] for the root: it is never a live data node.
/// - [`Error::TooLarge`] if `new` has more than `max_node_bytes`: the server would drop the connection, so it is
///   not asked.
/// - [`Error::NodeMissing`], [`Error::NotAuthorized`]: the node cannot be read.
/// - [`Error::Client`]: no session in time.
pub async fn plan<'a>(
    client: &'a ld_zk::Client,
    path: &str,
    new: Vec<u8>,
    max_node_bytes: usize,
) -> Result<Plan<'a>, Error> {
    let given = path;
    let path = &repaired_path(given);
    if path.is_empty() {
        return Err(Error::Path { path: given.to_owned() });
    }
    if new.len() > max_node_bytes {
        return Err(Error::TooLarge { limit: max_node_bytes });
    }
    let session = client.session().await?;
    let (old, stat) = bounded(session.get_data(path)).await.map_err(|cause| Error::read(path, cause))?;
    Ok(Plan { client, path: path.to_owned(), old, new, version: stat.version, mzxid: stat.mzxid })
}

/// Judges `content` by the guards of `node`, as a watcher with that configuration will. A check sees the content in a private
/// file below the system's directory for temporary files. Blocks, for the 10 s of a check at most.
///
/// # Errors
///
/// [`Error::Rejected`] if a guard rejects it or cannot judge it.
pub fn judge(node: &NodeConfig, content: &[u8]) -> Result<(), Error> {
    let mut place = Target::from(node);
    place.path = std::env::temp_dir().join("candidate");
    guard::judge(&node.guards, &place, content)
        .map_err(|verdict| Error::Rejected { node: node.name.clone(), reason: verdict.describe() })
}

/// The path with one leading slash, no trailing and no doubled one, as kazoo repairs it; empty for the root.
pub fn repaired_path(path: &str) -> String {
    path.split('/').filter(|segment| !segment.is_empty()).flat_map(|segment| ["/", segment]).collect()
}

impl Plan<'_> {
    /// Whether there is anything to write.
    pub fn is_change(&self) -> bool {
        self.old != self.new
    }

    /// The change as text, bounded in time and size.
    pub fn diff(&self, options: &DiffOptions) -> Diff {
        diff::unified(&self.old, &self.new, options)
    }

    /// Writes the node if it still is what was compared. When the answer does not come, or `interrupt` resolves
    /// first, the node is read back, so that the caller learns whether the write happened.
    ///
    /// # Errors
    ///
    /// - [`Error::ChangedMeanwhile`]: somebody else wrote the node; nothing was written.
    /// - [`Error::NodeMissing`], [`Error::NotAuthorized`]: nothing was written.
    /// - [`Error::NotWritten`]: the answer was lost, and the node was seen unchanged afterwards.
    /// - [`Error::Unknown`]: it may have been written.
    pub async fn commit(&self, interrupt: impl Future<Output = ()>) -> Result<(), Error> {
        let session = self.client.session().await?;
        let write = bounded(session.set_data(&self.path, &self.new, Some(self.version)));
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
            Err(cause) => self.read_back(cause.to_string()).await,
        }
    }

    /// What became of a write whose answer was lost.
    async fn read_back(&self, cause: String) -> Result<(), Error> {
        let look = async {
            loop {
                let session = self.client.session().await.ok()?;
                // A lagging server could show the node as it was before the write.
                let read = async {
                    session.sync(&self.path).await?;
                    session.get_data(&self.path).await
                };
                match bounded(read).await {
                    Ok(found) => return Some(found),
                    Err(Unanswered::Refused(zookeeper::Error::NoNode | zookeeper::Error::NoAuth)) => {
                        return None;
                    }
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            }
        };
        match tokio::time::timeout(READ_BACK_LIMIT, look).await {
            Ok(Some((data, stat))) if stat.version == self.version.wrapping_add(1) && data == self.new => {
                Ok(())
            }
            Ok(Some((_, stat))) if stat.mzxid == self.mzxid => Err(Error::NotWritten { cause }),
            _ => Err(Error::Unknown { cause }),
        }
    }
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
