//! What happens to all files at once, again and again: the heartbeat, the search for drift, and the
//! comparison of contents.

pub(crate) mod drift;
pub(crate) mod heartbeat;
pub(crate) mod outage;
mod proof;

pub(crate) use proof::Proof;

/// The latest rounds. Every node's task takes part in each, unless it is busy until the next one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rounds {
    /// The proof for the latest heartbeat.
    pub(crate) heartbeat: Option<Proof>,
    /// The number of the latest search for drift.
    pub(crate) drift: u64,
    /// The number of the latest comparison of contents.
    pub(crate) contents: u64,
}
