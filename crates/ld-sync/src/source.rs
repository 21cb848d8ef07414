//! What the engine consumes: the latest state of each node, and proof that a session is live.

use std::future::Future;
use std::time::Duration;

use ld_zk::{Confirmed, Reading};

/// A place that nodes are read from. [`ld_zk::Client`] is the real one; tests bring their own.
pub trait Source: Send + Sync + 'static {
    /// The watch of one node.
    type Node: NodeSource;

    /// Starts to watch the node at `path`.
    fn watch(&self, path: &str) -> Self::Node;

    /// The sessions that a round trip within `limit` has just proved live and writable. All changes that
    /// happened before it have woken their nodes when this returns; [`Confirmed::age`] tells how long ago that is.
    fn confirm(&self, limit: Duration) -> impl Future<Output = Confirmed> + Send;
}

/// The watch of one node: level-triggered, so it hands over the latest state and never a history.
pub trait NodeSource: Send + 'static {
    /// Resolves when the node may differ from the last reading, and at once before the first. Cancel-safe.
    fn changed(&mut self) -> impl Future<Output = ()> + Send;

    /// The node's latest state. Waits for a live session.
    fn read(&mut self) -> impl Future<Output = Reading> + Send;

    /// Makes [`changed`](Self::changed) resolve, to have the node read again.
    fn refresh(&mut self);
}

impl Source for ld_zk::Client {
    type Node = ld_zk::NodeWatch;

    fn watch(&self, path: &str) -> ld_zk::NodeWatch {
        ld_zk::Client::watch(self, path)
    }

    async fn confirm(&self, limit: Duration) -> Confirmed {
        ld_zk::Client::confirm(self, limit).await
    }
}

impl NodeSource for ld_zk::NodeWatch {
    fn changed(&mut self) -> impl Future<Output = ()> + Send {
        ld_zk::NodeWatch::changed(self)
    }

    fn read(&mut self) -> impl Future<Output = Reading> + Send {
        ld_zk::NodeWatch::read(self)
    }

    fn refresh(&mut self) {
        ld_zk::NodeWatch::refresh(self);
    }
}
