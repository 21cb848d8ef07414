//! What ZooKeeper keeps about a node beside its content.

use ld_zk::zookeeper::{self, Acl, Stat};

use crate::Error;
use crate::present::{Unanswered, bounded};

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
        let stat = stat(&session, &path).await?.ok_or_else(|| Error::Absent { path: path.clone() })?;
        match bounded(session.get_acl(&path)).await {
            Ok((acl, stat)) => Ok(Self { path, stat, acl: Some(acl) }),
            Err(Unanswered::Refused(zookeeper::Error::NoAuth)) => Ok(Self { path, stat, acl: None }),
            Err(cause) => Err(Error::absent_or_unread(&path, cause)),
        }
    }
}

/// A node's stat, which needs no permission; `None` without the node.
pub(super) async fn stat(session: &zookeeper::Client, path: &str) -> Result<Option<Stat>, Error> {
    bounded(session.check_stat(path)).await.map_err(|cause| Error::read(path, cause))
}
