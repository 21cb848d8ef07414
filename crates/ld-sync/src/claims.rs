//! One file, one node: two destinations that are the same file through links would overwrite each other for ever.

use std::collections::HashMap;
use std::ffi::OsString;
use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::apply::ApplyError;
use crate::file::{self, FileError, Target};
use crate::record::Node;

/// Which node writes which directory entry: device and inode of the directory, and the name. Only a hash of it is kept, since
/// every node has one.
#[derive(Default)]
pub(crate) struct Claims {
    hasher: RandomState,
    owners: Mutex<HashMap<u64, Weak<Node>>>,
}

impl Claims {
    /// Claims the entry behind the node's destination. The first to claim it keeps it.
    pub(crate) fn claim(&self, node: &Arc<Node>, places: &mut Places) -> Result<(), ApplyError> {
        let entry = places.locate(&node.target)?;
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        let owner = owners.entry(self.hasher.hash_one(&entry)).or_default();
        match owner.upgrade() {
            Some(other) if Arc::ptr_eq(&other, node) => {}
            // What was claimed may be elsewhere now, or have this hash by chance.
            Some(other) if file::locate(&other.target).is_ok_and(|claimed| claimed == entry) => {
                return Err(ApplyError::SameFile { other: other.name.to_string() });
            }
            _ => *owner = Arc::downgrade(node),
        }
        Ok(())
    }
}

/// The directories of one batch, each looked up once.
#[derive(Default)]
pub(crate) struct Places {
    known: Option<(PathBuf, (u64, u64))>,
}

impl Places {
    /// The same as [`file::locate`].
    fn locate(&mut self, target: &Target) -> Result<(u64, u64, OsString), FileError> {
        let (parent, name) = (target.path.parent(), target.path.file_name());
        if let (Some((path, (device, inode))), Some(name)) = (&self.known, name)
            && parent == Some(path)
        {
            return Ok((*device, *inode, name.to_owned()));
        }
        let entry = file::locate(target)?;
        // Where the directory is missing the entry begins further up.
        if let (Some(parent), Some(name)) = (parent, name)
            && entry.2 == name
        {
            self.known = Some((parent.to_owned(), (entry.0, entry.1)));
        }
        Ok(entry)
    }
}
