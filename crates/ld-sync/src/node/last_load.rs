//! A pointer that a node held, and what was loaded by it.

use std::borrow::Cow;

use ld_file::Digest;
use ld_zk::{NodeStat, SessionKey};
use tokio::time::Instant;

/// A reading that gave a pointer.
pub(super) struct PointerReading<'a> {
    pub(super) json: Cow<'a, str>,
    pub(super) stat: NodeStat,
    pub(super) session: SessionKey,
    pub(super) read_only: bool,
}

/// What is known of the pointer that a node held last.
pub(super) struct LastLoad {
    /// A keyed hash of the pointer, which holds secrets.
    pub(super) pointer: u64,
    /// What it pointed to, if that was loaded.
    pub(super) digest: Option<(Digest, u64)>,
    /// It is not loaded before this.
    pub(super) not_before: Option<Instant>,
}
