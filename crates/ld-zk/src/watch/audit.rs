//! Finds changes that no watch event announced.
//!
//! Servers since 3.8.4 and 3.9.2, and distributions that took over the fix of CVE-2024-23944, drop
//! an event, and the one-shot watch with it, when the watcher may not read the node at that moment.
//! A reader that trusts the watch alone never hears of that node again, not even after the right to
//! read it has come back.
//!
//! A few nodes are audited all the time, so that their content follows; all of them are before a
//! session is confirmed, so that no heartbeat rests on an event that was dropped.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::debug;

use crate::error::concerns_node;
use crate::nodes::Node;
use crate::session::{LiveSession, Session, jittered};

/// How often nodes are audited, on average. A session of few nodes finds a dropped event within 10
/// s.
const ROUND: Duration = Duration::from_secs(8);
/// How many nodes of a session one round takes, those first that were audited longest ago. Each is
/// a request, and a fleet that has nothing to do makes few others.
const NODES_A_ROUND: usize = 4;
/// How long the answers to what was sent with one round trip may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// How many nodes are audited with one round trip when all are.
const NODES_AT_ONCE: usize = 1_000;
/// How long the audit of all nodes of a session may take.
const ALL_LIMIT: Duration = Duration::from_secs(30);

/// Audits a session's nodes for as long as it lasts. Never ends.
pub(crate) async fn keep(session: &Session, live: &LiveSession) {
    loop {
        sleep(jittered(ROUND)).await;
        let nodes = session.nodes.next(NODES_A_ROUND);
        // Without nodes another request shows whether the task of the ZooKeeper crate still runs.
        let answered =
            if nodes.is_empty() { live.answers(ANSWER_LIMIT).await } else { compare(live, &nodes).await };
        if !answered {
            live.suspect.notify_one();
        }
    }
}

/// Audits all nodes that were read in the session, unless that was done a moment ago. Returns
/// whether the session has answered for all of them, the first time within `limit`.
pub(crate) async fn all(session: &Session, live: &LiveSession, limit: Duration) -> bool {
    let (now, incarnation) = (Instant::now(), live.incarnation());
    if session.nodes.is_audited(incarnation, now) {
        return true;
    }
    // The answers must not come from a server that lags behind.
    if !live.answers(limit).await {
        return false;
    }
    let audit = async {
        for nodes in session.nodes.all().chunks(NODES_AT_ONCE) {
            if !compare(live, nodes).await {
                return false;
            }
        }
        true
    };
    let done = timeout(ALL_LIMIT, audit).await == Ok(true);
    if done {
        session.nodes.set_audited(incarnation, now);
    }
    done
}

/// Compares nodes with what was last seen of them, and asks for a reading of those that differ.
/// Returns whether the session has answered for all of them.
async fn compare(live: &LiveSession, nodes: &[Arc<Node>]) -> bool {
    let seen = nodes.iter().filter_map(|node| Some((node, node.seen_in(live.key)?)));
    // The requests are sent here, all at once; a check of a stat needs no right to read.
    let mut checks: Vec<_> =
        seen.map(|(node, seen)| (node, seen, live.client.check_stat(node.path()))).collect();
    // The server answers in order: to wait for the last answer first wakes this task once, not for
    // each.
    checks.reverse();
    let deadline = Instant::now() + ANSWER_LIMIT;
    for (node, seen, check) in checks {
        let is_as_seen = match timeout_at(deadline, check).await {
            Ok(Ok(stat)) => stat.map(|stat| stat.mzxid) == seen.mzxid,
            // No known server answers a check with such an error. If one does, the node is not as
            // it was read.
            Ok(Err(error)) if concerns_node(&error) => false,
            _ => return false,
        };
        if !is_as_seen {
            debug!("{} has changed and its watch has not fired", node.path());
            node.missed_change(seen);
        }
    }
    true
}
