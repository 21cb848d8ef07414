//! A node's content, to be looked at.

use std::fmt;

use ld_zk::zookeeper::Stat;

use crate::Error;
use crate::present::{Unanswered, read_node};

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
        match read_node(&session, &path, client.max_read_bytes()).await {
            Ok((content, stat)) => Ok(Self { path, content, stat }),
            Err(Unanswered::TooLarge { bytes, limit }) => Err(Error::TooLargeToRead { path, bytes, limit }),
            Err(cause) => Err(Error::absent_or_unread(&path, cause)),
        }
    }
}

impl fmt::Debug for NodeContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, bytes) = (&self.path, self.content.len());
        f.debug_struct("NodeContent").field("path", path).field("bytes", &bytes).finish_non_exhaustive()
    }
}
