//! One file, one node: two destinations that are one file through links would overwrite each other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::file::Entry;
use crate::node::Node;

/// Which node writes which directory entry. Each node has at most one entry.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    nodes: Mutex<HashMap<Entry, Arc<Node>>>,
}

/// The directory entry that a node writes. It is given up when this is dropped.
#[derive(Debug)]
pub(crate) struct Claim {
    claims: Arc<Claims>,
    node: Arc<Node>,
    entry: Entry,
}

/// Two nodes have one file.
#[derive(Debug, thiserror::Error)]
#[error("it is the same file as nodes.{other}.dest, through a link; give each node a file of its own")]
pub(crate) struct SameFile {
    other: String,
}

impl Claims {
    /// Claims `entry` for `node`, and gives up the entry that it claimed before. Of two nodes that
    /// claim one entry, the one that comes first in the configuration gets it.
    pub(crate) fn claim(
        self: &Arc<Self>,
        node: &Arc<Node>,
        entry: Entry,
        claimed: &mut Option<Claim>,
    ) -> Result<(), SameFile> {
        if claimed.as_ref().is_some_and(|former| former.entry != entry) {
            *claimed = None;
        }
        let mut nodes = self.lock();
        match nodes.get(&entry) {
            Some(owner) if Arc::ptr_eq(owner, node) => {}
            Some(owner) if owner.index < node.index => {
                return Err(SameFile { other: owner.config.name.clone() });
            }
            Some(owner) => {
                let error = SameFile { other: node.config.name.clone() };
                owner.lose_file(&error.to_string());
            }
            None => {}
        }
        node.gain_file();
        nodes.insert(entry.clone(), Arc::clone(node));
        drop(nodes);
        claimed.get_or_insert_with(|| Claim { claims: Arc::clone(self), node: Arc::clone(node), entry });
        Ok(())
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, HashMap<Entry, Arc<Node>>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut nodes = self.claims.lock();
        if nodes.get(&self.entry).is_some_and(|owner| Arc::ptr_eq(owner, &self.node)) {
            nodes.remove(&self.entry);
        }
    }
}
