//! Requests that change nodes, of which several may be one transaction.

use std::fmt;

use ld_zk::zookeeper::{self, Acl, Acls, CreateMode, MultiWriteError, MultiWriteResult};

use crate::Error;
use crate::lost::Failed;
use crate::request::{REQUEST_LIMIT, Unanswered};

/// What a publication changes beside the nodes that it publishes. `Debug` shows no content.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// A node is made. Its parent must be there.
    Create {
        /// Its path.
        path: String,
        /// What it holds.
        content: Vec<u8>,
        /// ZooKeeper appends ten digits to the path: how many such nodes the parent has had.
        is_sequential: bool,
        /// Which user may do what with it.
        acl: Vec<Acl>,
    },
    /// A node is written.
    Set {
        /// Its path.
        path: String,
        /// What it shall hold.
        content: Vec<u8>,
        /// The version that it must have; `None` for any.
        version: Option<i32>,
    },
    /// A node is removed.
    Delete {
        /// Its path.
        path: String,
        /// The version that it must have; `None` for any.
        version: Option<i32>,
    },
    /// A node must have a version.
    Check {
        /// Its path.
        path: String,
        /// The version.
        version: i32,
    },
}

impl Operation {
    /// A node with this content and ACL is made.
    pub fn create(path: impl Into<String>, content: impl Into<Vec<u8>>, acl: &[Acl]) -> Self {
        Self::Create { path: path.into(), content: content.into(), is_sequential: false, acl: acl.to_vec() }
    }

    /// The path that it is about, without the digits of a sequence.
    pub fn path(&self) -> &str {
        match self {
            Self::Create { path, .. }
            | Self::Set { path, .. }
            | Self::Delete { path, .. }
            | Self::Check { path, .. } => path,
        }
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Create { .. } => "create",
            Self::Set { .. } => "set",
            Self::Delete { .. } => "delete",
            Self::Check { .. } => "check",
        };
        write!(f, "{name} {}", self.path())
    }
}

/// The largest request that a server accepts by default: `jute.maxbuffer` of 1 MiB - 1.
const JUTE_MAXBUFFER: usize = 0xf_ffff;

/// The largest transaction that is sent. A server with a larger `jute.maxbuffer` is one with a
/// larger `zookeeper.max_node_bytes`.
pub(crate) fn request_limit(max_node_bytes: usize) -> usize {
    max_node_bytes.max(JUTE_MAXBUFFER)
}

/// The size of a transaction as a server counts it, below `chroot`.
pub(crate) fn request_bytes(operations: &[Operation], chroot: &str) -> usize {
    // Each request begins with two integers, each part with two and a boolean, as does the end.
    const HEADER: usize = 8;
    const PART: usize = 9;
    const INTEGER: usize = 4;
    let buffer = |bytes: usize| INTEGER + bytes;
    let acl = |acl: &Acl| INTEGER + buffer(acl.scheme().len()) + buffer(acl.id().len());
    let part = |operation: &Operation| {
        let rest = match operation {
            Operation::Create { content, acl: acls, .. } => {
                buffer(content.len()) + INTEGER + acls.iter().map(acl).sum::<usize>() + INTEGER
            }
            Operation::Set { content, .. } => buffer(content.len()) + INTEGER,
            Operation::Delete { .. } | Operation::Check { .. } => INTEGER,
        };
        PART + buffer(chroot.len() + operation.path().len()) + rest
    };
    HEADER + operations.iter().map(part).sum::<usize>() + PART
}

/// Refuses a transaction that a server would not take.
///
/// # Errors
///
/// [`Error::TransactionTooLarge`].
pub(crate) fn check_size(operations: &[Operation], chroot: &str, max_node_bytes: usize) -> Result<(), Error> {
    let (bytes, limit) = (request_bytes(operations, chroot), request_limit(max_node_bytes));
    match bytes > limit {
        true => Err(Error::TransactionTooLarge { bytes, limit }),
        false => Ok(()),
    }
}

/// The server refuses a write because of this node.
pub(crate) struct Refused {
    pub(crate) path: String,
    pub(crate) cause: zookeeper::Error,
}

/// Sends operations as one transaction: all of them happen, or none.
pub(crate) async fn commit(
    session: &zookeeper::Client,
    operations: &[Operation],
) -> Result<Vec<MultiWriteResult>, Failed<Refused>> {
    let answer = tokio::time::timeout(REQUEST_LIMIT, send(session, operations)).await;
    match answer.map_err(|_| Failed::Unanswered(Unanswered::Silence))? {
        Ok(results) => Ok(results),
        Err(MultiWriteError::OperationFailed { index, source }) => {
            let path = operations.get(index).map_or_else(String::new, |failed| failed.path().to_owned());
            Err(Failed::Refused(Refused { path, cause: source }))
        }
        Err(MultiWriteError::RequestFailed { source }) => {
            Err(Failed::Unanswered(Unanswered::Refused(source)))
        }
    }
}

async fn send(
    session: &zookeeper::Client,
    operations: &[Operation],
) -> Result<Vec<MultiWriteResult>, MultiWriteError> {
    let mut writer = session.new_multi_writer();
    for operation in operations {
        match operation {
            Operation::Create { path, content, is_sequential, acl } => {
                let mode = match is_sequential {
                    true => CreateMode::PersistentSequential,
                    false => CreateMode::Persistent,
                };
                writer.add_create(path, content, &mode.with_acls(Acls::new(acl)))?;
            }
            Operation::Set { path, content, version } => writer.add_set_data(path, content, *version)?,
            Operation::Delete { path, version } => writer.add_delete(path, *version)?,
            Operation::Check { path, version } => writer.add_check_version(path, *version)?,
        }
    }
    writer.commit().await
}
