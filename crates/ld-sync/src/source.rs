//! What the engine consumes: the latest state of each node, and proof that a session is live.

use std::future::Future;
use std::task::{Context, Poll};
use std::time::Duration;

use ld_zk::{Confirmed, Reading, SharedPath};

/// A place that nodes are read from. [`ld_zk::Client`] is the real one; tests bring their own.
pub trait Source: Send + Sync + 'static {
    /// The watch of one node.
    type Node: NodeSource;

    /// Starts to watch the node at `path`.
    fn watch(&self, path: SharedPath) -> Self::Node;

    /// The sessions that a round trip within `limit` has just proved live and writable. All changes that
    /// happened before it have woken their nodes when this returns; [`Confirmed::age`] tells how long ago that is.
    fn confirm(&self, limit: Duration) -> impl Future<Output = Confirmed> + Send;

    /// Runs what follows the nodes until it ends, or until this future is dropped: on whatever thread suits the source best.
    fn run_reader(
        &self,
        reader: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = ()> + Send {
        reader
    }
}

/// The watch of one node: level-triggered, so it hands over the latest state and never a history.
pub trait NodeSource: Send + 'static {
    /// Waits until the node may differ from the last reading; ready at once before the first, and until one has come.
    fn poll_changed(&mut self, context: &mut Context<'_>) -> Poll<()>;

    /// Waits until the node can be read, or never again. Only the task that polled last is woken, for this and the other.
    fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<()>;

    /// The node's latest state; `None` if it cannot be read after all, and has to be tried again when
    /// [`poll_readable`](Self::poll_readable) says so.
    fn read(&mut self) -> impl Future<Output = Option<Reading>> + Send;

    /// Makes [`poll_changed`](Self::poll_changed) ready, to have the node read again.
    fn refresh(&mut self);
}

impl Source for ld_zk::Client {
    type Node = ld_zk::NodeWatch;

    fn watch(&self, path: SharedPath) -> ld_zk::NodeWatch {
        self.watch_shared(path)
    }

    async fn confirm(&self, limit: Duration) -> Confirmed {
        ld_zk::Client::confirm(self, limit).await
    }

    async fn run_reader(&self, reader: impl Future<Output = ()> + Send + 'static) {
        ld_zk::Client::run_reader(self, reader).await;
    }
}

impl NodeSource for ld_zk::NodeWatch {
    fn poll_changed(&mut self, context: &mut Context<'_>) -> Poll<()> {
        ld_zk::NodeWatch::poll_changed(self, context)
    }

    fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<()> {
        ld_zk::NodeWatch::poll_readable(self, context)
    }

    fn read(&mut self) -> impl Future<Output = Option<Reading>> + Send {
        ld_zk::NodeWatch::try_read(self)
    }

    fn refresh(&mut self) {
        ld_zk::NodeWatch::refresh(self);
    }
}
