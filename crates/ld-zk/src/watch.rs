//! One node's latest state, across sessions.

pub(crate) mod audit;
mod children;
mod path_watch;
mod request;

use std::sync::Arc;

use zookeeper::OneshotWatcher;

pub use children::{ChildrenReading, ChildrenState, ChildrenWatch};

use crate::nodes::{Node, Seen};
use crate::panics::fired;
use crate::reading::{Absence, Incarnation, NodeState, Reading, Unreadable};
use crate::session::{EnsembleCheck, LiveSession, Room, SessionPool};
use path_watch::{Basis, Failed, PathWatch};
use request::Found;

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
#[derive(Debug)]
pub struct NodeWatch {
    path_watch: PathWatch,
    node: Arc<Node>,
    /// Where the node was last seen to exist.
    present_in: Option<Incarnation>,
    /// The most bytes that are read.
    limit: usize,
    without_auth: bool,
}

impl NodeWatch {
    pub(crate) fn new(pool: Arc<SessionPool>, path: &str) -> Self {
        let room = pool.room_for(path);
        Self::in_room(pool, room, path)
    }

    /// Watches nodes in one session.
    pub(crate) fn together<const N: usize>(pool: &Arc<SessionPool>, paths: [&str; N]) -> [Self; N] {
        let mut rooms = pool.rooms_for(paths).into_iter();
        paths.map(|path| {
            let room = rooms.next().expect("there is a room for each path");
            Self::in_room(Arc::clone(pool), room, path)
        })
    }

    fn in_room(pool: Arc<SessionPool>, room: Room, path: &str) -> Self {
        let limit = pool.shared.config.max_read_bytes;
        let path_watch = PathWatch::in_room(pool, room);
        let node = path_watch.room.session.nodes.add(path);
        Self { path_watch, node, present_in: None, limit, without_auth: false }
    }

    /// Watches another node, given as in [`Client::watch`](crate::Client::watch), in the same
    /// session where that has room: it is read as it was with the last reading of this one, or
    /// later, since a session never goes back.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidPath`](crate::Error::InvalidPath): no node can have that path.
    pub fn beside(&self, path: &str) -> Result<Self, crate::Error> {
        let path = ld_config::znode_path(path)?;
        let pool = Arc::clone(&self.path_watch.pool);
        let room = pool.room_in(&self.path_watch.room.session, &path);
        Ok(Self::in_room(pool, room, &path))
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
        self.path_watch.changed().await;
    }

    /// Makes [`changed`](Self::changed) resolve, to read again what could not be used.
    pub fn refresh(&mut self) {
        self.path_watch.stale = true;
    }

    /// Lets go of the watch, as before the first reading: a node that is not needed for now costs
    /// the server nothing.
    pub fn release(&mut self) {
        self.path_watch.release();
        self.node.saw(None);
        self.present_in = None;
        self.count_without_auth(false);
    }

    /// Reads the node and sets its watch. It waits for a live session for as long as that takes, so
    /// select on your own shutdown; each request is bounded by 60 s, and failures of the connection
    /// are tried again. After the client was closed the node is [`Unreadable`] with
    /// [`Error::Closed`](crate::Error::Closed).
    ///
    /// Cancel-safe: after dropping the future [`changed`](Self::changed) resolves at once.
    pub async fn read(&mut self) -> Reading {
        self.path_watch.stale = true;
        let (shared, node, limit) = (&self.path_watch.pool.shared, &self.node, self.limit);
        let attempt = |live: Arc<LiveSession>| async move {
            // Every node may wait here at once. The semaphore is never closed.
            let _permit = shared.reads.acquire().await;
            let incarnation = live.incarnation();
            node.begin_reading();
            // Boxed, the attempt takes memory only for the nodes that are being read.
            let read = Box::pin(request::read(&shared.budget, &live, node.path(), limit));
            read.await.map(|(found, watcher)| (found, watcher, incarnation))
        };
        match path_watch::read(&self.path_watch.room.session, attempt).await {
            Ok((live, (found, watcher, incarnation))) => self.found(found, watcher, &live, incarnation),
            Err(failed) => self.failed(failed),
        }
    }

    /// Takes over what an attempt found.
    fn found(
        &mut self,
        found: Found,
        watcher: OneshotWatcher,
        live: &LiveSession,
        incarnation: Incarnation,
    ) -> Reading {
        let (state, mzxid) = match found {
            Found::Present(data, stat) => {
                (NodeState::Present { data, stat: (&stat).into() }, Some(stat.mzxid))
            }
            Found::TooLarge(bytes, stat) => {
                (NodeState::TooLarge { bytes, limit: self.limit }, Some(stat.mzxid))
            }
            Found::Absent => (NodeState::Absent(self.classify_absence(live, incarnation)), None),
        };
        if mzxid.is_some() {
            self.present_in = Some(incarnation);
        }
        self.node.saw(Some(Seen { session: live.key, mzxid }));
        let basis = match &state {
            NodeState::Absent(Absence::Unconfirmed { .. }) if !live.read_only => Basis::Unconfirmed(live.key),
            _ => Basis::Session(live.key),
        };
        let node = Arc::clone(&self.node);
        self.path_watch.complete(basis, async move {
            tokio::select! {
                () = fired(watcher) => {}
                () = node.missed() => {}
            }
        });
        self.count_without_auth(false);
        Reading { state, session: live.key, read_only: live.read_only }
    }

    /// How sure it is that the node, which an attempt did not find, is meant to be missing.
    fn classify_absence(&self, live: &LiveSession, incarnation: Incarnation) -> Absence {
        let status = self.path_watch.status.borrow();
        // Otherwise the check was made in another session, or before a resume.
        let is_checked = status.live.as_ref().is_some_and(|now| now.incarnation() == incarnation);
        let check = if is_checked { &status.ensemble } else { &EnsembleCheck::Unknown };
        check.classify_absence(live.read_only, is_checked && self.present_in == Some(incarnation))
    }

    fn failed(&mut self, (live, why): Failed) -> Reading {
        self.node.saw(None);
        self.count_without_auth(matches!(why, Unreadable::NoAuth));
        let (session, read_only) = self.path_watch.fail(live.as_deref());
        Reading { state: NodeState::Unreadable(why), session, read_only }
    }

    fn count_without_auth(&mut self, without_auth: bool) {
        if std::mem::replace(&mut self.without_auth, without_auth) != without_auth {
            let change = if without_auth { 1 } else { -1 };
            self.path_watch.pool.shared.credentials.count_node_without_auth(change);
        }
    }
}

impl Drop for NodeWatch {
    fn drop(&mut self) {
        self.count_without_auth(false);
        self.path_watch.room.session.nodes.remove(&self.node);
    }
}

#[cfg(test)]
mod tests;
