//! What the engine consumes: the latest state of each node, and proof that a session is live.

use std::future::{Future, pending};
use std::time::Duration;

use ld_zk::{Confirmed, Reading, SessionState};
use tokio::time::Instant;

/// A place that nodes are read from. [`ld_zk::Client`] is the real one; tests bring their own.
pub trait Source: Send + Sync + 'static {
    /// The watch of one node.
    type Node: NodeSource;

    /// Starts to watch the node at `path`. Content of more than `max_bytes` need not be read.
    fn watch(&self, path: &str, max_bytes: Option<usize>) -> Self::Node;

    /// The same for nodes that belong together. Readings of them with one session key are covered
    /// by one proof, and all of them can have one: they are read in sessions that end together.
    fn watch_together<const N: usize>(&self, nodes: [(&str, Option<usize>); N]) -> [Self::Node; N];

    /// The sessions that a round trip within `limit` has just proved live and writable. When this
    /// returns, [`NodeSource::changed`] is ready for each node that changed before the round trip.
    /// [`Confirmed::age`] tells how long ago that is.
    fn confirm(&self, limit: Duration) -> impl Future<Output = Confirmed> + Send;

    /// What the nodes are read from, for messages: the ensemble and the chroot.
    fn description(&self) -> String;

    /// What is put before the paths of nodes for messages, as in `/prod`.
    fn chroot(&self) -> &str {
        ""
    }

    /// Why there is no live session, if there is none.
    fn connection_error(&self) -> Option<String> {
        None
    }

    /// Waits for the end of the next outage, and tells how long it lasted.
    fn outage(&self) -> impl Future<Output = Duration> + Send {
        pending()
    }
}

/// The watch of one node: level-triggered, so it hands over the latest state and never a history.
pub trait NodeSource: Send + 'static {
    /// Waits until the node may differ from the last reading; ready at once before the first
    /// reading. Once ready it stays so until [`read`](Self::read) has completed. Cancel-safe.
    fn changed(&mut self) -> impl Future<Output = ()> + Send;

    /// The node's latest state. It waits for a live session for as long as that takes. Cancel-safe.
    fn read(&mut self) -> impl Future<Output = Reading> + Send;

    /// Makes [`changed`](Self::changed) ready, to have the node read again.
    fn refresh(&mut self);

    /// A watch of the node at `path`, which is read not earlier than this one was. Content of more
    /// than `max_bytes` need not be read. `None`, the default, if this source has no other nodes:
    /// signatures cannot be verified then.
    fn beside(&self, path: &str, max_bytes: usize) -> Option<Self>
    where
        Self: Sized,
    {
        let _ = (path, max_bytes);
        None
    }

    /// Makes [`changed`](Self::changed) ready, as [`refresh`](Self::refresh) does, and the node need
    /// not be watched until it is read again. By default it is the same as that.
    fn release(&mut self) {
        self.refresh();
    }
}

impl Source for ld_zk::Client {
    type Node = ld_zk::NodeWatch;

    fn watch(&self, path: &str, max_bytes: Option<usize>) -> ld_zk::NodeWatch {
        let watch = ld_zk::Client::watch(self, path).expect("the engine has validated the paths");
        watch.at_most(max_bytes.unwrap_or(usize::MAX))
    }

    fn watch_together<const N: usize>(&self, nodes: [(&str, Option<usize>); N]) -> [ld_zk::NodeWatch; N] {
        let watches = ld_zk::Client::watch_together(self, nodes.map(|(path, _)| path));
        let mut limits = nodes.into_iter().map(|(_, max_bytes)| max_bytes.unwrap_or(usize::MAX));
        let watches = watches.expect("the engine has validated the paths");
        watches.map(|watch| watch.at_most(limits.next().expect("there is a limit for each")))
    }

    async fn confirm(&self, limit: Duration) -> Confirmed {
        ld_zk::Client::confirm(self, limit).await
    }

    fn description(&self) -> String {
        ld_zk::Client::description(self)
    }

    fn chroot(&self) -> &str {
        ld_zk::Client::chroot(self)
    }

    fn connection_error(&self) -> Option<String> {
        ld_zk::Client::connection_error(self)
    }

    async fn outage(&self) -> Duration {
        let mut states = self.states();
        let is_up = |state| matches!(state, SessionState::Connected | SessionState::ReadOnly);
        while !is_up(states.get().overall()) {
            // The first session ends no outage.
            if states.changed().await.is_none() {
                return pending().await;
            }
        }
        let mut lost: Option<Instant> = None;
        loop {
            let Some(state) = states.changed().await else { return pending().await };
            match (is_up(state.overall()), lost) {
                (true, Some(lost)) => return lost.elapsed(),
                (true, None) => {}
                (false, lost_before) => lost = lost_before.or_else(|| Some(Instant::now())),
            }
        }
    }
}

impl NodeSource for ld_zk::NodeWatch {
    async fn changed(&mut self) {
        ld_zk::NodeWatch::changed(self).await;
    }

    async fn read(&mut self) -> Reading {
        ld_zk::NodeWatch::read(self).await
    }

    fn refresh(&mut self) {
        ld_zk::NodeWatch::refresh(self);
    }

    fn beside(&self, path: &str, max_bytes: usize) -> Option<Self> {
        ld_zk::NodeWatch::beside(self, path).ok().map(|watch| watch.at_most(max_bytes))
    }

    fn release(&mut self) {
        ld_zk::NodeWatch::release(self);
    }
}
