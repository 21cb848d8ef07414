//! The rate of log lines about one failure.

use std::time::Duration;

use tokio::time::Instant;

/// How often at most the same failure is logged again.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// Lets the same failure into the log once, and then at a bounded rate.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    last: Option<Instant>,
}

impl Throttle {
    pub(super) fn is_due(&mut self) -> bool {
        let due = self.last.is_none_or(|last| last.elapsed() >= LOG_INTERVAL);
        if due {
            self.last = Some(Instant::now());
        }
        due
    }
}
