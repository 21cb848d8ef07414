//! The polling of nodes that cannot be read: no watch tells when they can.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use super::node::Node;

/// How long after a reading an unreadable node is polled.
const POLL_INTERVAL: Duration = Duration::from_secs(10);
/// How much later it is polled at most while there are few of them: a node that can be read again
/// is right within 12 s, as after any outage.
const POLL_JITTER: Duration = Duration::from_millis(1_500);
/// The time between two polls of one client, whichever nodes they are for: 10 a second.
const POLL_SPACING: Duration = Duration::from_millis(100);

/// The unreadable nodes of one client, by the time at which they are due.
#[derive(Debug, Default)]
pub(crate) struct Polls {
    waiting: Mutex<Waiting>,
    /// Another node has become the first that is due.
    earlier: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    last_id: u64,
    nodes: BTreeMap<Due, Arc<Node>>,
}

/// When a node is due; the number tells apart those that are due at one time.
type Due = (Instant, u64);

/// A node's place among those that wait; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct PollPlace {
    polls: Arc<Polls>,
    due: Due,
}

impl Polls {
    /// Has a node polled that has just turned out to be unreadable.
    pub(crate) fn add(self: &Arc<Self>, node: &Arc<Node>) -> PollPlace {
        let at = Instant::now() + POLL_INTERVAL + POLL_JITTER.mul_f64(fastrand::f64());
        let mut waiting = self.waiting();
        waiting.last_id += 1;
        let due = (at, waiting.last_id);
        waiting.nodes.insert(due, Arc::clone(node));
        let is_first = waiting.nodes.first_key_value().is_some_and(|(first, _)| *first == due);
        drop(waiting);
        if is_first {
            self.earlier.notify_one();
        }
        PollPlace { polls: Arc::clone(self), due }
    }

    /// Asks for the readings that are due, one by one. Never ends.
    pub(crate) async fn run(&self) {
        loop {
            let first = self.waiting().nodes.first_key_value().map(|((at, _), _)| *at);
            match first {
                None => self.earlier.notified().await,
                Some(at) if at > Instant::now() => tokio::select! {
                    () = sleep_until(at) => {}
                    () = self.earlier.notified() => {}
                },
                Some(_) => {
                    let due = self.waiting().nodes.pop_first();
                    if let Some((_, node)) = due {
                        node.ask_for_reading();
                        sleep(POLL_SPACING).await;
                    }
                }
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for PollPlace {
    fn drop(&mut self) {
        self.polls.waiting().nodes.remove(&self.due);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    fn start() -> Arc<Polls> {
        let polls = Arc::new(Polls::default());
        let running = Arc::clone(&polls);
        tokio::spawn(async move { running.run().await });
        polls
    }

    /// How long it takes until the node is polled.
    async fn until_polled(node: &Node) -> Duration {
        let start = Instant::now();
        node.hint().await;
        assert!(node.is_hinted());
        node.begin_reading();
        start.elapsed()
    }

    fn is_soon(elapsed: Duration) -> bool {
        (POLL_INTERVAL..=POLL_INTERVAL + POLL_JITTER + POLL_SPACING).contains(&elapsed)
    }

    #[tokio::test(start_paused = true)]
    async fn one_node_is_polled_every_ten_seconds() {
        let (polls, node) = (start(), Node::new("/a"));
        for _ in 0..100 {
            let _place = polls.add(&node);
            let elapsed = until_polled(&node).await;
            assert!(is_soon(elapsed), "{elapsed:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn many_nodes_are_polled_ten_times_a_second() {
        let polls = start();
        let nodes: Vec<_> = (0..1000).map(|_| Node::new("/a")).collect();
        let _places: Vec<_> = nodes.iter().map(|node| polls.add(node)).collect();
        tokio::time::sleep(POLL_INTERVAL + POLL_JITTER).await;
        for _ in 0..50 {
            let before = nodes.iter().filter(|node| node.is_hinted()).count();
            tokio::time::sleep(Duration::from_secs(1)).await;
            let polled = nodes.iter().filter(|node| node.is_hinted()).count() - before;
            assert!((9..=11).contains(&polled), "{polled} polls in a second");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nodes_that_can_be_read_give_their_places_back() {
        let polls = start();
        let nodes: Vec<_> = (0..10_000).map(|_| Node::new("/a")).collect();
        for _ in 0..3 {
            let places: Vec<_> = nodes.iter().map(|node| polls.add(node)).collect();
            drop(places);
        }
        assert!(polls.waiting().nodes.is_empty());
        let node = Node::new("/b");
        let _place = polls.add(&node);
        let elapsed = until_polled(&node).await;
        assert!(is_soon(elapsed), "{elapsed:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_is_dropped_is_not_polled() {
        let (polls, node) = (start(), Node::new("/a"));
        drop(polls.add(&node));
        assert!(timeout(Duration::from_secs(60), node.hint()).await.is_err());
    }
}
