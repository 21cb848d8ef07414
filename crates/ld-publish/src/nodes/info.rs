//! What ZooKeeper keeps about a node beside its content.

use ld_zk::zookeeper::{self, Acl, Stat};

use crate::Error;
use crate::request::{Unanswered, bounded, find_stat};

/// What ZooKeeper keeps about a node beside its content.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NodeInfo {
    /// Its path below the chroot.
    pub path: String,
    /// Versions, times and sizes.
    pub stat: Stat,
    /// Its ACL; `None` if it must not be read. Without the permission `a` (admin) ZooKeeper shows
    /// an `x` in place of each hash.
    pub acl: Option<Vec<Acl>>,
}

impl NodeInfo {
    /// Reads it, of the root, too. Missing, trailing and doubled slashes are repaired. Cancel-safe.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidPath`]: no node can have that path.
    /// - [`Error::Absent`], [`Error::Read`]: it cannot be read.
    /// - [`Error::Client`]: no session in time.
    pub async fn read(client: &ld_zk::Client, path: &str) -> Result<Self, Error> {
        let path = ld_config::znode_path(path)?;
        let session = client.session().await?;
        let stat = find_stat(&session, &path).await?.ok_or_else(|| Error::Absent { path: path.clone() })?;
        match bounded(session.get_acl(&path)).await {
            Ok((acl, stat)) => Ok(Self { path, stat, acl: Some(acl) }),
            Err(Unanswered::Refused(zookeeper::Error::NoAuth)) => Ok(Self { path, stat, acl: None }),
            Err(cause) => Err(Error::read(&path, cause)),
        }
    }
}
