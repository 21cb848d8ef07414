//! Finds changes whose watch event never came.
//!
//! Servers since 3.8.4 and 3.9.2, and distributions that took over the fix of CVE-2024-23944, drop an event,
//! and the one-shot watch with it, when the watcher may not read the node at that moment. Whoever trusts the
//! watch alone never hears of that node again, not even after the right to read it has come back.
//!
//! A few nodes are audited all the time, so that their content follows; all of them are before a session is confirmed, so that
//! no heartbeat rests on an event that was dropped.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::debug;

use crate::backoff::jittered;
use crate::error::Blame;
use crate::lane::{Lane, Live};
use crate::reading::SessionKey;
use crate::watched::{Version, Watched};

/// How often nodes are audited, on average. A session of few nodes learns within 10 s what nobody told it.
const ROUND: Duration = Duration::from_secs(8);
/// How many nodes of a session one round takes, those first whose turn is longest ago. Each is a request, and of a fleet that has nothing
/// to do most requests are these.
const NODES_A_ROUND: usize = 4;
/// How long the answers to what was sent with one round trip may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// How many nodes are audited with one round trip when all are.
const NODES_AT_ONCE: usize = 1_000;
/// How long the audit of all nodes of a session may take.
const ALL_LIMIT: Duration = Duration::from_secs(30);
/// How often all nodes of a session are audited at most, however short the interval of the heartbeats is.
const FRESH: Duration = Duration::from_secs(5);

/// The watched nodes of a lane, in the order of their turns.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    queue: Mutex<VecDeque<Weak<Watched>>>,
    /// The session in which all nodes were audited last, and when that began.
    audited: Mutex<Option<(SessionKey, Instant)>>,
}

impl Turns {
    pub(crate) fn add(&self, watched: &Arc<Watched>) {
        self.lock().push_back(Arc::downgrade(watched));
    }

    /// Wakes all who wait for a node.
    pub(crate) fn wake_all(&self) {
        self.all().iter().for_each(|watched| watched.wake());
    }

    /// All nodes, whosever turn it is.
    fn all(&self) -> Vec<Arc<Watched>> {
        self.lock().iter().filter_map(Weak::upgrade).collect()
    }

    fn is_fresh(&self, session: SessionKey, now: Instant) -> bool {
        let audited = *self.audited.lock().unwrap_or_else(PoisonError::into_inner);
        audited.is_some_and(|(audited, at)| audited == session && now < at + FRESH)
    }

    fn all_were_audited(&self, session: SessionKey, since: Instant) {
        *self.audited.lock().unwrap_or_else(PoisonError::into_inner) = Some((session, since));
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
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Audits a lane's nodes for as long as its session lasts. Never ends.
pub(crate) async fn keep(lane: &Lane, live: &Live) {
    loop {
        sleep(jittered(ROUND)).await;
        compare(live, &lane.turns.take(NODES_A_ROUND)).await;
    }
}

/// Audits all nodes that were read in the session, unless that was done a moment ago, so that none of them is believed to be
/// current that is not. Returns whether the session has answered for all of them, the first time within `limit`.
pub(crate) async fn all(lane: &Lane, live: &Live, limit: Duration) -> bool {
    let now = Instant::now();
    if is_known(lane, live.key, now) {
        return true;
    }
    // The answers must not come from a server that lags behind.
    if !live.answers(limit).await {
        return false;
    }
    let audit = async {
        for nodes in lane.turns.all().chunks(NODES_AT_ONCE) {
            if !compare(live, nodes).await {
                return false;
            }
        }
        true
    };
    let done = timeout(ALL_LIMIT, audit).await == Ok(true);
    if done {
        lane.turns.all_were_audited(live.key, now);
    }
    done
}

/// Whether all nodes of the session were audited a moment ago, and those read since have watches.
fn is_known(lane: &Lane, session: SessionKey, now: Instant) -> bool {
    lane.unarmed.is_empty() && lane.turns.is_fresh(session, now)
}

/// Compares nodes with what was last seen of them, and wakes those that are not. Returns whether the session has answered
/// for all of them.
async fn compare(live: &Live, nodes: &[Arc<Watched>]) -> bool {
    let due: Vec<_> = nodes.iter().filter_map(|node| Some((node, node.seen_in(live.key)?))).collect();
    // The requests are sent here, all at once; a check of a stat needs no right to read.
    let checks = due.iter().map(|(node, _)| live.client.check_stat(node.path())).collect();
    for ((node, seen), answer) in due.into_iter().zip(answers(checks).await) {
        let Some(answer) = answer else { return false };
        if answer.map(Version::from) != Some(seen.version) {
            debug!("{} has changed and no watch said so", node.path());
            node.miss(seen);
        }
    }
    true
}

/// What the server says to requests that were sent in this order, each about one node, within [`ANSWER_LIMIT`].
///
/// It answers in that order, too. So who waits for the last answer is woken once, and not by every part of them that arrives.
pub(crate) async fn answers<T>(
    mut requests: Vec<impl Future<Output = Result<T, zookeeper::Error>>>,
) -> Vec<Option<Option<T>>> {
    let deadline = Instant::now() + ANSWER_LIMIT;
    let Some(last) = requests.pop() else { return Vec::new() };
    let last = answer(deadline, last).await;
    let mut answers = Vec::with_capacity(requests.len() + 1);
    for request in requests {
        answers.push(answer(deadline, request).await);
    }
    answers.push(last);
    answers
}

/// What the server says of a node until the `deadline`: an inner `None` is an error of the node's own, which no server answers yet to
/// a check; one that does means that the node is not what it was. `None` if there is no answer, which is the session's business.
async fn answer<T>(
    deadline: Instant,
    request: impl Future<Output = Result<T, zookeeper::Error>>,
) -> Option<Option<T>> {
    match timeout_at(deadline, request).await {
        Ok(Ok(answer)) => Some(Some(answer)),
        Ok(Err(error)) if Blame::of(&error) == Blame::Node => Some(None),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(turns: &Turns) -> Vec<String> {
        turns.take(2).iter().map(|watched| watched.path().to_owned()).collect()
    }

    #[test]
    fn all_nodes_of_one_session_are_audited_again_only_after_a_moment() {
        let turns = Turns::default();
        let (session, now) = (SessionKey::unique(), Instant::now());
        assert!(!turns.is_fresh(session, now));
        turns.all_were_audited(session, now);
        assert!(turns.is_fresh(session, now) && turns.is_fresh(session, now + FRESH / 2));
        assert!(!turns.is_fresh(session, now + FRESH), "a change may have been missed since");
        assert!(
            !turns.is_fresh(SessionKey::unique(), now),
            "what one session missed says nothing of another"
        );
    }

    #[test]
    fn as_long_as_a_node_has_no_watch_all_are_audited_again() {
        let lane = Lane::new(0);
        let (session, now) = (SessionKey::unique(), Instant::now());
        lane.turns.all_were_audited(session, now);
        assert!(is_known(&lane, session, now));
        lane.unarmed.add(Watched::new(Arc::new("/read/in/bulk")));
        assert!(!is_known(&lane, session, now));
    }

    #[test]
    fn nodes_take_turns_and_those_that_are_gone_drop_out() {
        let turns = Turns::default();
        assert!(paths(&turns).is_empty());
        let [a, b, c] = ["/a", "/b", "/c"].map(|path| Watched::new(Arc::new(path)));
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
