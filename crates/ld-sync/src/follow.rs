//! The follower of one node: waits for something to do, does it, and tries again until it holds.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ld_config::chain;
use ld_zk::{Backoff, NodeState, Reading};
use tokio::sync::Semaphore;
use tracing::{debug, info, warn};

use crate::apply::{Done, Existing, Failure};
use crate::content::Holdings;
use crate::decide::{Decision, decide};
use crate::guard::{self, Checks, Verdict};
use crate::jitter::Turn;
use crate::pointer::is_s3_pointer;
use crate::pool::FilePool;
use crate::record::{Landed, Node};
use crate::retry::{Attempt, RETRY_AT_MOST, RETRY_FIRST, Retry, poll_retry};
use crate::scheduler::Place;
use crate::source::NodeSource;
use crate::status::State;

/// What all followers of one engine share.
pub(crate) struct Shared {
    pub(crate) pool: FilePool,
    pub(crate) holdings: Holdings,
    /// One permit is added for each node whose first outcome is known.
    pub(crate) settled: Arc<Semaphore>,
    /// The turns of nodes' checks: see [`guard::CHECKS`].
    pub(crate) turns: Semaphore,
    pub(crate) checks: Checks,
}

/// What a node whose drift is only reported says of itself.
pub(crate) const DRIFT_STAYS: &str =
    "the file was changed by somebody else, and stays so until the node changes";

/// What a follower has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// The node may have changed.
    Reading,
    /// A failed attempt is tried again.
    Retry,
}

/// Follows one node.
pub(crate) struct Follower<W> {
    node: Arc<Node>,
    watch: W,
    shared: Arc<Shared>,
    /// Since the first failure. Boxed, since few nodes fail.
    backoff: Option<Box<Backoff>>,
    retry: Option<Box<Retry>>,
    /// Of a node with a window, from the first state that the file lacks until it is right. Boxed, since few nodes have one.
    turn: Option<Box<Turn>>,
    settled: bool,
}

impl<W: NodeSource> Follower<W> {
    pub(crate) fn new(node: Arc<Node>, watch: W, shared: Arc<Shared>) -> Self {
        Self { node, watch, shared, backoff: None, retry: None, turn: None, settled: false }
    }

    /// Waits until there is something to do. A node that may have changed gets no heartbeat from then on, however long it takes
    /// until it can be read.
    pub(crate) fn poll_due(&mut self, context: &mut Context<'_>) -> Poll<Due> {
        loop {
            if self.watch.poll_changed(context).is_ready() {
                self.node.set_pending();
                // Whatever waits for another attempt is superseded by what is read now.
                self.retry = None;
                if let Some(turn) = &mut self.turn {
                    turn.ask();
                }
                return self.watch.poll_readable(context).map(|()| Due::Reading);
            }
            if poll_retry(&mut self.retry, context).is_ready() {
                if self.retry.as_ref().is_some_and(|retry| retry.attempt.is_some()) {
                    return Poll::Ready(Due::Retry);
                }
                self.retry = None;
                self.watch.refresh();
            } else if self.node.poll_drifted(context).is_ready() {
                self.node.set_pending();
                self.watch.refresh();
            } else {
                return Poll::Pending;
            }
        }
    }

    /// Does what is due. The place at work is held while content is on its way from the node to its file, and given back for what
    /// may take long.
    pub(crate) async fn work(mut self: Box<Self>, due: Due, place: Place) -> Box<Self> {
        match due {
            Due::Reading => {
                if let Some(reading) = self.watch.read().await {
                    if self.turn.as_deref_mut().is_some_and(Turn::was_held_up) {
                        self.turn = None;
                    }
                    self.take(reading, place).await;
                    self.settle();
                }
            }
            Due::Retry => {
                if let Some(attempt) = self.retry.take().and_then(|retry| retry.attempt) {
                    self.attempt(attempt, place.is_only()).await;
                }
            }
        }
        self
    }

    fn settle(&mut self) {
        if !self.settled {
            self.settled = true;
            self.shared.settled.add_permits(1);
        }
    }

    /// Takes over a reading: content that passes the guards, and all that is no content, is decided about.
    async fn take(&mut self, reading: Reading, place: Place) {
        let Reading { state, session, read_only } = reading;
        let mut place = Some(place);
        let state = match state {
            NodeState::Present { data, .. } if is_s3_pointer(&data) => {
                let why = "the node points to an object in S3, which cannot be loaded; the last file stays";
                return self.stand(State::Rejected, why);
            }
            NodeState::Present { data, stat } => {
                if self.node.guards().is_some() {
                    place = None;
                }
                let Shared { turns, checks, .. } = &*self.shared;
                match guard::pass(&self.node, turns, checks, data).await {
                    Ok(data) => NodeState::Present { data, stat },
                    Err(verdict) => return self.reject(&verdict),
                }
            }
            state => state,
        };
        match decide(&self.node, Reading { state, session, read_only }, self.existing()) {
            Decision::Attempt(attempt) => {
                self.attempt(attempt, place.as_ref().is_some_and(Place::is_only)).await;
            }
            Decision::Stand(state, why) => self.stand(state, &why),
            Decision::Ignore => std::future::pending().await,
        }
    }

    /// What becomes of the last file before a change.
    fn existing(&self) -> Existing {
        let has_come = |turn: &Turn| turn.left().is_zero();
        let at_once = self.node.window().is_zero() || self.turn.as_deref().is_some_and(has_come);
        if at_once { Existing::Replace } else { Existing::Delay }
    }

    fn reject(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Rejected(reason) => {
                self.stand(
                    State::Rejected,
                    &format!("the content is rejected: {reason}; the last file stays"),
                );
            }
            Verdict::Failed(_) | Verdict::Interrupted => {
                // It was not judged, so it is read and judged again.
                self.retry = Some(Retry::after(self.next_delay(), None));
                self.stand(State::Failing, &format!("the content {}", verdict.describe()));
            }
        }
    }

    /// Tries it. Who is `alone` at work waits for no others to be written with.
    async fn attempt(&mut self, attempt: Attempt, alone: bool) {
        let Attempt { work, session, mzxid, bytes } = attempt;
        let node = &self.node;
        match self.shared.pool.run(node, work, alone).await {
            Ok(done @ (Done::Replaced | Done::Unchanged)) => {
                let replaced = done == Done::Replaced;
                if replaced {
                    info!("Updating '{}'", node.target.path.display());
                }
                self.backoff = None;
                self.turn = None;
                if node.set_current(&Landed { session, mzxid, bytes, replaced }) {
                    info!("nodes.{}: '{}' is current again", node.name, node.target.path.display());
                }
            }
            Ok(Done::Different) => self.stand(State::Drifted, DRIFT_STAYS),
            Ok(Done::Kept) => self.stand(
                State::Unverified,
                "connected to a read-only server, whose version may be older than the file; the file stays",
            ),
            Ok(done @ (Done::Removed | Done::WasMissing)) => {
                let removed = done == Done::Removed;
                if removed {
                    info!("Removing '{}'; watched node deleted.", node.target.path.display());
                } else {
                    debug!("nodes.{}: {} does not exist, and neither does its file", node.name, node.source);
                }
                self.backoff = None;
                self.turn = None;
                if node.set_absent(removed) {
                    info!("nodes.{}: '{}' is as it should be again", node.name, node.target.path.display());
                }
            }
            Ok(Done::Delayed) => self.delay(),
            Err(Failure { error, work }) => {
                let work = work.and_then(|work| work.held(&self.shared.holdings));
                let attempt = work.map(|work| Attempt { work, session, mzxid, bytes });
                self.retry = Some(Retry::after(self.next_delay(), attempt));
                self.stand(State::Failing, &chain(&error));
            }
        }
    }

    /// The change waits for its turn, and is read again then: thousands of nodes may wait, and newer states supersede it.
    fn delay(&mut self) {
        let Node { name, target, .. } = &*self.node;
        let turn = self.turn.get_or_insert_with(|| {
            let turn = Turn::draw(self.node.window());
            info!("nodes.{name}: '{}': {}", target.path.display(), turn.reason());
            Box::new(turn)
        });
        self.node.set_delayed(&turn.reason());
        self.retry = Some(Retry::after(turn.left(), None));
    }

    fn next_delay(&mut self) -> Duration {
        let first = || Box::new(Backoff::new(RETRY_FIRST, RETRY_AT_MOST));
        self.backoff.get_or_insert_with(first).next_delay()
    }

    /// The node does not stand well: no heartbeat, and one line in the log.
    fn stand(&mut self, state: State, error: &str) {
        if !matches!(state, State::Failing | State::Rejected) {
            // Nothing waits any more; and an outage strikes all hosts, which must not end it by changing at once.
            self.turn = None;
        }
        if self.node.set_bad(state, error) {
            let Node { name, source, target, .. } = &*self.node;
            warn!("nodes.{name}: {source} -> '{}': {error}", target.path.display());
        }
    }
}

impl<W> Drop for Follower<W> {
    /// A node that nobody follows must not get heartbeats, whatever ended its task.
    fn drop(&mut self) {
        self.node.set_bad(State::Failing, "nothing follows this node any more");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_thousand_that_wait_are_cheap() {
        let waiting = size_of::<Follower<ld_zk::NodeWatch>>();
        assert!(waiting <= 120, "{waiting}");
    }
}
