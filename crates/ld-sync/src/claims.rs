//! One file, one node: two destinations that are the same file through links would overwrite each other for ever.

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::apply::ApplyError;
use crate::file;
use crate::record::Node;

/// Which node writes which directory entry: (device and inode of the directory, name).
#[derive(Default)]
pub(crate) struct Claims {
    owners: Mutex<HashMap<(u64, u64, OsString), Weak<Node>>>,
}

impl Claims {
    /// Claims the entry behind the node's destination. The first to claim it keeps it.
    pub(crate) fn claim(&self, node: &Arc<Node>) -> Result<(), ApplyError> {
        let entry = file::locate(&node.target)?;
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        let owner = owners.entry(entry).or_default();
        match owner.upgrade() {
            Some(other) if !Arc::ptr_eq(&other, node) => {
                Err(ApplyError::SameFile { other: other.name.to_string() })
            }
            Some(_) => Ok(()),
            None => {
                *owner = Arc::downgrade(node);
                Ok(())
            }
        }
    }
}
