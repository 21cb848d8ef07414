//! `--once`: waits for the first outcome of every node and reports it.

use std::time::Duration;

use ld_cli::Exit;
use ld_config::NodeConfig;
use ld_sync::{Engine, State, Status};
use tokio::time::{Instant, sleep, timeout};
use tracing::{error, info};

use crate::args::Args;

/// A file that could not be written is a failure after this many attempts.
const ATTEMPTS: u32 = 5;

/// While others become good, files that could not be written have so much longer: a machine that is
/// short of descriptors or threads refuses many attempts, and serves the nodes one after the other.
/// It is longer than the longest pause between two attempts.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often the attempts are counted.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// Removes the delays that spread changes over a fleet: a run with `--once` would only wait for
/// them.
pub(crate) fn apply_without_delay(nodes: &mut [NodeConfig]) {
    for node in nodes {
        node.apply_jitter = Duration::ZERO;
    }
}

/// Waits for all nodes, at most until the timeout, and prints what became of them. The engine has
/// logged the failures itself; they are not repeated.
pub(crate) async fn sync(engine: &Engine, args: &Args, ensemble: &str) -> Exit {
    let in_time = timeout(args.timeout, outcomes(engine)).await.is_ok();
    let nodes = engine.status();
    let failed: Vec<&Status> = nodes.iter().filter(|node| !node.state.is_good()).collect();
    let absent: Vec<&Status> = nodes.iter().filter(|node| node.state == State::Absent).collect();
    for node in failed.iter().filter(|node| node.state == State::Waiting) {
        let why = node.last_error.as_deref().map(|error| format!(" ({error})")).unwrap_or_default();
        let (name, source, dest) = (&node.name, &node.source, node.dest.display());
        error!("nodes.{name}: {source} -> '{dest}': not reached in time{why}");
    }
    for node in &absent {
        let (name, source) = (&node.name, &node.source);
        if args.strict {
            error!("nodes.{name}: {source} does not exist in {ensemble}");
        } else {
            info!("nodes.{name}: {source} does not exist in {ensemble}");
        }
    }
    if !failed.is_empty() && !in_time {
        error!("gave up after {} (see --timeout)", seconds(args.timeout));
    }
    let warnings = ld_cli::warnings_logged();
    let is_strict_failure = args.strict && (!absent.is_empty() || warnings > 0);
    if is_strict_failure {
        let warnings = counted(warnings, "warning");
        error!("--strict: {} absent, {warnings}", counted(absent.len() as u64, "node"));
    }
    let summary = summary(&nodes, failed.len());
    if failed.is_empty() && !is_strict_failure {
        info!("{summary}");
        return Exit::Done;
    }
    error!("{summary}");
    Exit::Failed
}

/// Waits for a first outcome of every node, and for further attempts where a file could not be
/// written.
async fn outcomes(engine: &Engine) {
    engine.settled().await;
    let (mut most_good, mut patient_until) = (None, Instant::now());
    loop {
        let nodes = engine.status();
        let good = nodes.iter().filter(|node| node.state.is_good()).count();
        if most_good.is_some_and(|most| good > most) {
            patient_until = Instant::now() + PATIENCE;
        }
        most_good = most_good.max(Some(good));
        let is_patient = Instant::now() < patient_until;
        let may_succeed =
            |node: &Status| node.state == State::Failing && (is_patient || node.attempts < ATTEMPTS);
        if !nodes.iter().any(may_succeed) {
            return;
        }
        sleep(LOOK_INTERVAL).await;
    }
}

fn summary(nodes: &[Status], failed: usize) -> String {
    let count = |state, applied: bool| {
        nodes.iter().filter(|node| node.state == state && node.applied_at.is_some() == applied).count()
    };
    format!(
        "{}: {} updated, {} unchanged, {} removed, {} absent, {failed} failed",
        counted(nodes.len() as u64, "node"),
        count(State::Current, true),
        count(State::Current, false),
        count(State::Absent, true),
        count(State::Absent, false),
    )
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_node_is_no_nodes() {
        assert_eq!((counted(1, "node"), counted(2, "node")), ("1 node".into(), "2 nodes".into()));
    }

    #[test]
    fn seconds_are_as_short_as_they_can_be() {
        let limits = [Duration::from_secs(2), Duration::from_millis(1_500)];
        assert_eq!(limits.map(seconds), ["2 s", "1.5 s"]);
    }
}
