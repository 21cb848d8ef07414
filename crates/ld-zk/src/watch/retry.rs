//! The retry policy of one reading: which failures are the node's own, and how long to wait before
//! the next try.

use std::time::Duration;

use crate::Backoff;
use crate::error::FailureKind;

/// How often a read is tried in live sessions before the failure counts as the node's own.
const READ_ATTEMPTS: u32 = 6;
/// After how many failures the session is suspected to be dead.
const SUSPICIOUS_FAILURES: u32 = 3;
/// The first bound of the delay between two tries.
const RETRY_BASE: Duration = Duration::from_millis(50);
/// Its last bound.
const RETRY_CAP: Duration = Duration::from_secs(2);

/// The failures of one reading.
pub(crate) struct RetryPolicy {
    failures: u32,
    backoff: Backoff,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { failures: 0, backoff: Backoff::new(RETRY_BASE, RETRY_CAP) }
    }
}

/// What to do after a failure.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the node's own: trying again would give the same.
    GiveUp,
    /// It may pass.
    Retry {
        after: Duration,
        /// So many failures in a live session that it may be dead.
        suspicious: bool,
    },
}

impl RetryPolicy {
    /// Judges one more failure.
    pub(crate) fn judge(&mut self, kind: FailureKind) -> Verdict {
        self.failures += 1;
        if kind == FailureKind::Node || self.failures >= READ_ATTEMPTS {
            return Verdict::GiveUp;
        }
        let suspicious = self.failures >= SUSPICIOUS_FAILURES;
        Verdict::Retry { after: self.backoff.next_delay(), suspicious }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_that_is_surely_the_nodes_is_not_tried_again() {
        assert_eq!(RetryPolicy::default().judge(FailureKind::Node), Verdict::GiveUp);
    }

    #[test]
    fn failures_of_the_connection_raise_suspicion_and_then_end() {
        let mut policy = RetryPolicy::default();
        let verdicts: Vec<_> = (0..READ_ATTEMPTS).map(|_| policy.judge(FailureKind::Connection)).collect();
        let suspicious = |verdict: &Verdict| matches!(verdict, Verdict::Retry { suspicious: true, .. });
        assert_eq!(verdicts.iter().position(suspicious), Some(SUSPICIOUS_FAILURES as usize - 1));
        assert_eq!(verdicts.last(), Some(&Verdict::GiveUp));
    }
}
