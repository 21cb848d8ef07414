//! The children of one node, across sessions.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use zookeeper::{OneshotWatcher, Stat};

use super::path_watch::{self, Basis, PathWatch};
use super::request::{bounded, is_no_node};
use crate::panics::fired;
use crate::reading::{SessionKey, Unreadable};
use crate::session::{LiveSession, SessionPool, jittered};
use crate::{Error, NodeStat};

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
#[non_exhaustive]
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
    path: String,
    path_watch: PathWatch,
}

/// The names with the stat of the node, or `None` if there is no node; and the watch.
type Found = (Option<(Vec<String>, Stat)>, OneshotWatcher);

impl ChildrenWatch {
    pub(crate) fn new(pool: Arc<SessionPool>, path: &str) -> Self {
        Self { path: path.to_owned(), path_watch: PathWatch::new(pool, path) }
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
        self.path_watch.changed().await;
    }

    /// Lists the children and sets a watch. It waits for a live session for as long as that takes,
    /// so select on your own shutdown; each request is bounded by 60 s, and failures of the
    /// connection are tried again. After the client was closed the children are [`Unreadable`] with
    /// [`Error::Closed`](crate::Error::Closed).
    ///
    /// Cancel-safe: after dropping the future [`changed`](Self::changed) resolves at once.
    pub async fn read(&mut self) -> ChildrenReading {
        self.path_watch.stale = true;
        let read = path_watch::read(&self.path_watch.room.session, |live| list(live, &self.path)).await;
        let (live, (found, watcher)) = match read {
            Ok(found) => found,
            Err((live, why)) => {
                let (session, read_only) = self.path_watch.fail(live.as_deref());
                return ChildrenReading { state: ChildrenState::Unreadable(why), session, read_only };
            }
        };
        self.path_watch.complete(Basis::Session(live.key), async move {
            tokio::select! {
                () = fired(watcher) => {}
                () = sleep(jittered(READ_AGAIN)) => {}
            }
        });
        let state = found.map_or(ChildrenState::Absent, |(mut children, stat)| {
            children.sort_unstable();
            ChildrenState::Present { children, stat: NodeStat::from(&stat) }
        });
        ChildrenReading { state, session: live.key, read_only: live.read_only }
    }
}

async fn list(live: Arc<LiveSession>, path: &str) -> Result<Found, Error> {
    loop {
        match bounded("list", path, live.client.get_and_watch_children(path)).await {
            Ok((children, stat, watcher)) => return Ok((Some((children, stat)), watcher)),
            Err(error) if is_no_node(&error) => {}
            Err(error) => return Err(error),
        }
        // Listing a missing node leaves no watch, a check does.
        let (stat, watcher) = bounded("check", path, live.client.check_and_watch_stat(path)).await?;
        if stat.is_none() {
            return Ok((None, watcher));
        }
    }
}
