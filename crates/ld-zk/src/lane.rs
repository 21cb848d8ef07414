//! A lane: one ZooKeeper session at a time, and the nodes that are watched in it.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use crate::arm::Unarmed;
use crate::audit::Turns;
use crate::bulk::Queue;
use crate::reading::SessionKey;
use crate::watched::Watched;

/// How many bytes of watched paths one session may carry. The ZooKeeper crate re-arms watches after a
/// reconnect in requests of 128 KiB that share one xid, so that a second request would end the session; the
/// rest is room for watches that are being replaced.
pub(crate) const SESSION_PATH_BYTES: usize = 96 << 10;
/// What a watched path costs beside its characters: its length.
const PATH_OVERHEAD: usize = 4;

/// A session that reads are allowed in: the server has caught up with its leader, or is read-only.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) key: SessionKey,
    pub(crate) client: zookeeper::Client,
    pub(crate) read_only: bool,
}

impl Live {
    /// One round trip. With a server that has a quorum it also makes that server catch up with its leader, and
    /// everything that changed before has woken its watch when this returns.
    pub(crate) async fn prove(&self) -> Result<(), zookeeper::Error> {
        if self.read_only { self.client.check_stat("/").await.map(drop) } else { self.client.sync("/").await }
    }

    /// Whether that works within `limit`.
    pub(crate) async fn answers(&self, limit: Duration) -> bool {
        matches!(timeout(limit, self.prove()).await, Ok(Ok(())))
    }
}

/// Whether requests have somewhere to go right now.
#[derive(Debug, Clone)]
pub(crate) enum Line {
    Down,
    Up(Arc<Live>),
    Closed,
}

impl Line {
    pub(crate) fn live(&self) -> Option<&Arc<Live>> {
        match self {
            Self::Up(live) => Some(live),
            Self::Down | Self::Closed => None,
        }
    }

    /// Whether it leads to that session.
    pub(crate) fn is_up(&self, key: SessionKey) -> bool {
        self.live().is_some_and(|live| live.key == key)
    }

    /// The session, or whether there will be one.
    fn leads_to(&self) -> (Option<SessionKey>, bool) {
        (self.live().map(|live| live.key), matches!(self, Self::Closed))
    }
}

/// Whether a missing node is believed to be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// Nobody has looked yet.
    Unknown,
    /// The ensemble holds data.
    Present,
    /// It may be the wrong one, or empty.
    Missing(Arc<str>),
}

/// What a watched node has to know to see that it must be read again. It stays through a lost connection.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) session: Option<SessionKey>,
    pub(crate) evidence: Evidence,
    pub(crate) closed: bool,
}

/// One lane.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) id: usize,
    used: AtomicUsize,
    view: watch::Sender<View>,
    line: watch::Sender<Line>,
    /// Somebody has met a failure that should not be: the supervisor checks the session.
    pub(crate) suspect: Notify,
    pub(crate) turns: Turns,
    pub(crate) bulk: Queue,
    pub(crate) unarmed: Unarmed,
}

impl Lane {
    pub(crate) fn new(id: usize) -> Self {
        Self {
            id,
            used: AtomicUsize::new(0),
            view: watch::Sender::new(View { session: None, evidence: Evidence::Unknown, closed: false }),
            line: watch::Sender::new(Line::Down),
            suspect: Notify::new(),
            turns: Turns::default(),
            bulk: Queue::default(),
            unarmed: Unarmed::default(),
        }
    }

    /// What a path costs in a lane.
    pub(crate) fn cost(chroot: &str, path: &str) -> usize {
        chroot.len() + path.len() + PATH_OVERHEAD
    }

    /// Takes room for a path, if there is any. A path that is too long for every lane gets one to itself.
    pub(crate) fn take(&self, cost: usize) -> bool {
        let fits = |used: usize| (used == 0 || used + cost <= SESSION_PATH_BYTES).then_some(used + cost);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok()
    }

    /// Gives room back.
    pub(crate) fn give(&self, cost: usize) {
        self.used.fetch_sub(cost, Ordering::Relaxed);
    }

    /// What the nodes have to know now.
    pub(crate) fn view(&self) -> watch::Ref<'_, View> {
        self.view.borrow()
    }

    /// Changes that, if `change` says that it did, and wakes the nodes.
    pub(crate) fn change_view(&self, change: impl FnOnce(&mut View) -> bool) {
        if self.view.send_if_modified(change) {
            self.turns.wake_all();
        }
    }

    /// Whether requests have somewhere to go now.
    pub(crate) fn line(&self) -> watch::Ref<'_, Line> {
        self.line.borrow()
    }

    /// Opens or closes the line, and wakes the nodes unless it leads where it did. Returns what it was.
    pub(crate) fn set_line(&self, line: Line) -> Line {
        let former = self.line.send_replace(line.clone());
        if former.leads_to() != line.leads_to() {
            self.turns.wake_all();
        }
        former
    }

    /// Waits until reads are allowed; `None` when the client is closed.
    pub(crate) async fn connected(&self) -> Option<Arc<Live>> {
        let mut line = self.line.subscribe();
        let line = line.wait_for(|line| !matches!(line, Line::Down)).await.ok()?;
        line.live().cloned()
    }

    /// Waits until the session `key` cannot be read in any more, or not right now. It is `watched` whose waiter that is.
    pub(crate) async fn down(&self, key: SessionKey, watched: &Watched) {
        poll_fn(|context| {
            watched.register(context);
            if self.line().is_up(key) { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }

    /// The same for whoever reads for many nodes.
    pub(crate) async fn left(&self, key: SessionKey) {
        // The sender is this lane's own, so that an error cannot come.
        let _ = self.line.subscribe().wait_for(|line| !line.is_up(key)).await;
    }

    /// The session that is live right now, with a server that has a quorum.
    pub(crate) fn live(&self) -> Option<Arc<Live>> {
        let live = self.line().live().cloned()?;
        (live.client.state() == zookeeper::SessionState::SyncConnected).then_some(live)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_takes_paths_up_to_its_limit_and_gives_room_back() {
        let lane = Lane::new(0);
        assert!(lane.take(SESSION_PATH_BYTES - 10));
        assert!(!lane.take(11));
        assert!(lane.take(10));
        lane.give(10);
        assert!(lane.take(10));
    }

    #[test]
    fn a_path_too_long_for_any_lane_gets_one_to_itself() {
        let lane = Lane::new(0);
        assert!(lane.take(SESSION_PATH_BYTES + 1));
        assert!(!lane.take(1));
    }

    #[test]
    fn the_chroot_counts() {
        assert_eq!(Lane::cost("/prod", "/a"), 7 + PATH_OVERHEAD);
    }
}
