//! What a follower does when there is something to do: reads the node, decides, brings the file to it, and tries again until it
//! holds.

use std::sync::Arc;

use ld_config::chain;
use ld_zk::{Backoff, NodeState, Reading};
use tokio::sync::Semaphore;
use tracing::{debug, info, warn};

use crate::apply::{Done, Existing, Failure};
use crate::content::Holdings;
use crate::decide::{Decision, decide};
use crate::follow::{Delays, Due, Follower};
use crate::guard::{self, Checks, Verdict};
use crate::jitter::Turn;
use crate::pointer::is_s3_pointer;
use crate::pool::FilePool;
use crate::record::{Landed, Node};
use crate::retry::{Attempt, RETRY_AT_MOST, RETRY_FIRST, Retry};
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

/// A follower at work, with all that it takes.
pub(crate) struct Errand<W> {
    node: Arc<Node>,
    shared: Arc<Shared>,
    follower: Follower<W>,
}

impl<W: NodeSource> Errand<W> {
    pub(crate) fn new(node: Arc<Node>, shared: Arc<Shared>, follower: Follower<W>) -> Self {
        Self { node, shared, follower }
    }

    /// Does what is due, and gives the follower back. The place at work is held while content is on its way from the node to its file,
    /// and given back for what may take long.
    pub(crate) async fn run(mut self, due: Due, place: Place) -> Follower<W> {
        let unless_lost = Lost(Some(self.node.clone()));
        match due {
            Due::Reading => {
                if let Some(reading) = self.follower.watch.read().await {
                    if let Some(Delays { turn, .. }) = self.follower.delays.as_deref_mut()
                        && turn.as_mut().is_some_and(Turn::was_held_up)
                    {
                        *turn = None;
                    }
                    self.take(reading, place).await;
                    if self.node.set_settled() {
                        self.shared.settled.add_permits(1);
                    }
                }
            }
            Due::Retry => {
                let retry = self.follower.delays.as_mut().and_then(|delays| delays.retry.take());
                if let Some(attempt) = retry.and_then(|retry| retry.attempt) {
                    self.attempt(attempt, place.is_only()).await;
                }
            }
        }
        unless_lost.end();
        self.follower
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
                if self.node.settings().guards.is_some() {
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
        let turn = self.follower.delays.as_ref().and_then(|delays| delays.turn.as_ref());
        let at_once = self.node.settings().window.is_zero() || turn.is_some_and(|turn| turn.left().is_zero());
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
                self.retry_later(None);
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
                self.follower.delays = None;
                if node.set_current(&Landed { session, mzxid, bytes, replaced }) {
                    info!("nodes.{}: '{}' is current again", node.name(), node.target.path.display());
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
                    debug!(
                        "nodes.{}: {} does not exist, and neither does its file",
                        node.name(),
                        node.source()
                    );
                }
                self.follower.delays = None;
                if node.set_absent(removed) {
                    info!("nodes.{}: '{}' is as it should be again", node.name(), node.target.path.display());
                }
            }
            Ok(Done::Delayed) => self.delay(),
            Err(Failure { error, work }) => {
                let work = work.and_then(|work| work.held(&self.shared.holdings));
                let attempt = work.map(|work| Attempt { work, session, mzxid, bytes });
                self.retry_later(attempt);
                self.stand(State::Failing, &chain(&error));
            }
        }
    }

    /// The change waits for its turn, and is read again then: thousands of nodes may wait, and newer states supersede it.
    fn delay(&mut self) {
        let Delays { turn, retry, .. } = self.follower.delays.get_or_insert_default().as_mut();
        let turn = turn.get_or_insert_with(|| {
            let turn = Turn::draw(self.node.settings().window);
            let (name, path) = (self.node.name(), &self.node.target.path);
            info!("nodes.{name}: '{}': {}", path.display(), turn.reason());
            turn
        });
        self.node.set_delayed(&turn.reason());
        *retry = Some(Retry::after(turn.left(), None));
    }

    /// Tries it again after the backoff, or reads the node again.
    fn retry_later(&mut self, attempt: Option<Attempt>) {
        let Delays { backoff, retry, .. } = self.follower.delays.get_or_insert_default().as_mut();
        let backoff = backoff.get_or_insert_with(|| Backoff::new(RETRY_FIRST, RETRY_AT_MOST));
        *retry = Some(Retry::after(backoff.next_delay(), attempt));
    }

    /// The node does not stand well: no heartbeat, and one line in the log.
    fn stand(&mut self, state: State, error: &str) {
        if !matches!(state, State::Failing | State::Rejected) {
            // Nothing waits any more; and an outage strikes all hosts, which must not end it by changing at once.
            if let Some(delays) = &mut self.follower.delays {
                delays.turn = None;
            }
        }
        if self.node.set_bad(state, error) {
            let (name, source) = (self.node.name(), self.node.source());
            warn!("nodes.{name}: {source} -> '{}': {error}", self.node.target.path.display());
        }
    }
}

/// A node whose errand was lost, unless it ended.
struct Lost(Option<Arc<Node>>);

impl Lost {
    fn end(mut self) {
        self.0 = None;
    }
}

impl Drop for Lost {
    fn drop(&mut self) {
        self.0.iter().for_each(|node| unfollow(node));
    }
}

/// Nobody follows the node any more, so that it must not get heartbeats.
pub(crate) fn unfollow(node: &Node) {
    node.set_bad(State::Failing, "nothing follows this node any more");
}
