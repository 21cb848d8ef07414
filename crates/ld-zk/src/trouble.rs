//! The failures of one reading: whose they are, and how long to wait before the next try.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use crate::backoff::Backoff;
use crate::error::Blame;

/// How often a read is tried in live sessions before the trouble counts as the node's own.
const READ_ATTEMPTS: u32 = 6;
/// After how many failures the session is suspected to be dead.
const SUSPICIOUS_FAILURES: u32 = 3;
/// The first bound of the delay between two tries.
const RETRY_BASE: Duration = Duration::from_millis(50);
/// Its last bound.
const RETRY_CAP: Duration = Duration::from_secs(2);

/// The failures of one reading.
pub(crate) struct Trouble {
    failures: u32,
    backoff: Backoff,
    /// When the next try is due.
    due: Option<Pin<Box<Sleep>>>,
}

impl Default for Trouble {
    fn default() -> Self {
        Self { failures: 0, backoff: Backoff::new(RETRY_BASE, RETRY_CAP), due: None }
    }
}

/// What a failure means.
pub(crate) enum Judgement {
    /// It is the node's own: trying again would give the same.
    TheNodes,
    /// It may pass.
    Passing {
        /// So many failures in a live session that it may be dead.
        suspicious: bool,
    },
}

impl Trouble {
    /// Judges one more failure.
    pub(crate) fn judge(&mut self, blame: Blame) -> Judgement {
        self.failures += 1;
        if blame == Blame::Node || self.failures >= READ_ATTEMPTS {
            return Judgement::TheNodes;
        }
        let suspicious = self.failures >= SUSPICIOUS_FAILURES;
        self.due = Some(Box::pin(sleep(self.backoff.next_delay())));
        Judgement::Passing { suspicious }
    }

    /// Waits until the next try is due.
    pub(crate) fn poll_due(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.due.as_mut().map_or(Poll::Ready(()), |due| due.as_mut().poll(context))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_that_is_surely_the_nodes_is_not_tried_again() {
        assert!(matches!(Trouble::default().judge(Blame::Node), Judgement::TheNodes));
    }

    #[tokio::test]
    async fn failures_of_the_connection_make_the_session_suspicious_and_then_count_as_the_nodes() {
        let mut trouble = Trouble::default();
        let judgements: Vec<_> = (0..READ_ATTEMPTS).map(|_| trouble.judge(Blame::Connection)).collect();
        let suspicious =
            |judgement: &Judgement| matches!(judgement, Judgement::Passing { suspicious: true, .. });
        assert_eq!(judgements.iter().position(suspicious), Some(SUSPICIOUS_FAILURES as usize - 1));
        assert!(matches!(judgements.last(), Some(Judgement::TheNodes)));
    }
}
