//! The ACL of a directory, for the nodes below it.

use ld_zk::zookeeper::{self, Acl};

use super::AclError;
use crate::Error;
use crate::request::{Unanswered, bounded};

/// The ACL that a new node below `directory` gets: that of the directory. Cancel-safe.
///
/// # Errors
///
/// - [`AclError::Masked`]: ZooKeeper shows the hashes of an ACL only to users with the permission
///   `a` (admin) on the node.
/// - [`Error::DirectoryMissing`]: `live-data-ctl init` has not made it.
/// - [`Error::NotAuthorized`], [`Error::Read`]: the ACL cannot be read.
pub async fn inherit(session: &zookeeper::Client, directory: &str) -> Result<Vec<Acl>, Error> {
    let (acl, _) = bounded(session.get_acl(directory)).await.map_err(|cause| match cause {
        Unanswered::Refused(zookeeper::Error::NoNode) => {
            Error::DirectoryMissing { path: directory.to_owned() }
        }
        cause => Error::read(directory, cause),
    })?;
    match acl.iter().any(is_masked) {
        true => Err(AclError::Masked { path: directory.to_owned() }.into()),
        false => Ok(acl),
    }
}

/// Whether ZooKeeper shows an `x` in place of the hash, which is always 28 characters long.
pub(super) fn is_masked(acl: &Acl) -> bool {
    acl.scheme() == "digest" && acl.id().ends_with(":x")
}
