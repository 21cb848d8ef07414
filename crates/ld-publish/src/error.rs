//! What can go wrong when a node is published.

use ld_zk::zookeeper;

use crate::operation::{Operation, Refused};
use crate::request::Unanswered;
use crate::{AclError, HistoryError, Plan, RolloutError};

/// Why a node was not published, or may not have been.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// ZooKeeper does not allow this path. The words are those for a node's source.
    #[error(transparent)]
    InvalidPath(#[from] ld_config::ZnodePathError),
    /// The path is empty or the root.
    #[error("'{path}' cannot be written: name a node below the root, such as /app/config")]
    Path {
        /// The path as it was given.
        path: String,
    },
    /// A server would drop the connection of a client that sends this.
    #[error(
        "the content has more than {limit} bytes, the most that a node may have; make it smaller, or raise \
         zookeeper.max_node_bytes if jute.maxbuffer is raised on every server and client of the ensemble"
    )]
    TooLarge {
        /// The largest node that may be sent, in bytes. The content's size is not known: reading
        /// may stop here.
        limit: usize,
    },
    /// A server would drop the connection of a client that sends this transaction.
    #[error(
        "nothing was written: the transaction has {bytes} bytes, and a server takes {limit} in one request; the \
         contents of all its nodes count, with their paths and what is recorded: publish fewer or smaller nodes \
         together, or raise zookeeper.max_node_bytes if jute.maxbuffer is raised on every server and client of \
         the ensemble"
    )]
    TransactionTooLarge {
        /// The size of the request in bytes.
        bytes: usize,
        /// The largest request that is sent, in bytes.
        limit: usize,
    },
    /// A watcher with this configuration would reject the content.
    #[error("the content must not be published: nodes.{node} would reject it: {reason}")]
    Rejected {
        /// The node in the configuration.
        node: String,
        /// Which guard, and why.
        reason: String,
    },
    /// The node does not exist. (The text is baseplate.py's.)
    #[error("Target node does not exist. Please create it with appropriate ACLs first.")]
    NodeMissing,
    /// The node changed between the comparison and the write; nothing was written. (The text is
    /// baseplate.py's.)
    #[error("The data in ZooKeeper changed unexpectedly.")]
    ChangedMeanwhile,
    /// The node was removed and made again between the comparison and the write. Versions begin
    /// again then, so that the server has not noticed.
    #[error(
        "it is done, but {path} had been removed and made again since it was read: what it was then was not \
         compared"
    )]
    Replaced {
        /// The node.
        path: String,
    },
    /// The node that is to be replaced is too large to be read, and was not.
    #[error(
        "{path} has {bytes} bytes now, and zookeeper.max_read_bytes is {limit}: it was not read, nothing was \
         written; raise that setting to replace the node"
    )]
    NodeTooLarge {
        /// The node.
        path: String,
        /// Its size in bytes, as the server announced it.
        bytes: usize,
        /// The most that is read.
        limit: usize,
    },
    /// A node is too large to be read, and was not.
    #[error(
        "{path} has {bytes} bytes, and zookeeper.max_read_bytes is {limit}: raise that setting to read it"
    )]
    TooLargeToRead {
        /// The node.
        path: String,
        /// Its size in bytes, as the server announced it.
        bytes: usize,
        /// The most that is read.
        limit: usize,
    },
    /// The credentials do not permit it.
    #[error("not authorized to {action} {path}: check zookeeper.credentials and the node's ACL")]
    NotAuthorized {
        /// `read` or `write`.
        action: &'static str,
        /// The node.
        path: String,
    },
    /// The server gave no good answer to a read.
    #[error("cannot read {path}: {cause}")]
    Read {
        /// The node.
        path: String,
        /// What the server or the connection said.
        cause: String,
    },
    /// The server refuses a part of the transaction.
    #[error("nothing was written: {path}: {cause}")]
    Refused {
        /// The node that the part is about.
        path: String,
        /// What the server said.
        cause: String,
    },
    /// A directory for what belongs to publications does not exist.
    #[error("{path} does not exist: make it with `live-data-ctl init CONFIG`")]
    DirectoryMissing {
        /// The directory.
        path: String,
    },
    /// The content cannot be signed.
    #[error("nothing was written: {0}")]
    NotSigned(String),
    /// There is no such node.
    #[error("{path} does not exist")]
    Absent {
        /// The node.
        path: String,
    },
    /// There is such a node already.
    #[error("{path} exists already; nothing was written (live-data-writer changes its content)")]
    Exists {
        /// The node.
        path: String,
    },
    /// A node with children cannot be removed.
    #[error("{path} has children: nothing was removed; remove those first")]
    HasChildren {
        /// The node.
        path: String,
    },
    /// A node has too many nodes below it.
    #[error("nothing was changed: there are more than {} nodes at and below {path}", crate::MAX_NODES_BELOW)]
    TooManyNodes {
        /// The node.
        path: String,
    },
    /// A node has too many children to be listed.
    #[error("{path} has {count} children, and at most {} are listed", crate::MAX_CHILDREN)]
    TooManyChildren {
        /// The node.
        path: String,
        /// How many.
        count: usize,
    },
    /// The node has another version than the one that was named.
    #[error("{path} has the version {version}, not {wanted}; nothing was removed")]
    OtherVersion {
        /// The node.
        path: String,
        /// The version that it has.
        version: i32,
        /// The version that was named.
        wanted: i32,
    },
    /// The chroot of the configuration does not exist.
    #[error(
        "nothing was written: the chroot {chroot} of zookeeper.hosts does not exist; create it with a \
         configuration without chroot"
    )]
    NoChroot {
        /// The chroot.
        chroot: String,
    },
    /// A parent that is made together with a node would not let it be created.
    #[error(
        "nothing was written: {parent} would not let {path} be created: its ACL needs the permission c (create) \
         for a user in zookeeper.credentials"
    )]
    ParentsClosed {
        /// The node.
        path: String,
        /// Its parent.
        parent: String,
    },
    /// Another client makes or removes the parents of a node again and again.
    #[error("nothing was written: the parents of {path} change all the time, run again")]
    ParentsChanged {
        /// The node.
        path: String,
    },
    /// An ACL cannot be used.
    #[error(transparent)]
    Acl(#[from] AclError),
    /// A history was not read, or a publication not recorded.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// A rollout was not started, or cannot go on.
    #[error(transparent)]
    Rollout(#[from] RolloutError),
    /// The reports of the hosts cannot be read.
    #[error(transparent)]
    Fleet(#[from] ld_fleet::ReadError),
    /// The caller gave up before anything was sent.
    #[error("interrupted: nothing was written")]
    Interrupted,
    /// The answer to the write was lost, the node was seen unchanged afterwards, and the write
    /// cannot come any more.
    #[error("not written: {cause}; the node is unchanged, run again")]
    NotWritten {
        /// What became of the answer.
        cause: String,
    },
    /// The answer to the write was lost, and what became of it could not be found out.
    #[error("unknown whether it was written: {cause}; it may have been written, run again")]
    Unknown {
        /// What became of the answer.
        cause: String,
    },
    /// There is no session.
    #[error(transparent)]
    Client(#[from] ld_zk::Error),
}

impl Error {
    /// A node was not read.
    pub(crate) fn read(path: &str, cause: Unanswered) -> Self {
        let path = path.to_owned();
        match cause {
            Unanswered::Refused(zookeeper::Error::NoNode) => Self::Absent { path },
            Unanswered::Refused(zookeeper::Error::NoAuth) => Self::NotAuthorized { action: "read", path },
            Unanswered::TooLarge { bytes, limit } => Self::TooLargeToRead { path, bytes, limit },
            cause => Self::Read { path, cause: cause.to_string() },
        }
    }

    /// The server refuses the write of a node.
    pub(crate) fn write(path: &str, cause: zookeeper::Error) -> Self {
        let path = path.to_owned();
        match cause {
            zookeeper::Error::NoNode => Self::NodeMissing,
            zookeeper::Error::BadVersion => Self::ChangedMeanwhile,
            zookeeper::Error::NoAuth => Self::NotAuthorized { action: "write", path },
            cause => Self::Refused { path, cause: cause.to_string() },
        }
    }

    /// A transaction was refused because of one part.
    pub(crate) fn part(plans: &[Plan], others: &[Operation], refused: Refused) -> Self {
        use zookeeper::Error as E;
        let Refused { path, cause } = refused;
        let is_target = plans.iter().any(|plan| plan.path() == path);
        if is_target && plans.len() == 1 {
            return Self::write(&path, cause);
        }
        let is_new = !is_target
            && others.iter().any(|other| matches!(other, Operation::Create { .. }) && other.path() == path);
        let cause = match cause {
            E::NoAuth if is_new => {
                return Self::NotAuthorized { action: "create", path };
            }
            E::NoAuth => return Self::NotAuthorized { action: "write", path },
            E::BadVersion => "it was changed meanwhile".to_owned(),
            E::NoNode if is_new => "its parent does not exist".to_owned(),
            E::NoNode => "it does not exist".to_owned(),
            E::NodeExists => "it exists already".to_owned(),
            cause => cause.to_string(),
        };
        Self::Refused { path, cause }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_is_only_read_is_named_and_not_replaced() {
        let read = |cause| Error::read("/h/entry", cause).to_string();
        let missing = read(Unanswered::Refused(zookeeper::Error::NoNode));
        assert_eq!(missing, "/h/entry does not exist");
        let large = read(Unanswered::TooLarge { bytes: 9, limit: 8 });
        assert!(large.starts_with("/h/entry has 9 bytes") && large.ends_with("to read it"), "{large}");
    }
}
