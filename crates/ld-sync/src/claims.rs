//! One file, one node: two destinations that are the same file through links would overwrite each other for ever.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::apply::ApplyError;
use crate::file::{self, Directory};
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
    ///
    /// `last` is the directory that was opened for it last: those of a batch are mostly one.
    pub(crate) fn claim(&self, node: &Arc<Node>, last: &mut Option<Rc<Directory>>) -> Result<(), ApplyError> {
        let entry = file::locate(&node.target, last)?;
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        let owner = owners.entry(self.hasher.hash_one(&entry)).or_default();
        match owner.upgrade() {
            Some(other) if Arc::ptr_eq(&other, node) => {}
            // What was claimed may be elsewhere now, or have this hash by chance.
            Some(other) if file::locate(&other.target, &mut None).is_ok_and(|claimed| claimed == entry) => {
                return Err(ApplyError::SameFile { other: other.name.to_string() });
            }
            _ => *owner = Arc::downgrade(node),
        }
        Ok(())
    }
}
