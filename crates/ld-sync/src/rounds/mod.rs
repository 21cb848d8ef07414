//! What happens to all files at once, again and again: the heartbeat, the search for drift, the
//! comparison of contents, the report after an outage, and log lines about states that last.
//! `rivals` looks for other watchers, which may be what changes a file.

pub(crate) mod drift;
pub(crate) mod heartbeat;
pub(crate) mod outage;
mod proof;
pub(crate) mod reminders;
mod rivals;

use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

pub(crate) use proof::Proof;
pub(crate) use rivals::Rivals;

/// Ticks once an interval, at first after `first`. Missed ticks are not made up for.
fn ticks(first: Duration, interval: Duration) -> Interval {
    let mut ticks = interval_at(Instant::now() + first, interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

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
