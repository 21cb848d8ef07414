//! Another ACL for a node.

use std::future::Future;

use ld_zk::zookeeper::{self, Acl, Stat};

use crate::acl::agrees;
use crate::lost::{self, Sent};
use crate::present::node_path;
use crate::request::bounded;
use crate::{AclError, Error};

/// A node's ACL as it was read.
#[derive(Debug)]
pub struct PresentAcl {
    client: ld_zk::Client,
    path: String,
    acl: Vec<Acl>,
    stat: Stat,
}

impl PresentAcl {
    /// Reads the ACL. Missing, trailing and doubled slashes are repaired. Cancel-safe.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidPath`]: no node can have that path.
    /// - [`Error::Path`] for the root.
    /// - [`Error::Absent`], [`Error::NotAuthorized`], [`Error::Read`]: it cannot be read.
    /// - [`Error::Client`]: no session in time.
    pub async fn read(client: &ld_zk::Client, path: &str) -> Result<Self, Error> {
        let path = node_path(path)?;
        let session = client.session().await?;
        let read = bounded(session.get_acl(&path)).await;
        let (acl, stat) = read.map_err(|cause| Error::read(&path, cause))?;
        Ok(Self { client: client.clone(), path, acl, stat })
    }

    /// The node's path below the chroot.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The ACL. Without the permission `a` (admin) ZooKeeper shows an `x` in place of each hash.
    pub fn acl(&self) -> &[Acl] {
        &self.acl
    }

    /// How often the ACL was changed: ZooKeeper's `aversion`.
    pub fn aversion(&self) -> i32 {
        self.stat.aversion
    }

    /// Whether it is certain that the ACL lets the same users do the same already: a hash that
    /// ZooKeeper hides may be that of another password.
    pub fn is(&self, acl: &[Acl]) -> bool {
        agrees(&self.acl, acl) == Some(true)
    }

    /// Sets another ACL if it is still the one that was read. A lost answer is read back, as by
    /// [`Plan::commit`](crate::Plan::commit). Gives the version of the ACL.
    ///
    /// # Errors
    ///
    /// - [`AclError::ChangedMeanwhile`], [`Error::Absent`], [`Error::NotAuthorized`],
    ///   [`AclError::Invalid`], [`Error::Client`]: nothing was changed.
    /// - [`Error::Interrupted`]: `interrupt` resolved before anything was sent.
    /// - [`Error::NotWritten`]: the answer was lost, the ACL was unchanged afterwards, and the
    ///   request cannot come any more.
    /// - [`Error::Unknown`]: it may have been changed.
    /// - [`Error::Replaced`]: it was changed, of a node that was removed and made again since the
    ///   ACL was read.
    ///
    /// Not cancel-safe: what became of a request that was sent is not known then.
    pub async fn set(self, acl: &[Acl], interrupt: impl Future<Output = ()>) -> Result<i32, Error> {
        let path = &self.path;
        let version = Some(self.stat.aversion);
        let send = |session: zookeeper::Client| async move {
            lost::single(session.set_acl(path, acl, version)).await
        };
        // The new ACL may hide itself, so the version counts.
        let read = |session: zookeeper::Client| async move { bounded(session.check_stat(path)).await };
        match lost::write(&self.client, path, send, read, interrupt).await? {
            Sent::Done(stat) if stat.czxid != self.stat.czxid => Err(Error::Replaced { path: path.clone() }),
            Sent::Done(stat) => Ok(stat.aversion),
            Sent::Refused(cause) => Err(refused(path, cause)),
            Sent::Lost(cause, seen) => match seen.found {
                Some(now) if now.aversion == self.stat.aversion && now.czxid == self.stat.czxid => {
                    Err(seen.not_written(true, cause))
                }
                Some(now) if self.became(&now, acl).await => Ok(now.aversion),
                _ => Err(Error::Unknown { cause }),
            },
        }
    }

    /// Whether the ACL is the next version, and what it was to be.
    async fn became(&self, now: &Stat, acl: &[Acl]) -> bool {
        if now.aversion != self.stat.aversion.wrapping_add(1) || now.czxid != self.stat.czxid {
            return false;
        }
        let Ok(session) = self.client.session().await else { return false };
        bounded(session.get_acl(&self.path)).await.is_ok_and(|(found, _)| agrees(&found, acl) == Some(true))
    }
}

fn refused(path: &str, cause: zookeeper::Error) -> Error {
    let path = path.to_owned();
    match cause {
        zookeeper::Error::NoNode => Error::Absent { path },
        zookeeper::Error::BadVersion => AclError::ChangedMeanwhile { path }.into(),
        zookeeper::Error::NoAuth => Error::NotAuthorized { action: "set the ACL of", path },
        zookeeper::Error::InvalidAcl => AclError::Invalid { path }.into(),
        cause => Error::write(&path, cause),
    }
}
