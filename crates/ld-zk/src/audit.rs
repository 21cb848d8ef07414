//! Finds changes whose watch event never came.
//!
//! Servers since 3.8.4 and 3.9.2, and distributions that took over the fix of CVE-2024-23944, drop an event,
//! and the one-shot watch with it, when the watcher may not read the node at that moment. Whoever trusts the
//! watch alone never hears of that node again, not even after the right to read it has come back.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tracing::debug;

use crate::backoff::jittered;
use crate::lane::{Lane, Live};
use crate::reading::SessionKey;

/// How often nodes are audited, on average. A session of few nodes learns within 10 s what nobody told it: until then it
/// believes that its nodes are current, and so do their heartbeats.
const ROUND: Duration = Duration::from_secs(8);
/// How many nodes of a session one round takes, those first whose turn is longest ago: about one a second.
const NODES_A_ROUND: usize = 8;
/// How long one answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// A watched node as its session's audit sees it.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) path: Box<str>,
    last_seen: Mutex<Option<Seen>>,
    /// The node is not as it was last seen, and nobody said so. Whoever sets it wakes the lane.
    missed: AtomicBool,
}

/// What a reading found: the node's czxid and mzxid, or `None` for no node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) session: SessionKey,
    pub(crate) zxids: Option<(i64, i64)>,
}

impl Watched {
    pub(crate) fn new(path: &str) -> Arc<Self> {
        Arc::new(Self { path: path.into(), last_seen: Mutex::new(None), missed: AtomicBool::new(false) })
    }

    /// Remembers what was read; `None` while the node cannot be read, since it is polled then.
    pub(crate) fn saw(&self, seen: Option<Seen>) {
        *self.last_seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    /// Whether a change was missed since this was asked last.
    pub(crate) fn was_missed(&self) -> bool {
        self.missed.swap(false, Ordering::Relaxed)
    }

    fn last_seen(&self) -> Option<Seen> {
        *self.last_seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The watched nodes of a lane, in the order of their turns.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<VecDeque<Weak<Watched>>>);

impl Turns {
    pub(crate) fn add(&self, watched: &Arc<Watched>) {
        self.lock().push_back(Arc::downgrade(watched));
    }

    /// The nodes whose turn it is. They queue up again; nodes that are gone do not.
    fn take(&self, count: usize) -> Vec<Arc<Watched>> {
        let mut turns = self.lock();
        let mut taken = Vec::new();
        for _ in 0..turns.len() {
            if taken.len() == count {
                break;
            }
            if let Some(watched) = turns.pop_front().and_then(|watched| watched.upgrade()) {
                turns.push_back(Arc::downgrade(&watched));
                taken.push(watched);
            }
        }
        taken
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Weak<Watched>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Audits a lane's nodes for as long as its session lasts. Never ends.
pub(crate) async fn keep(lane: &Lane, live: &Live) {
    loop {
        sleep(jittered(ROUND)).await;
        let nodes = lane.turns.take(NODES_A_ROUND);
        let due = nodes.iter().filter_map(|node| Some((node, node.last_seen()?)));
        let due = due.filter(|(_, seen)| seen.session == live.key);
        // The requests are sent here, all at once; a check of a stat needs no right to read.
        let checks: Vec<_> =
            due.map(|(node, seen)| (node, seen, live.client.check_stat(&node.path))).collect();
        for (node, seen, check) in checks {
            let zxids = match timeout(ANSWER_LIMIT, check).await {
                Ok(Ok(stat)) => stat.map(|stat| (stat.czxid, stat.mzxid)),
                // The session's own business.
                _ => break,
            };
            // If the node was read meanwhile, the answer is older than what is known.
            if zxids != seen.zxids && node.last_seen() == Some(seen) {
                debug!("{} has changed and no watch said so", node.path);
                node.missed.store(true, Ordering::Relaxed);
                // Rare enough to wake all nodes of the lane for it: a way to wake each would cost memory in all of them.
                lane.view.send_modify(|_| {});
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(turns: &Turns) -> Vec<String> {
        turns.take(2).iter().map(|watched| watched.path.to_string()).collect()
    }

    #[test]
    fn nodes_take_turns_and_those_that_are_gone_drop_out() {
        let turns = Turns::default();
        assert!(paths(&turns).is_empty());
        let [a, b, c] = ["/a", "/b", "/c"].map(Watched::new);
        for watched in [&a, &b, &c] {
            turns.add(watched);
        }
        assert_eq!(paths(&turns), ["/a", "/b"]);
        assert_eq!(paths(&turns), ["/c", "/a"]);
        drop(b);
        assert_eq!(paths(&turns), ["/c", "/a"]);
        drop((a, c));
        assert!(paths(&turns).is_empty());
        assert!(turns.lock().is_empty());
    }
}
