//! One file, one node: two destinations that are the same file through links would overwrite each other for ever.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use crate::apply::ApplyError;
use crate::file::{self, Directory};
use crate::record::Node;

/// Which node writes which directory entry: device and inode of the directory, and the name. Only a part of its hash is kept, and the
/// number of the node, since every node has one.
pub(crate) struct Claims {
    nodes: Arc<[Arc<Node>]>,
    hasher: RandomState,
    owners: Mutex<HashMap<u32, u32>>,
}

impl Claims {
    /// The claims of the nodes, whose numbers are their indices.
    pub(crate) fn new(nodes: Arc<[Arc<Node>]>) -> Self {
        Self { nodes, hasher: RandomState::new(), owners: Mutex::default() }
    }

    /// Claims the entry behind the node's destination. The first to claim it keeps it.
    ///
    /// `last` is the directory that was opened for it last: those of a batch are mostly one.
    pub(crate) fn claim(&self, node: &Node, last: &mut Option<Rc<Directory>>) -> Result<(), ApplyError> {
        let entry = file::locate(&node.target, last)?;
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        let owner = owners.entry(self.hasher.hash_one(&entry) as u32).or_insert(node.number());
        if *owner != node.number() {
            let other = &self.nodes[*owner as usize];
            // What was claimed may be elsewhere now, or have this hash by chance.
            if file::locate(&other.target, &mut None).is_ok_and(|claimed| claimed == entry) {
                return Err(ApplyError::SameFile { other: other.name().to_owned() });
            }
            *owner = node.number();
        }
        Ok(())
    }
}
