//! What a program decides about its client, as opposed to what its configuration says.

use std::time::Duration;

/// How a [`Client`](crate::Client) behaves. Start from `Options::default()` and change fields.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Whether a session with a read-only server (one that is cut off from its quorum) will do when
    /// no other server answers. The original's watcher says yes, its writer no. Default: no.
    pub read_only: bool,
    /// How many bytes of node data may be in memory at once, read or being read, counted in KiB. A
    /// node that is bigger than all of it still passes, alone. Default: 16 MiB.
    pub read_budget_bytes: usize,
    /// How long [`Client::session`](crate::Client::session) waits for a live session. Default: 15
    /// s.
    pub session_wait: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { read_only: false, read_budget_bytes: 16 << 20, session_wait: Duration::from_secs(15) }
    }
}
