//! What all nodes of an engine report: how many have no first outcome, and that something changed.

use tokio::sync::watch;

/// Counts the nodes without a first outcome and announces changes, for one engine.
#[derive(Debug)]
pub(crate) struct Outcomes {
    /// Nodes without a first outcome.
    unsettled: watch::Sender<usize>,
    /// Sent to after each change of a status.
    changed: watch::Sender<()>,
}

impl Default for Outcomes {
    fn default() -> Self {
        Self { unsettled: watch::Sender::new(0), changed: watch::Sender::new(()) }
    }
}

impl Outcomes {
    /// One more node has no outcome yet.
    pub(crate) fn expect_one(&self) {
        self.unsettled.send_modify(|unsettled| *unsettled += 1);
    }

    /// A node has its first outcome, or will never have one.
    pub(crate) fn settle_one(&self) {
        self.unsettled.send_modify(|unsettled| *unsettled = unsettled.saturating_sub(1));
    }

    /// Waits until all nodes have an outcome.
    pub(crate) async fn settled(&self) {
        // The sender is its own, so this cannot fail.
        let _ = self.unsettled.subscribe().wait_for(|unsettled| *unsettled == 0).await;
    }

    /// Tells followers that a status changed.
    pub(crate) fn tell(&self) {
        self.changed.send_replace(());
    }

    /// Follows the changes.
    pub(crate) fn changed(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}
