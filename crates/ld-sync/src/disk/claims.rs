//! One file, one node: two destinations that are one file through links would overwrite each other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::disk::job::JobError;
use crate::file::Entry;
use crate::node::Node;

/// Which node writes which directory entry. Each node has at most one entry.
#[derive(Default)]
pub(crate) struct Claims {
    nodes: Mutex<HashMap<Entry, Arc<Node>>>,
}

impl Claims {
    /// Claims `entry` for `node`, and gives up the entry that it claimed before. Of two nodes that claim one
    /// entry, the one that comes first in the configuration gets it.
    pub(crate) fn claim(
        &self,
        node: &Arc<Node>,
        entry: Entry,
        claimed: &mut Option<Entry>,
    ) -> Result<(), JobError> {
        let mut nodes = self.lock();
        if let Some(former) = claimed.take_if(|former| *former != entry)
            && nodes.get(&former).is_some_and(|owner| Arc::ptr_eq(owner, node))
        {
            nodes.remove(&former);
        }
        match nodes.get(&entry) {
            Some(owner) if Arc::ptr_eq(owner, node) => {}
            Some(owner) if owner.index < node.index => {
                return Err(JobError::SameFile { other: owner.config.name.clone() });
            }
            Some(owner) => {
                let error = JobError::SameFile { other: node.config.name.clone() };
                owner.lose_file(&error.to_string());
            }
            None => {}
        }
        node.gain_file();
        nodes.insert(entry.clone(), Arc::clone(node));
        *claimed = Some(entry);
        Ok(())
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, HashMap<Entry, Arc<Node>>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
