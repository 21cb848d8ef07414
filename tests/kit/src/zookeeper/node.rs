//! What a node is made of: its stat, its ACL, and the steps of a transaction.

use std::io;

use crate::zookeeper::wire::{Answer, Record};

/// What ZooKeeper knows about a node. Zxids grow with each change of the whole ensemble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stat {
    /// The zxid of the node's creation.
    pub czxid: i64,
    /// The zxid of its last change of data.
    pub mzxid: i64,
    /// How often its data changed since it was created.
    pub version: i32,
    /// How often its ACL changed.
    pub aversion: i32,
    /// Bytes of data.
    pub data_length: i32,
    /// Children, direct ones only.
    pub num_children: i32,
}

impl Stat {
    pub(crate) fn read(answer: &mut Answer<'_>) -> io::Result<Self> {
        let (czxid, mzxid, _ctime, _mtime) = (answer.long()?, answer.long()?, answer.long()?, answer.long()?);
        let (version, _cversion, aversion) = (answer.int()?, answer.int()?, answer.int()?);
        let _ephemeral_owner = answer.long()?;
        let (data_length, num_children) = (answer.int()?, answer.int()?);
        let _pzxid = answer.long()?;
        Ok(Self { czxid, mzxid, version, aversion, data_length, num_children })
    }
}

/// One entry of a node's ACL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acl {
    /// A sum of [`Acl::READ`] and the others.
    pub permissions: i32,
    /// ZooKeeper's scheme: `world`, `auth`, `digest`.
    pub scheme: String,
    /// Who, in terms of the scheme.
    pub id: String,
}

impl Acl {
    /// May read data and list children.
    pub const READ: i32 = 1;
    /// May write data.
    pub const WRITE: i32 = 2;
    /// May create children.
    pub const CREATE: i32 = 4;
    /// May delete children.
    pub const DELETE: i32 = 8;
    /// May set the ACL.
    pub const ADMIN: i32 = 16;
    /// Everything.
    pub const ALL: i32 = 31;

    /// `permissions` for everybody.
    #[must_use]
    pub fn anyone(permissions: i32) -> Self {
        Self { permissions, scheme: "world".into(), id: "anyone".into() }
    }

    /// `permissions` for the users that the asking [`Admin`](crate::Admin) is authenticated as.
    #[must_use]
    pub fn creator(permissions: i32) -> Self {
        Self { permissions, scheme: "auth".into(), id: String::new() }
    }

    pub(crate) fn write(acls: &[Self], record: Record) -> Record {
        let count = i32::try_from(acls.len()).expect("an ACL of a test is short");
        acls.iter().fold(record.int(count), |record, acl| {
            record.int(acl.permissions).string(&acl.scheme).string(&acl.id)
        })
    }
}

/// One step of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Creates a node that everybody may do everything with.
    Create {
        /// The node.
        path: String,
        /// Its data.
        data: Vec<u8>,
    },
    /// Sets a node's data, whatever its version.
    Set {
        /// The node.
        path: String,
        /// Its data.
        data: Vec<u8>,
    },
    /// Deletes a node, whatever its version.
    Delete {
        /// The node.
        path: String,
    },
}

impl Step {
    /// [`Step::Create`].
    pub fn create(path: impl Into<String>, data: impl Into<Vec<u8>>) -> Self {
        Self::Create { path: path.into(), data: data.into() }
    }

    /// [`Step::Set`].
    pub fn set(path: impl Into<String>, data: impl Into<Vec<u8>>) -> Self {
        Self::Set { path: path.into(), data: data.into() }
    }

    /// [`Step::Delete`].
    pub fn delete(path: impl Into<String>) -> Self {
        Self::Delete { path: path.into() }
    }

    pub(crate) fn path(&self) -> &str {
        match self {
            Self::Create { path, .. } | Self::Set { path, .. } | Self::Delete { path } => path,
        }
    }
}
