//! Spaces out the polling of nodes that no watch can cover.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// An unreadable node is polled this often at most.
const POLL_INTERVAL: Duration = Duration::from_secs(10);
/// While there are few of them, it is polled this much later at most: a node that can be read again is right within
/// 12 s, as after any outage.
const POLL_JITTER: Duration = Duration::from_millis(1_500);
/// The time between two polls of one client, whichever nodes they are for: 10 a second.
const POLL_SPACING: Duration = Duration::from_millis(100);

/// Hands out the times at which nodes are polled.
#[derive(Debug, Default)]
pub(crate) struct Polls {
    last: Mutex<Option<Instant>>,
}

impl Polls {
    /// When to poll a node that has just turned out to be unreadable.
    pub(crate) fn next(&self) -> Instant {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = Instant::now() + POLL_INTERVAL + POLL_JITTER.mul_f64(fastrand::f64());
        // The order of the slots is the order of asking: the latest given one pushes all others behind it.
        let slot = last.map_or(wanted, |last| wanted.max(last + POLL_SPACING));
        *last = Some(slot);
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_node_is_polled_every_ten_seconds_and_not_much_more_rarely() {
        let polls = Polls::default();
        for _ in 0..100 {
            let now = Instant::now();
            let slot = polls.next();
            assert!(slot >= now + Duration::from_secs(10) && slot <= now + Duration::from_millis(11_500));
            tokio::time::sleep_until(slot).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn many_nodes_are_polled_ten_times_a_second() {
        let polls = Polls::default();
        let mut slots: Vec<_> = (0..1000).map(|_| polls.next()).collect();
        slots.sort();
        assert!(slots.windows(2).all(|pair| pair[1] - pair[0] >= POLL_SPACING));
        assert!(slots[999] - slots[0] <= POLL_SPACING * 1000 + Duration::from_secs(5));
    }
}
