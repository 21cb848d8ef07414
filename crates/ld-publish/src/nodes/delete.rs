//! Removing a node.

use std::future::Future;

use ld_zk::zookeeper::{self, Stat};

use super::parents::parent_of;
use crate::Error;
use crate::lost::{self, Sent};
use crate::present::node_path;
use crate::request::{bounded, find_stat};

/// A node that is to be removed, as it was found.
#[derive(Debug)]
pub struct Deletion {
    client: ld_zk::Client,
    path: String,
    stat: Stat,
}

impl Deletion {
    /// Finds the node. It must have no children, and `version` if that is given. Missing, trailing
    /// and doubled slashes are repaired. Cancel-safe.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidPath`]: no node can have that path.
    /// - [`Error::Path`] for the root.
    /// - [`Error::Absent`], [`Error::HasChildren`], [`Error::OtherVersion`]: it cannot be removed.
    /// - [`Error::Read`], [`Error::Client`]: ZooKeeper did not answer.
    pub async fn prepare(client: &ld_zk::Client, path: &str, version: Option<i32>) -> Result<Self, Error> {
        let path = node_path(path)?;
        let session = client.session().await?;
        let Some(stat) = find_stat(&session, &path).await? else { return Err(Error::Absent { path }) };
        if stat.num_children > 0 {
            return Err(Error::HasChildren { path });
        }
        match version {
            Some(wanted) if wanted != stat.version => {
                Err(Error::OtherVersion { path, version: stat.version, wanted })
            }
            _ => Ok(Self { client: client.clone(), path, stat }),
        }
    }

    /// The node's path below the chroot.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What ZooKeeper keeps about the node.
    pub fn stat(&self) -> &Stat {
        &self.stat
    }

    /// Looks whether the node still is the one that was found: for a question that took long, since
    /// a removal does not notice that the node was removed and made again. Cancel-safe.
    ///
    /// # Errors
    ///
    /// - [`Error::ChangedMeanwhile`], [`Error::Absent`]: it is not.
    /// - [`Error::Read`], [`Error::Client`]: ZooKeeper did not answer.
    pub async fn check_again(&self) -> Result<(), Error> {
        let session = self.client.session().await?;
        match find_stat(&session, &self.path).await? {
            Some(now) if now.mzxid == self.stat.mzxid => Ok(()),
            Some(_) => Err(Error::ChangedMeanwhile),
            None => Err(Error::Absent { path: self.path.clone() }),
        }
    }

    /// Removes the node if its content is the one that was found. A lost answer is read back, as by
    /// [`Plan::commit`](crate::Plan::commit).
    ///
    /// # Errors
    ///
    /// - [`Error::ChangedMeanwhile`], [`Error::HasChildren`], [`Error::Absent`],
    ///   [`Error::NotAuthorized`], [`Error::Client`]: nothing was removed.
    /// - [`Error::Interrupted`]: `interrupt` resolved before anything was sent.
    /// - [`Error::NotWritten`]: the answer was lost, the node was there afterwards, and the request
    ///   cannot come any more.
    /// - [`Error::Unknown`]: it may have been removed.
    ///
    /// Not cancel-safe: what became of a request that was sent is not known then.
    pub async fn commit(self, interrupt: impl Future<Output = ()>) -> Result<(), Error> {
        let path = &self.path;
        let version = Some(self.stat.version);
        let send =
            |session: zookeeper::Client| async move { lost::single(session.delete(path, version)).await };
        let read = |session: zookeeper::Client| async move { bounded(session.check_stat(path)).await };
        match lost::write(&self.client, path, send, read, interrupt).await? {
            Sent::Done(()) => Ok(()),
            Sent::Refused(cause) => Err(refused(path, cause)),
            Sent::Lost(cause, seen) => match &seen.found {
                // Another client may have made it again.
                None => Ok(()),
                Some(now) if now.czxid != self.stat.czxid => Ok(()),
                Some(now) => Err(seen.not_written(now.mzxid == self.stat.mzxid, cause)),
            },
        }
    }
}

fn refused(path: &str, cause: zookeeper::Error) -> Error {
    let path = path.to_owned();
    match cause {
        zookeeper::Error::NoNode => Error::Absent { path },
        zookeeper::Error::NotEmpty => Error::HasChildren { path },
        zookeeper::Error::NoAuth => {
            Error::NotAuthorized { action: "remove nodes below", path: parent_of(&path).to_owned() }
        }
        cause => Error::write(&path, cause),
    }
}
