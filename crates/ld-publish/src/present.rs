//! A node as it is before it is written.

use std::fmt;

use ld_zk::zookeeper;

use crate::request::{Unanswered, read_node};
use crate::{Error, Plan};

/// A node with its content, as it was read. `Debug` shows no content.
///
/// What is to be written may depend on it, and may take long to make: [`Plan::commit`] writes only
/// if the node still is as it was read here.
pub struct Present {
    pub(crate) client: ld_zk::Client,
    path: String,
    content: Vec<u8>,
    pub(crate) stat: zookeeper::Stat,
}

impl Present {
    /// Reads the node at `path`. Missing, trailing and doubled slashes are repaired.
    ///
    /// It waits for a session as long as [`ld_zk::Options::session_wait`] says, then 15 s for the
    /// answer. Cancel-safe.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidPath`]: no node can have that path.
    /// - [`Error::Path`] for the root: it is never a live data node.
    /// - [`Error::NodeTooLarge`] if the node has more bytes than
    ///   [`Client::max_read_bytes`](ld_zk::Client::max_read_bytes): its length is asked first.
    /// - [`Error::NodeMissing`], [`Error::NotAuthorized`], [`Error::Read`]: it cannot be read.
    /// - [`Error::Client`]: no session in time.
    pub async fn read(client: &ld_zk::Client, path: &str) -> Result<Self, Error> {
        let path = node_path(path)?;
        let session = client.session().await?;
        let read = read_node(&session, &path, client.max_read_bytes()).await;
        let (content, stat) = read.map_err(|cause| match cause {
            Unanswered::Refused(zookeeper::Error::NoNode) => Error::NodeMissing,
            Unanswered::TooLarge { bytes, limit } => Error::NodeTooLarge { path: path.clone(), bytes, limit },
            cause => Error::read(&path, cause),
        })?;
        Ok(Self { client: client.clone(), path, content, stat })
    }

    /// The node's path below the chroot.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What it holds.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// What shall replace its content.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] if `new` has more than `max_node_bytes`: the server would drop the
    /// connection.
    pub fn plan(self, new: Vec<u8>, max_node_bytes: usize) -> Result<Plan, Error> {
        if new.len() > max_node_bytes {
            return Err(Error::TooLarge { limit: max_node_bytes });
        }
        Ok(Plan { present: self, new, max_node_bytes })
    }
}

impl fmt::Debug for Present {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, bytes, version) = (&self.path, self.content.len(), self.stat.version);
        f.debug_struct("Present")
            .field("path", path)
            .field("bytes", &bytes)
            .field("version", &version)
            .finish_non_exhaustive()
    }
}

/// The path of a node that may be written.
pub(crate) fn node_path(given: &str) -> Result<String, Error> {
    match ld_config::znode_path(given)? {
        path if path == "/" => Err(Error::Path { path: given.to_owned() }),
        path => Ok(path),
    }
}
