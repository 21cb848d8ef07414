//! What happens to all files at once, again and again: the heartbeat and the search for drift.

pub(crate) mod drift;
pub(crate) mod heartbeat;
pub(crate) mod outage;

pub(crate) use heartbeat::Proof;

/// The latest rounds. Every node's task takes part in each, unless it is at work until the next.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rounds {
    /// The proof for the latest heartbeat.
    pub(crate) heartbeat: Option<Proof>,
    /// The number of the latest search for drift.
    pub(crate) drift: u64,
}
