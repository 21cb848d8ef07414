//! One node's latest state, across sessions.

pub(crate) mod audit;
mod children;
mod request;
mod retry;
mod settle;

use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::sync::watch;
use tokio::time::sleep;

pub use children::{ChildrenReading, ChildrenState, ChildrenWatch};

use crate::nodes::{Node, PollPlace, SetWatch, fired};
use crate::reading::{Reading, SessionKey, Unreadable};
use crate::session::{EnsembleCheck, ReadContext, Session};
use crate::shared::Sessions;
use retry::{RetryPolicy, Verdict};

/// One node's latest state, level-triggered and across sessions: [`changed`](Self::changed) says
/// that there may be something new, [`read`](Self::read) gives what is there then. States in
/// between are skipped.
///
/// ```no_run
/// # async fn example(client: ld_zk::Client) -> Result<(), ld_zk::Error> {
/// let mut watch = client.watch("/live/flags")?;
/// loop {
///     watch.changed().await;
///     let reading = watch.read().await;
///     println!("{:?}", reading.state);
/// }
/// # }
/// ```
pub struct NodeWatch {
    sessions: Arc<Sessions>,
    session: Arc<Session>,
    node: Arc<Node>,
    /// The node's number in the session's list.
    id: u64,
    context: watch::Receiver<ReadContext>,
    /// What the last reading depended on.
    basis: Basis,
    /// There may be something new.
    stale: bool,
    watch: Option<SetWatch>,
    /// The node cannot be read, and is polled.
    poll: Option<PollPlace>,
    /// Where the node was last seen to exist: session, and how often that had been resumed.
    present_in: Option<(SessionKey, u32)>,
    /// The most bytes that are read.
    limit: usize,
    without_auth: bool,
}

/// What a reading depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Basis {
    /// There was no reading.
    Nothing,
    /// The session.
    Session(SessionKey),
    /// The session, and that the ensemble was not known to hold data.
    Unconfirmed(SessionKey),
    /// The client was closed.
    Closed,
}

impl NodeWatch {
    pub(crate) fn new(sessions: Arc<Sessions>, session: Arc<Session>, path: &str) -> Self {
        let node = Node::new(path);
        Self {
            id: session.nodes.add(&node),
            context: session.context(),
            limit: sessions.shared.config.max_read_bytes,
            sessions,
            session,
            node,
            basis: Basis::Nothing,
            stale: true,
            watch: None,
            poll: None,
            present_in: None,
            without_auth: false,
        }
    }

    /// Lowers the most bytes that are read, which is `zookeeper.max_read_bytes` otherwise. A node
    /// with more is [`NodeState::TooLarge`](crate::NodeState::TooLarge).
    #[must_use]
    pub fn at_most(mut self, bytes: usize) -> Self {
        self.limit = self.limit.min(bytes);
        self
    }

    /// The node's path below the chroot.
    pub fn path(&self) -> &str {
        self.node.path()
    }

    /// Waits until the node may have changed since the last reading; resolves at once before the
    /// first one. That is: its watch fired, there is a new session, an unreadable node is due to be
    /// tried again, an absence that was not believed may be believed now, the client was closed, or
    /// [`refresh`](Self::refresh) was called. It keeps resolving at once until [`read`](Self::read)
    /// has completed.
    ///
    /// After a reading that says that the client was closed, it never resolves: a loop ends at
    /// [`Error::Closed`](crate::Error::Closed).
    ///
    /// Ready at its first poll if any of that came before. Cancel-safe: dropping the future loses
    /// nothing.
    pub async fn changed(&mut self) {
        // Unconstrained: out of its cooperative budget, a task of tokio would not see at its first
        // poll what has come before, and a heartbeat would rest on that.
        tokio::task::unconstrained(async {
            self.leave_ended_session();
            while !self.stale && !self.is_outdated() {
                tokio::select! {
                    biased;
                    () = fired(&mut self.watch) => {
                        self.watch = None;
                        self.stale = true;
                    }
                    () = self.node.hint() => {}
                    // The client holds the sender, so this cannot fail.
                    _ = self.context.changed() => self.leave_ended_session(),
                }
            }
            self.stale = true;
        })
        .await;
    }

    /// Makes [`changed`](Self::changed) resolve, to read again what could not be used.
    pub fn refresh(&mut self) {
        self.stale = true;
    }

    /// Reads the node and sets its watch. It waits for a live session for as long as that takes, so
    /// select on your own shutdown; each request is bounded by 60 s, and failures of the connection
    /// are tried again. After the client was closed the node is [`Unreadable`] with
    /// [`Error::Closed`](crate::Error::Closed).
    ///
    /// Cancel-safe: after dropping the future [`changed`](Self::changed) resolves at once.
    pub async fn read(&mut self) -> Reading {
        self.stale = true;
        let mut retry = RetryPolicy::default();
        loop {
            let Some(live) = self.session.connected().await else { return self.closed() };
            let shared = &self.sessions.shared;
            // Every node may wait here at once. The semaphore is never closed.
            let permit = shared.reads.acquire().await;
            let resumes = live.resumes();
            self.node.begin_reading();
            // Boxed, the attempt takes memory only for the nodes that are being read.
            let attempt = Box::pin(request::read(&shared.budget, &live, self.node.path(), self.limit));
            let attempt = tokio::select! {
                attempt = attempt => attempt,
                () = self.session.disconnected(live.key) => continue,
            };
            drop(permit);
            let failure = match attempt {
                Ok((found, watch)) => return self.found(found, watch, &live, resumes),
                Err(failure) if failure.is_no_auth() => return self.unreadable(Unreadable::NoAuth, &live),
                Err(failure) => failure,
            };
            if failure.ends_session() {
                live.broken.notify_one();
            }
            match retry.judge(failure.kind()) {
                Verdict::GiveUp => {
                    let error = failure.into_error(self.path());
                    return self.unreadable(Unreadable::Other(error), &live);
                }
                Verdict::Retry { after, suspicious } => {
                    if suspicious {
                        live.suspect.notify_one();
                    }
                    Box::pin(sleep(after)).await;
                }
            }
        }
    }

    /// Lets go of the watch of a session that is over: its task may be gone soon.
    fn leave_ended_session(&mut self) {
        if self.context.borrow().session.is_none()
            && let Some(mut watch) = self.watch.take()
        {
            self.stale |= watch.fired().now_or_never().is_some();
        }
    }

    fn is_outdated(&self) -> bool {
        let context = self.context.borrow();
        let other = |session| context.closed || context.session.is_some_and(|now| now != session);
        let outdated = match self.basis {
            Basis::Nothing => true,
            Basis::Session(session) => other(session),
            Basis::Unconfirmed(session) => other(session) || context.ensemble == EnsembleCheck::HoldsData,
            Basis::Closed => return false,
        };
        outdated || self.node.is_hinted()
    }
}

impl Drop for NodeWatch {
    fn drop(&mut self) {
        self.count_without_auth(false);
        self.session.nodes.remove(self.id);
        self.session.give_room(Session::cost(&self.sessions.shared.config.chroot, self.node.path()));
    }
}

impl fmt::Debug for NodeWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeWatch")
            .field("path", &self.path())
            .field("session", &self.session.id)
            .field("stale", &self.stale)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
