//! What is remembered of the last load of a node.

use ld_file::Digest;
use tokio::time::Instant;

/// What is known of the pointer that a node held last.
pub(super) struct LastLoad {
    /// A keyed hash of the pointer, which holds secrets.
    pub(super) pointer: u64,
    /// What it pointed to, if that was loaded.
    pub(super) digest: Option<Digest>,
    /// It is not loaded before this.
    pub(super) not_before: Option<Instant>,
}
