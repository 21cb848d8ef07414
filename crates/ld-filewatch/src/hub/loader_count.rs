//! How many loader threads there are and whether they make progress.

use std::time::Instant;

#[derive(Default)]
pub(super) struct LoaderCount {
    pub(super) alive: usize,
    pub(super) idle: usize,
    /// Jobs taken so far.
    pub(super) taken: u64,
    /// When to start another loader, if a job still waits and none has been taken by then.
    pub(super) grow_at: Option<Instant>,
    /// `taken` at the time when `grow_at` was set.
    pub(super) taken_then: u64,
}
