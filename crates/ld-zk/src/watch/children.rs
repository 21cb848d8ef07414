//! The children of one node, across sessions.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use zookeeper::Error as ZkError;

use super::request::{Failure, bounded};
use super::retry::{RetryPolicy, Verdict};
use crate::nodes::{SetWatch, fired};
use crate::panics::catch_panic;
use crate::reading::{SessionKey, Unreadable};
use crate::session::{LiveSession, ReadContext, Session, jittered};
use crate::shared::Sessions;
use crate::{Error, NodeStat};

/// How soon an unreadable node is tried again, on average.
const RETRY_UNREADABLE: Duration = Duration::from_secs(10);

/// The names are read again after this time, on average, even without an event: a server may drop
/// a watch together with its event while the node may not be read.
const READ_AGAIN: Duration = Duration::from_secs(60);

/// One read of the children of a node.
#[derive(Debug)]
#[non_exhaustive]
pub struct ChildrenReading {
    /// What was found.
    pub state: ChildrenState,
    /// The session that it was read in.
    pub session: SessionKey,
    /// Whether a read-only server answered: how old that is cannot be known.
    pub read_only: bool,
}

impl ChildrenReading {
    /// Whether the client was closed, so that no further reading comes.
    pub fn is_closed(&self) -> bool {
        matches!(&self.state, ChildrenState::Unreadable(Unreadable::Other(Error::Closed)))
    }
}

/// The children of a node.
#[derive(Debug)]
pub enum ChildrenState {
    /// The node is there.
    Present {
        /// The names of its children, sorted, without the path.
        children: Vec<String>,
        /// What ZooKeeper keeps about the node itself.
        stat: NodeStat,
    },
    /// The node is not there. In a wrong or an empty ensemble every node is missing.
    Absent,
    /// The children cannot be listed.
    Unreadable(Unreadable),
}

/// The children of one node, level-triggered and across sessions, as
/// [`NodeWatch`](super::NodeWatch) is for content. It says which children there are; what they hold
/// needs a watch each.
///
/// ```no_run
/// # async fn example(client: ld_zk::Client) -> Result<(), ld_zk::Error> {
/// let mut watch = client.watch_children("/live")?;
/// loop {
///     watch.changed().await;
///     println!("{:?}", watch.read().await.state);
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct ChildrenWatch {
    sessions: Arc<Sessions>,
    session: Arc<Session>,
    path: String,
    context: watch::Receiver<ReadContext>,
    /// The session of the last reading.
    basis: Option<SessionKey>,
    /// The last reading said that the client was closed.
    closed: bool,
    /// There may be something new.
    stale: bool,
    watch: Option<SetWatch>,
    /// When the names are read again without an event.
    due: Instant,
}

/// The names with the stat of the node, or `None` if there is no node; and the watch.
type Found = (Option<(Vec<String>, zookeeper::Stat)>, SetWatch);

impl ChildrenWatch {
    pub(crate) fn new(sessions: Arc<Sessions>, session: Arc<Session>, path: &str) -> Self {
        Self {
            context: session.context(),
            sessions,
            session,
            path: path.to_owned(),
            basis: None,
            closed: false,
            stale: true,
            watch: None,
            due: Instant::now(),
        }
    }

    /// The node's path below the chroot.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Waits until children may have come or gone since the last reading; resolves at once before
    /// the first one. It keeps resolving at once until [`read`](Self::read) has completed. After a
    /// reading that says that the client was closed, it never resolves: a loop ends at
    /// [`Error::Closed`](crate::Error::Closed).
    ///
    /// Cancel-safe: dropping the future loses nothing.
    pub async fn changed(&mut self) {
        if self.closed && !self.stale {
            std::future::pending::<()>().await;
        }
        while !self.stale && !self.is_outdated() {
            tokio::select! {
                () = fired(&mut self.watch) => {
                    self.watch = None;
                    self.stale = true;
                }
                () = sleep_until(self.due) => self.stale = true,
                // The client holds the sender, so this cannot fail.
                _ = self.context.changed() => {}
            }
        }
        self.stale = true;
    }

    /// Lists the children and sets a watch. It waits for a live session for as long as that takes,
    /// so select on your own shutdown; each request is bounded by 60 s, and failures of the
    /// connection are tried again. After the client was closed the children are [`Unreadable`] with
    /// [`Error::Closed`](crate::Error::Closed).
    ///
    /// Cancel-safe: after dropping the future [`changed`](Self::changed) resolves at once.
    pub async fn read(&mut self) -> ChildrenReading {
        self.stale = true;
        let mut retry = RetryPolicy::default();
        loop {
            let Some(live) = self.session.connected().await else { return self.closed() };
            let attempt = tokio::select! {
                attempt = catch_panic(list(&live, &self.path)) => attempt,
                () = self.session.disconnected(live.key) => continue,
            };
            let failure = match attempt.unwrap_or_else(|reason| Err(Failure::Panicked(reason))) {
                Ok(found) => return self.found(found, &live),
                Err(failure) if failure.is_no_auth() => return self.unreadable(Unreadable::NoAuth, &live),
                Err(failure) => failure,
            };
            if matches!(failure, Failure::Panicked(_)) {
                live.broken.notify_one();
            }
            match retry.judge(failure.kind()) {
                Verdict::GiveUp => {
                    let error = failure.into_error(&self.path);
                    return self.unreadable(Unreadable::Other(error), &live);
                }
                Verdict::Retry { after, suspicious } => {
                    if suspicious {
                        live.suspect.notify_one();
                    }
                    sleep(after).await;
                }
            }
        }
    }

    fn found(&mut self, (found, watch): Found, live: &LiveSession) -> ChildrenReading {
        self.watch = Some(watch);
        let state = match found {
            Some((mut children, stat)) => {
                children.sort_unstable();
                ChildrenState::Present { children, stat: NodeStat::from(&stat) }
            }
            None => ChildrenState::Absent,
        };
        self.finish(state, live, READ_AGAIN)
    }

    fn unreadable(&mut self, why: Unreadable, live: &LiveSession) -> ChildrenReading {
        self.watch = None;
        self.finish(ChildrenState::Unreadable(why), live, RETRY_UNREADABLE)
    }

    fn finish(&mut self, state: ChildrenState, live: &LiveSession, again: Duration) -> ChildrenReading {
        self.basis = Some(live.key);
        self.stale = false;
        self.due = Instant::now() + jittered(again);
        ChildrenReading { state, session: live.key, read_only: live.read_only }
    }

    fn closed(&mut self) -> ChildrenReading {
        self.watch = None;
        self.closed = true;
        self.stale = false;
        let state = ChildrenState::Unreadable(Unreadable::Other(Error::Closed));
        ChildrenReading { state, session: SessionKey::unique(), read_only: false }
    }

    fn is_outdated(&self) -> bool {
        let context = self.context.borrow();
        context.closed || context.session.is_some_and(|now| Some(now) != self.basis)
    }
}

impl Drop for ChildrenWatch {
    fn drop(&mut self) {
        self.session.give_room(Session::cost(&self.sessions.shared.config.chroot, &self.path));
    }
}

async fn list(live: &LiveSession, path: &str) -> Result<Found, Failure> {
    loop {
        match bounded("list", live.client.get_and_watch_children(path)).await {
            Ok((children, stat, watcher)) => return Ok((Some((children, stat)), SetWatch::new(watcher))),
            Err(Failure::Request(_, ZkError::NoNode)) => {}
            Err(failure) => return Err(failure),
        }
        // Listing a missing node leaves no watch, a check does.
        let (stat, watcher) = bounded("check", live.client.check_and_watch_stat(path)).await?;
        if stat.is_none() {
            return Ok((None, SetWatch::new(watcher)));
        }
    }
}
