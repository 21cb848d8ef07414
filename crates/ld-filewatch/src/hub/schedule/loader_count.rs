//! How many loader threads there are and whether they make progress.

use std::time::Instant;

#[derive(Default)]
pub(crate) struct LoaderCount {
    pub(crate) alive: usize,
    pub(crate) idle: usize,
    /// Jobs taken so far.
    pub(crate) taken: u64,
    /// When to start another loader, if a job still waits and none has been taken by then.
    pub(crate) grow_at: Option<Instant>,
    /// `taken` at the time when `grow_at` was set.
    pub(crate) taken_then: u64,
}
