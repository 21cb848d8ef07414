//! A node's content, to be looked at.

use std::fmt;

use ld_zk::zookeeper::Stat;

use crate::Error;
use crate::request::read_node;

/// A node's content, to be looked at. `Debug` does not show it.
#[non_exhaustive]
pub struct NodeContent {
    /// Its path below the chroot.
    pub path: String,
    /// What it holds.
    pub content: Vec<u8>,
    /// Versions, times and sizes.
    pub stat: Stat,
}

impl NodeContent {
    /// Reads it, of the root, too. Missing, trailing and doubled slashes are repaired. Cancel-safe.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidPath`]: no node can have that path.
    /// - [`Error::TooLargeToRead`]: it has more bytes than
    ///   [`Client::max_read_bytes`](ld_zk::Client::max_read_bytes): its length is asked first.
    /// - [`Error::Absent`], [`Error::NotAuthorized`], [`Error::Read`]: it cannot be read.
    /// - [`Error::Client`]: no session in time.
    pub async fn read(client: &ld_zk::Client, path: &str) -> Result<Self, Error> {
        let path = ld_config::znode_path(path)?;
        let session = client.session().await?;
        let read = read_node(&session, &path, client.max_read_bytes()).await;
        let (content, stat) = read.map_err(|cause| Error::read(&path, cause))?;
        Ok(Self { path, content, stat })
    }
}

impl fmt::Debug for NodeContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, bytes) = (&self.path, self.content.len());
        f.debug_struct("NodeContent").field("path", path).field("bytes", &bytes).finish_non_exhaustive()
    }
}
