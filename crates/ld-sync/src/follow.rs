//! The follower of one node: waits for something to do.

use std::task::{Context, Poll};

use ld_zk::Backoff;

use crate::jitter::Turn;
use crate::record::Node;
use crate::retry::{Retry, poll_retry};
use crate::source::NodeSource;

/// What a follower has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// The node may have changed.
    Reading,
    /// A failed attempt is tried again.
    Retry,
}

/// Follows one node. Every node has one, so it is small; what it takes to do something comes with the [`Errand`](crate::errand::Errand).
pub(crate) struct Follower<W> {
    pub(crate) watch: W,
    /// Boxed, since few nodes have any.
    pub(crate) delays: Option<Box<Delays>>,
}

/// Why a follower does not do at once what it has to.
#[derive(Default)]
pub(crate) struct Delays {
    /// Since the first failure.
    pub(crate) backoff: Option<Backoff>,
    pub(crate) retry: Option<Retry>,
    /// Of a node with a window, from the first state that the file lacks until it is right.
    pub(crate) turn: Option<Turn>,
}

impl<W: NodeSource> Follower<W> {
    pub(crate) fn new(watch: W) -> Self {
        Self { watch, delays: None }
    }

    /// Waits until there is something to do. A node that may have changed gets no heartbeat from then on, however long it takes
    /// until it can be read.
    pub(crate) fn poll_due(&mut self, node: &Node, context: &mut Context<'_>) -> Poll<Due> {
        loop {
            if self.watch.poll_changed(context).is_ready() {
                node.set_pending();
                if let Some(delays) = &mut self.delays {
                    // Whatever waits for another attempt is superseded by what is read now.
                    delays.retry = None;
                    if let Some(turn) = &mut delays.turn {
                        turn.ask();
                    }
                }
                return self.watch.poll_readable(context).map(|()| Due::Reading);
            }
            let retry = self.delays.as_mut().map(|delays| &mut delays.retry);
            if let Some(retry) = retry
                && poll_retry(retry, context).is_ready()
            {
                if retry.as_ref().is_some_and(|retry| retry.attempt.is_some()) {
                    return Poll::Ready(Due::Retry);
                }
                *retry = None;
                self.watch.refresh();
            } else if node.is_drifted() {
                node.set_pending();
                self.watch.refresh();
            } else {
                return Poll::Pending;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_thousand_that_wait_are_cheap() {
        let waiting = size_of::<Option<Follower<ld_zk::NodeWatch>>>();
        assert!(waiting <= 40, "{waiting}");
    }
}
