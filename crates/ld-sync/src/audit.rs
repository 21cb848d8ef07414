//! The rounds that look at all files at once: the heartbeat and the search for drift.

use std::sync::{Arc, TryLockError};
use std::time::Duration;

use ld_config::{OnDrift, WatcherConfig, chain};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tracing::{debug, info, warn};

use crate::errand::DRIFT_STAYS;
use crate::file::{self, Drift, Identity, Search, TouchError};
use crate::record::Node;
use crate::scheduler::RollCall;
use crate::source::Source;
use crate::status::State;

/// A session that does not answer within this is not live, and its files get no heartbeat this time.
const CONFIRM_LIMIT: Duration = Duration::from_secs(5);

/// Runs both rounds for ever.
pub(crate) async fn run<S: Source>(
    source: Arc<S>,
    nodes: Arc<[Arc<Node>]>,
    settings: WatcherConfig,
    roll_call: RollCall,
) {
    tokio::join!(
        heartbeats(source, nodes.clone(), settings.heartbeat_interval, roll_call),
        drifts(nodes, settings.drift_interval),
    );
}

/// Touches every file that is known to be current, once an interval, after a round trip on its session.
async fn heartbeats<S: Source>(
    source: Arc<S>,
    nodes: Arc<[Arc<Node>]>,
    interval: Duration,
    roll_call: RollCall,
) {
    let mut ticks = interval_at(Instant::now() + before_the_first(interval), interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let live = source.confirm(CONFIRM_LIMIT).await;
        // The round trip has woken the nodes that changed before it; let them say so first.
        roll_call.take().await;
        let audited = nodes.clone();
        let round = move || {
            // A process that stood still (stopped, suspended) has an answer of long ago, which proves nothing.
            let proved = live.age() <= CONFIRM_LIMIT;
            let nodes = audited.iter().filter(|_| proved);
            nodes
                .filter(|node| node.current().is_some_and(|session| live.covers(session)))
                .filter(|node| touch(node))
                .count()
        };
        let touched = tokio::task::spawn_blocking(round).await.unwrap_or(0);
        debug!("heartbeat: {touched} of {} files", nodes.len());
    }
}

/// How long after the start the first heartbeat comes. Hosts that started together would ask their servers together, for ever.
fn before_the_first(interval: Duration) -> Duration {
    interval.mul_f64(0.5 + 0.5 * fastrand::f64())
}

/// Compares every file with what was left, once an interval.
async fn drifts(nodes: Arc<[Arc<Node>]>, interval: Duration) {
    let mut ticks = interval_at(Instant::now() + interval, interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let audited = nodes.clone();
        let round = move || {
            let mut search = Search::default();
            for node in audited.iter() {
                if node.state() == State::Drifted {
                    // It may have been put right by hand: the node's task compares.
                    node.set_drifted();
                } else if node.current().is_some() {
                    verify(node, &mut search);
                } else if node.state() == State::Delayed
                    && matches!(file::stands_against(&node.target, None), Ok(false))
                {
                    // The last file is gone: what waits beside nothing is written at once.
                    node.set_drifted();
                }
            }
        };
        // A round that panics must not end the rounds.
        let _ = tokio::task::spawn_blocking(round).await;
    }
}

/// Touches the file if it is as it was left. Returns whether it was touched.
fn touch(node: &Node) -> bool {
    let touched = audit(node, |left| file::touch(&node.target, left));
    if touched && node.set_touched() {
        info!("nodes.{}: '{}' has its heartbeat again", node.name(), node.target.path.display());
    }
    touched
}

fn verify<'a>(node: &'a Node, search: &mut Search<'a>) {
    audit(node, |left| search.verify(&node.target, left).map(|()| *left).map_err(TouchError::from));
}

/// Checks a file under its lock; a drift wakes the node's task, which reads the node again and repairs.
fn audit(node: &Node, check: impl FnOnce(&Identity) -> Result<Identity, TouchError>) -> bool {
    let mut left = match node.left.try_lock() {
        Ok(left) => left,
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        // A write is in hand: the file is not current at this moment.
        Err(TryLockError::WouldBlock) => return false,
    };
    let Some(known) = left.as_mut() else { return false };
    match check(&known.identity) {
        Ok(identity) => {
            known.identity = identity;
            true
        }
        Err(TouchError::File(error)) => {
            let error = format!("no heartbeat: {}", chain(&error));
            if node.set_untouched(&error) {
                warn!("nodes.{}: {error}", node.name());
            }
            false
        }
        Err(TouchError::Drift(drift)) => {
            *left = None;
            report(node, &drift);
            false
        }
    }
}

/// Says what was found in place of the file, and has it restored unless it shall stay.
fn report(node: &Node, drift: &Drift) {
    let (name, dest) = (node.name(), node.target.path.display());
    match node.settings().drift {
        OnDrift::Repair => {
            warn!("nodes.{name}: '{dest}' was changed by somebody else: {drift}; restoring it");
            node.set_drifted();
        }
        OnDrift::Report => {
            if node.set_bad(State::Drifted, DRIFT_STAYS) {
                warn!("nodes.{name}: '{dest}': {DRIFT_STAYS}: {drift}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_start_together_do_not_beat_together() {
        let interval = Duration::from_secs(300);
        let first: Vec<_> = (0..1000).map(|_| before_the_first(interval)).collect();
        assert!(first.iter().all(|first| (interval / 2..=interval).contains(first)));
        assert!(first.iter().any(|first| *first < interval * 11 / 20));
        assert!(first.iter().any(|first| *first > interval * 19 / 20));
    }
}
