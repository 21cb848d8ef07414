//! `--once`: waits for the first outcome of every node and tells it.

use std::time::Duration;

use ld_cli::Exit;
use ld_config::NodeConfig;
use ld_sync::{Engine, State, Status};
use tracing::{error, info};

/// Has every change applied at once: whoever syncs a single time waits for it.
pub(crate) fn wait_for_nothing(nodes: &mut [NodeConfig]) {
    for node in nodes {
        node.apply_jitter = Duration::ZERO;
    }
}

/// Waits for all nodes, at most `limit`, and prints what became of them.
pub(crate) async fn sync(engine: &Engine, limit: Duration) -> Exit {
    let in_time = tokio::time::timeout(limit, engine.settled()).await.is_ok();
    let nodes = engine.status();
    let bad: Vec<&Status> = nodes.iter().filter(|node| !node.state.is_good()).collect();
    for node in &bad {
        let why = match (&node.last_error, in_time) {
            (Some(error), _) => error.as_str(),
            (None, false) => "not reached in time",
            (None, true) => "not applied",
        };
        error!("nodes.{}: {} -> '{}': {why}", node.name, node.source, node.dest.display());
    }
    let count = |state, touched: bool| {
        nodes.iter().filter(|node| node.state == state && node.applied_at.is_some() == touched).count()
    };
    let summary = format!(
        "{} nodes: {} updated, {} unchanged, {} removed, {} absent, {} failed",
        nodes.len(),
        count(State::Current, true),
        count(State::Current, false),
        count(State::Absent, true),
        count(State::Absent, false),
        bad.len()
    );
    if bad.is_empty() {
        info!("{summary}");
        return Exit::Done;
    }
    if !in_time {
        error!("gave up after {} s (see --timeout)", limit.as_secs());
    }
    error!("{summary}");
    Exit::Failed
}
