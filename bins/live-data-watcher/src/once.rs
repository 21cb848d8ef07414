//! `--once`: waits for the first outcome of every node and reports it.

use std::time::Duration;

use ld_cli::{Exit, ProblemsLogged};
use ld_config::{NodeConfig, OnDelete, counted};
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
/// them. It runs no hooks. With `strict` the files of nodes that do not exist stay.
pub(crate) fn prepare(nodes: &mut [NodeConfig], strict: bool) {
    for node in nodes {
        node.apply_jitter = Duration::ZERO;
        node.hook = None;
        if strict {
            node.on_delete = OnDelete::Keep;
        }
    }
}

/// Waits for all nodes, at most until the timeout. Afterwards the log has a line about each.
pub(crate) async fn sync(engine: &Engine, args: &Args) -> Exit {
    let done = async {
        outcomes(engine).await;
        // What it logs counts with --strict.
        engine.prepared().await;
    };
    let in_time = timeout(args.timeout, done).await.is_ok();
    let nodes = engine.status();
    // Before the lines that follow.
    let ProblemsLogged { warnings, errors, .. } = ld_cli::problems_logged();
    nodes.iter().for_each(tell);
    let failed = nodes.iter().filter(|node| !node.state.is_good()).count();
    let absent = nodes.iter().filter(|node| matches!(node.state, State::Absent | State::Kept)).count();
    if failed > 0 && !in_time {
        error!("gave up after {} (see --timeout)", seconds(args.timeout));
    }
    let is_strict_failure = args.strict && (absent > 0 || warnings > 0 || errors > 0);
    if is_strict_failure {
        let absent = counted(absent as u64, "node");
        let (warnings, errors) = (counted(warnings, "warning"), counted(errors, "error"));
        error!("--strict: {absent} absent, {warnings}, {errors}");
    }
    let summary = summary(&nodes, failed);
    if failed == 0 && !is_strict_failure {
        info!("{summary}");
        return Exit::Done;
    }
    error!("{summary}");
    Exit::Failed
}

/// Logs what the engine does not log: a node that was never reached, and a file that was right
/// already.
fn tell(node: &Status) {
    let (name, source, dest) = (&node.name, &node.source, node.dest.display());
    match node.state {
        State::Waiting => {
            let why = node.last_error.as_deref().map(|error| format!(" ({error})")).unwrap_or_default();
            error!(
                node = name, source, %dest,
                "nodes.{name}: {source} -> '{dest}': not reached in time{why}"
            );
        }
        State::Current if node.applied_at.is_none() => {
            let (mzxid, bytes) = (node.mzxid.unwrap_or_default(), node.bytes.unwrap_or_default());
            info!(
                node = name, source, %dest, mzxid, bytes,
                "'{dest}' is current (nodes.{name}, mzxid {mzxid:#x}, {})",
                counted(bytes, "byte")
            );
        }
        _ => {}
    }
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
        count(State::Absent, false) + count(State::Kept, false) + count(State::Kept, true),
    )
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_as_short_as_they_can_be() {
        let limits = [Duration::from_secs(2), Duration::from_millis(1_500)];
        assert_eq!(limits.map(seconds), ["2 s", "1.5 s"]);
    }
}
