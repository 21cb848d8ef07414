//! The task of one node: compare, decide, apply, and try again until it holds.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use ld_config::{OnDelete, chain};
use ld_zk::{Absence, Backoff, NodeData, NodeState, Reading, SessionKey, Unreadable};
use tokio::sync::Semaphore;
use tokio::time::{Sleep, sleep};
use tracing::{debug, info, warn};

use crate::apply::{Done, Failure, Work};
use crate::content::{Content, Holdings};
use crate::guard::{Verdict, judge};
use crate::pointer::is_s3_pointer;
use crate::pool::FilePool;
use crate::record::{Landed, Node};
use crate::source::NodeSource;
use crate::status::State;

/// A failed apply is tried again after at least this much, doubling with full jitter.
const RETRY_FIRST: Duration = Duration::from_millis(100);

/// A failed apply is tried again after this much at most.
const RETRY_AT_MOST: Duration = Duration::from_secs(2);

/// What all followers of one engine share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) pool: FilePool,
    pub(crate) holdings: Holdings,
    /// One permit is added for each node whose first outcome is known.
    pub(crate) settled: Arc<Semaphore>,
    /// The turns of nodes' checks: see [`CHECKS`].
    pub(crate) checks: Arc<Semaphore>,
}

/// Programs that check content at one time.
pub(crate) const CHECKS: usize = 4;

/// What a node whose drift is only reported says of itself.
pub(crate) const DRIFT_STAYS: &str =
    "the file was changed by somebody else, and stays so until the node changes";

/// Follows one node for as long as it is polled.
pub(crate) struct Follower<W> {
    node: Arc<Node>,
    watch: W,
    shared: Shared,
    backoff: Backoff,
    retry: Option<Retry>,
    settled: bool,
}

/// A failed attempt that waits for the next.
struct Retry {
    due: Pin<Box<Sleep>>,
    /// `None`: there was no room to hold it, so the node is read again.
    attempt: Option<Attempt>,
}

/// One state of the node on its way to the file.
struct Attempt {
    work: Work,
    session: SessionKey,
    mzxid: i64,
    bytes: u64,
}

impl<W: NodeSource> Follower<W> {
    pub(crate) fn new(node: Arc<Node>, watch: W, shared: Shared) -> Self {
        let backoff = Backoff::new(RETRY_FIRST, RETRY_AT_MOST);
        Self { node, watch, shared, backoff, retry: None, settled: false }
    }

    pub(crate) async fn run(mut self) {
        loop {
            tokio::select! {
                biased;
                () = self.watch.changed() => {
                    self.node.set_pending();
                    // Whatever waits for another attempt is superseded by what is read now.
                    self.retry = None;
                    let reading = self.watch.read().await;
                    self.decide(reading).await;
                    self.settle();
                }
                () = due(&mut self.retry) => match self.retry.take().and_then(|retry| retry.attempt) {
                    Some(attempt) => self.attempt(attempt).await,
                    None => self.watch.refresh(),
                },
                () = self.node.drifted.notified() => {
                    self.node.set_pending();
                    self.watch.refresh();
                }
            }
        }
    }

    fn settle(&mut self) {
        if !self.settled {
            self.settled = true;
            self.shared.settled.add_permits(1);
        }
    }

    async fn decide(&mut self, reading: Reading) {
        let Reading { state, session, read_only } = reading;
        match state {
            NodeState::Present { data, .. } if is_s3_pointer(&data) => self.stand(
                State::Rejected,
                "the node points to an object in S3, which cannot be loaded; the last file stays",
            ),
            NodeState::Present { data, stat } => {
                let data = match self.judge(data).await {
                    Ok(data) => data,
                    Err(verdict) => return self.reject(&verdict),
                };
                let known = self.node.mzxid();
                if self.node.state() == State::Drifted && known == Some(stat.mzxid) {
                    let bytes = data.len() as u64;
                    let work = Work::Compare(Content::Read(data));
                    return self.attempt(Attempt { work, session, mzxid: stat.mzxid, bytes }).await;
                }
                if read_only && known.is_some_and(|known| stat.mzxid < known) {
                    return self.stand(
                        State::Unverified,
                        "the read-only server has an older version than was applied; the newer file stays",
                    );
                }
                let bytes = data.len() as u64;
                let work = Work::Apply {
                    content: Content::Read(data),
                    // Without a version to compare with, a file that is there may be newer.
                    only_if_missing: read_only && known.is_none(),
                    touch: !read_only,
                };
                self.attempt(Attempt { work, session, mzxid: stat.mzxid, bytes }).await;
            }
            NodeState::Absent(Absence::Deleted | Absence::Confirmed)
                if !read_only && self.node.on_delete == OnDelete::Keep =>
            {
                self.stand(State::Kept, "the node does not exist; its file is kept, without a heartbeat");
            }
            NodeState::Absent(Absence::Deleted | Absence::Confirmed) if !read_only => {
                self.attempt(Attempt { work: Work::Remove, session, mzxid: 0, bytes: 0 }).await;
            }
            NodeState::Absent(Absence::Unconfirmed { reason }) => {
                self.stand(State::Unverified, &format!("the node is missing, and {reason}; the file stays"));
            }
            NodeState::Absent(_) => self.stand(
                State::Unverified,
                "the read-only server has no such node, but it may be behind; the file stays",
            ),
            // The process is ending: that says nothing about the node.
            NodeState::Unreadable(Unreadable::Other(ld_zk::Error::Closed)) => std::future::pending().await,
            NodeState::Unreadable(reason) => {
                self.stand(State::Unreadable, &format!("the node cannot be read: {reason}; the file stays"));
            }
        }
    }

    /// Lets content pass that the node's guards accept.
    async fn judge(&mut self, data: NodeData) -> Result<NodeData, Verdict> {
        let node = self.node.clone();
        let Some(guards) = node.guards.as_deref() else { return Ok(data) };
        let checks = self.shared.checks.clone();
        let _turn = match &guards.check {
            // The semaphore is never closed, so that an error cannot come.
            Some(_) => checks.acquire().await.ok(),
            None => None,
        };
        let node = node.clone();
        let judged = tokio::task::spawn_blocking(move || {
            let verdict = node.guards.as_deref().map_or(Ok(()), |guards| judge(guards, &node.target, &data));
            verdict.map(|()| data)
        });
        judged.await.unwrap_or_else(|panic| Err(Verdict::Failed(Box::new(panic))))
    }

    fn reject(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Rejected(reason) => {
                self.stand(
                    State::Rejected,
                    &format!("the content is rejected: {reason}; the last file stays"),
                );
            }
            Verdict::Failed(_) => {
                // It was not judged, so it is read and judged again.
                self.retry = Some(Retry { due: Box::pin(sleep(self.backoff.next_delay())), attempt: None });
                self.stand(State::Failing, &format!("the content {}", verdict.describe()));
            }
        }
    }

    async fn attempt(&mut self, attempt: Attempt) {
        let Attempt { work, session, mzxid, bytes } = attempt;
        let node = &self.node;
        match self.shared.pool.run(node, work).await {
            Ok(done @ (Done::Replaced | Done::Unchanged)) => {
                let replaced = done == Done::Replaced;
                if replaced {
                    info!("Updating '{}'", node.target.path.display());
                }
                self.backoff.reset();
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
                self.backoff.reset();
                if node.set_absent(removed) {
                    info!("nodes.{}: '{}' is as it should be again", node.name, node.target.path.display());
                }
            }
            Err(Failure { error, content }) => {
                let attempt = match content {
                    Some(content) => self.shared.holdings.hold(content).map(|content| Attempt {
                        work: Work::Apply { content, only_if_missing: false, touch: false },
                        session,
                        mzxid,
                        bytes,
                    }),
                    None => None,
                };
                self.retry = Some(Retry { due: Box::pin(sleep(self.backoff.next_delay())), attempt });
                self.stand(State::Failing, &chain(&error));
            }
        }
    }

    /// The node does not stand well: no heartbeat, and one line in the log.
    fn stand(&self, state: State, error: &str) {
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

/// Resolves when a retry is due; never without one.
async fn due(retry: &mut Option<Retry>) {
    match retry {
        Some(retry) => retry.due.as_mut().await,
        None => std::future::pending().await,
    }
}
