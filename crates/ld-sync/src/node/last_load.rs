//! What is remembered of a node that holds a pointer, and of its last load.

use ld_file::Digest;
use ld_fleet::ContentHash;
use ld_zk::{NodeStat, SessionKey};
use tokio::time::Instant;

use super::retry::StateOfNode;

/// The state of the node that holds the pointer, as it was last read.
pub(super) struct Held {
    /// A keyed hash of the pointer.
    pub(super) key: u64,
    pub(super) stat: NodeStat,
    /// The hash of the pointer, as of all content of nodes.
    pub(super) hash: Option<ContentHash>,
    pub(super) session: SessionKey,
    pub(super) read_only: bool,
}

impl Held {
    /// The state in which the file holds the `bytes` that were loaded.
    pub(super) fn state(&self, bytes: u64) -> StateOfNode {
        StateOfNode::new(&self.stat, bytes, self.hash, self.session)
    }
}

/// What is known of the pointer that a node held last.
pub(super) struct LastLoad {
    /// A keyed hash of the pointer, which holds secrets.
    pub(super) pointer: u64,
    /// What it pointed to, if that was loaded.
    pub(super) digest: Option<Digest>,
    /// It is not loaded before this.
    pub(super) not_before: Option<Instant>,
}
