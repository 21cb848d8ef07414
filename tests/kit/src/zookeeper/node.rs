//! A node's stat and ACL.

use std::io;

use crate::zookeeper::record::{Fields, Record};

/// A node's metadata. Zxids grow with each change of the whole ensemble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stat {
    /// The zxid of the node's creation.
    pub czxid: i64,
    /// The zxid of its last change of data.
    pub mzxid: i64,
    /// Number of changes of its data since it was created.
    pub version: i32,
    /// Number of changes of its ACL.
    pub aversion: i32,
    /// Length of its data in bytes.
    pub data_length: i32,
    /// Number of its direct children.
    pub num_children: i32,
}

impl Stat {
    pub(crate) fn read(fields: &mut Fields<'_>) -> io::Result<Self> {
        let (czxid, mzxid, _ctime, _mtime) = (fields.long()?, fields.long()?, fields.long()?, fields.long()?);
        let (version, _cversion, aversion) = (fields.int()?, fields.int()?, fields.int()?);
        let _ephemeral_owner = fields.long()?;
        let (data_length, num_children) = (fields.int()?, fields.int()?);
        let _pzxid = fields.long()?;
        Ok(Self { czxid, mzxid, version, aversion, data_length, num_children })
    }
}

/// One entry of a node's ACL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acl {
    /// The sum of [`Acl::READ`] and the other permissions.
    pub permissions: i32,
    /// ZooKeeper's scheme: `world`, `auth`, `digest`.
    pub scheme: String,
    /// The user, in terms of the scheme.
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

    /// `permissions` for every client.
    #[must_use]
    pub fn anyone(permissions: i32) -> Self {
        Self { permissions, scheme: "world".into(), id: "anyone".into() }
    }

    /// `permissions` for the users that the creating [`Admin`](crate::Admin) is authenticated as.
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
