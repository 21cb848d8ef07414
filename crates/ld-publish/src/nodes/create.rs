//! Making a node with its parents, content and ACL in one step.

use std::future::Future;
use std::pin::Pin;

use ld_zk::zookeeper::{self, Acl, Stat};

use super::parents::{missing_parents, parent_of};
use crate::acl::agrees;
use crate::lost::{self, Seen, Sent};
use crate::operation::{self, Operation, Refused};
use crate::present::node_path;
use crate::request::{Unanswered, bounded, find_stat, read_node};
use crate::{AclError, Error};

/// How often missing parents are looked for again, after another client has made one.
const ATTEMPTS: usize = 5;

/// A node that is to be made. `Debug` shows no content.
pub struct NewNode {
    path: String,
    content: Vec<u8>,
    acl: Vec<Acl>,
    parents_acl: Option<Vec<Acl>>,
    max_node_bytes: usize,
}

/// What was made.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Created {
    /// The node's path below the chroot.
    pub path: String,
    /// The parents that were missing, from the top.
    pub parents: Vec<String>,
    /// The size of its content in bytes.
    pub bytes: usize,
    /// What ZooKeeper keeps about the node now; `None` if it is gone already, or ZooKeeper does not
    /// answer any more.
    pub stat: Option<Stat>,
}

impl NewNode {
    /// A node at `path` with this content and ACL. Missing, trailing and doubled slashes are
    /// repaired. `max_node_bytes` is usually that of the
    /// [`ZooKeeperConfig`](ld_config::ZooKeeperConfig::max_node_bytes).
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidPath`]: no node can have that path.
    /// - [`Error::Path`] for the root.
    /// - [`Error::TooLarge`]: a server would drop the connection.
    pub fn new(path: &str, content: Vec<u8>, acl: Vec<Acl>, max_node_bytes: usize) -> Result<Self, Error> {
        let path = node_path(path)?;
        if content.len() > max_node_bytes {
            return Err(Error::TooLarge { limit: max_node_bytes });
        }
        Ok(Self { path, content, acl, parents_acl: None, max_node_bytes })
    }

    /// The same with another ACL for missing parents: otherwise they get that of the node.
    #[must_use]
    pub fn parents_acl(mut self, acl: Vec<Acl>) -> Self {
        self.parents_acl = Some(acl);
        self
    }

    /// Makes the node and its missing parents in one transaction: all of them are there then, or
    /// none. A lost answer is read back, as by [`Plan::commit`](crate::Plan::commit).
    ///
    /// # Errors
    ///
    /// - [`Error::Exists`]: there is such a node; nothing was written.
    /// - [`Error::Interrupted`]: `interrupt` resolved before anything was sent.
    /// - [`Error::NotAuthorized`], [`AclError::Invalid`], [`Error::NoChroot`], [`Error::Refused`],
    ///   [`Error::TransactionTooLarge`], [`Error::Client`]: nothing was written.
    /// - [`Error::NotWritten`]: the answer was lost, the node was not there afterwards, and the
    ///   write cannot come any more.
    /// - [`Error::Unknown`]: it may have been written.
    ///
    /// Not cancel-safe: what became of a write that was sent is not known then.
    pub async fn create(
        self,
        client: &ld_zk::Client,
        interrupt: impl Future<Output = ()>,
    ) -> Result<Created, Error> {
        self.create_with(client, &[], std::pin::pin!(interrupt)).await
    }

    /// The same, and does all `others` in the transaction.
    pub(crate) async fn create_with(
        &self,
        client: &ld_zk::Client,
        others: &[Operation],
        mut interrupt: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<Created, Error> {
        for _ in 1..ATTEMPTS {
            match self.attempt(client, others, interrupt.as_mut()).await {
                Err(Error::ParentsChanged { .. }) => {}
                done => return done,
            }
        }
        self.attempt(client, others, interrupt).await
    }

    async fn attempt(
        &self,
        client: &ld_zk::Client,
        others: &[Operation],
        interrupt: impl Future<Output = ()>,
    ) -> Result<Created, Error> {
        let session = client.session().await?;
        if find_stat(&session, &self.path).await?.is_some() {
            return Err(Error::Exists { path: self.path.clone() });
        }
        let parents = missing_parents(&session, &self.path).await?;
        let mut operations = self.operations(&parents);
        operations.extend_from_slice(others);
        let operations = &operations;
        operation::check_size(operations, client.chroot(), self.max_node_bytes)?;
        let send = |session: zookeeper::Client| async move {
            operation::commit(&session, operations).await?;
            // The answer to a transaction has no stat (ZOOKEEPER-4026).
            Ok(bounded(session.check_stat(&self.path)).await.ok().flatten())
        };
        let read = |session| async move { self.find(&session).await };
        let sent = lost::write(client, &self.path, send, read, interrupt).await?;
        let stat = match sent {
            Sent::Done(stat) => stat,
            Sent::Refused(refused) if others.iter().any(|other| other.path() == refused.path) => {
                return Err(Error::part(&[], others, refused));
            }
            Sent::Refused(refused) => return Err(self.refused(refused, &parents, client)),
            Sent::Lost(cause, seen) => Some(self.conclude(&seen, cause)?),
        };
        Ok(Created { path: self.path.clone(), parents, bytes: self.content.len(), stat })
    }

    /// Its path below the chroot.
    pub fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn content(&self) -> &[u8] {
        &self.content
    }

    pub(crate) fn max_node_bytes(&self) -> usize {
        self.max_node_bytes
    }

    fn operations(&self, parents: &[String]) -> Vec<Operation> {
        let parents_acl = self.parents_acl.as_ref().unwrap_or(&self.acl);
        let parents = parents.iter().map(|path| Operation::create(path, b"", parents_acl));
        parents.chain([Operation::create(&self.path, &*self.content, &self.acl)]).collect()
    }

    fn refused(&self, refused: Refused, parents: &[String], client: &ld_zk::Client) -> Error {
        use zookeeper::Error as E;
        let Refused { path, cause } = refused;
        let parent = parent_of(&path).to_owned();
        match cause {
            E::NodeExists if path == self.path => Error::Exists { path },
            E::NodeExists => Error::ParentsChanged { path },
            E::NoNode if parent == "/" => Error::NoChroot { chroot: client.chroot().to_owned() },
            E::NoNode => Error::ParentsChanged { path },
            E::NoAuth if parents.contains(&parent) => Error::ParentsClosed { path, parent },
            E::NoAuth => Error::NotAuthorized { action: "create nodes below", path: parent },
            E::InvalidAcl => AclError::Invalid { path }.into(),
            cause => Error::Refused { path, cause: cause.to_string() },
        }
    }

    /// The node as it is after a lost answer: nothing if it is not there.
    async fn find(&self, session: &zookeeper::Client) -> Result<Option<Found>, Unanswered> {
        let Some(stat) = bounded(session.check_stat(&self.path)).await? else { return Ok(None) };
        let content = match read_node(session, &self.path, self.content.len()).await {
            Ok((content, _)) => Some(content == self.content),
            Err(Unanswered::TooLarge { .. }) => Some(false),
            Err(Unanswered::Refused(zookeeper::Error::NoAuth)) => None,
            Err(cause) => return Err(cause),
        };
        let acl = match bounded(session.get_acl(&self.path)).await {
            Ok((acl, _)) => agrees(&acl, &self.acl),
            Err(Unanswered::Refused(zookeeper::Error::NoAuth)) => None,
            Err(cause) => return Err(cause),
        };
        let is_as_made = stat.version == 0 && stat.aversion == 0;
        let is_ours = match [content, acl] {
            [Some(true), Some(true)] if is_as_made => Some(true),
            parts if is_as_made && parts.contains(&Some(false)) => Some(false),
            _ => None,
        };
        Ok(Some(Found { stat, is_ours }))
    }

    fn conclude(&self, seen: &Seen<Option<Found>>, cause: String) -> Result<Stat, Error> {
        match &seen.found {
            // Even if another client has made the same: it is there as it was to be.
            Some(Found { stat, is_ours: Some(true) }) => Ok(*stat),
            // Ours cannot come any more: it would have been refused.
            Some(Found { is_ours: Some(false), .. }) if seen.behind_the_write => {
                Err(Error::Exists { path: self.path.clone() })
            }
            found => Err(seen.not_written(found.is_none(), cause)),
        }
    }
}

struct Found {
    stat: Stat,
    /// Whether it is as it was to be made; `None` if that must not be read, or was changed since.
    is_ours: Option<bool>,
}

impl std::fmt::Debug for NewNode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = self.content.len();
        f.debug_struct("NewNode").field("path", &self.path).field("bytes", &bytes).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_come_first_and_are_empty() {
        let acl = vec![Acl::new(zookeeper::Permission::ALL, zookeeper::AuthId::anyone())];
        let node = NewNode::new("a//b", b"content".to_vec(), acl, 7).unwrap();
        let operations = node.operations(&["/a".to_owned()]);
        assert_eq!(format!("{operations:?}"), "[create /a, create /a/b]");
        let Operation::Create { content, .. } = &operations[0] else { panic!("{operations:?}") };
        assert!(content.is_empty());
        assert!(!format!("{node:?}").contains("content"));
    }

    #[test]
    fn content_beyond_the_limit_is_refused() {
        let error = NewNode::new("/a", vec![0; 8], Vec::new(), 7).unwrap_err();
        assert!(matches!(error, Error::TooLarge { limit: 7 }));
        assert!(matches!(NewNode::new("/", Vec::new(), Vec::new(), 7), Err(Error::Path { .. })));
    }
}
