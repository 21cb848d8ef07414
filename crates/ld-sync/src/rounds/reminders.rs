//! Reminders: a state that lasts is logged again, so that a rotated log still shows it.

use std::sync::Arc;

use tracing::warn;

use super::ticks;
use crate::node::LOOK_FOR_OVERDUE;
use crate::nodes::Nodes;

/// Logs again which nodes are unhealthy, each some time after its last line. The tasks of these
/// nodes may wait for a change or for a call that hangs.
pub(crate) async fn run(nodes: Arc<Nodes>, chroot: String) {
    let mut ticks = ticks(LOOK_FOR_OVERDUE, LOOK_FOR_OVERDUE);
    loop {
        ticks.tick().await;
        for node in nodes.all() {
            let Some(overdue) = node.take_overdue() else { continue };
            let (name, source, dest) = (&node.config.name, &node.config.source, node.config.dest.display());
            let (state, error) = (overdue.state.as_str(), overdue.error);
            let since = humantime::format_rfc3339_seconds(overdue.since);
            warn!(
                node = name, source, %dest, state, error,
                "nodes.{name}: {chroot}{source} -> '{dest}': {state} since {since}: {error}"
            );
        }
    }
}
