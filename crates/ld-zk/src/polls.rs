//! The polling of what cannot be read: no watch tells when it can.

use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until};

/// How long after a reading an unreadable node is polled.
const POLL_INTERVAL: Duration = Duration::from_secs(10);
/// How much later this client polls at most, so that the hosts of a fleet do not poll at once. A
/// node that can be read again is right within 12 s, as after any outage.
const POLL_JITTER: Duration = Duration::from_millis(1_500);
/// The time between two polls of one client, whichever nodes they are for: 10 a second.
const POLL_SPACING: Duration = Duration::from_millis(100);

/// The unreadable nodes of one client, in the order in which they are due.
#[derive(Debug)]
pub(crate) struct Polls {
    interval: Duration,
    queue: mpsc::UnboundedSender<Poll>,
    due: Mutex<mpsc::UnboundedReceiver<Poll>>,
}

/// When a node is due, and what tells its reader. A reader that is gone costs no poll.
type Poll = (Instant, oneshot::Sender<()>);

impl Polls {
    pub(crate) fn new() -> Self {
        let (queue, due) = mpsc::unbounded_channel();
        let interval = POLL_INTERVAL + POLL_JITTER.mul_f64(fastrand::f64());
        Self { interval, queue, due: Mutex::new(due) }
    }

    /// Resolves when what has just turned out to be unreadable is to be read again.
    pub(crate) fn next(&self) -> impl Future<Output = ()> + Send + use<> {
        let (poll, polled) = oneshot::channel();
        // The receiver is this one's own, so this cannot fail.
        let _ = self.queue.send((Instant::now() + self.interval, poll));
        async { polled.await.unwrap_or_default() }
    }

    /// Asks for the readings that are due, one by one. Never ends.
    pub(crate) async fn run(&self) {
        let mut due = self.due.lock().await;
        while let Some((at, poll)) = due.recv().await {
            if !poll.is_closed() {
                sleep_until(at).await;
                if poll.send(()).is_ok() {
                    sleep(POLL_SPACING).await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt;
    use futures_util::future::BoxFuture;

    use super::*;

    fn start() -> Arc<Polls> {
        let polls = Arc::new(Polls::new());
        let running = Arc::clone(&polls);
        tokio::spawn(async move { running.run().await });
        polls
    }

    async fn assert_is_soon(poll: impl Future<Output = ()>) {
        let start = Instant::now();
        poll.await;
        let elapsed = start.elapsed();
        let soon = POLL_INTERVAL..=POLL_INTERVAL + POLL_JITTER + POLL_SPACING;
        assert!(soon.contains(&elapsed), "{elapsed:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn one_node_is_polled_every_ten_seconds() {
        let polls = start();
        for _ in 0..100 {
            assert_is_soon(polls.next()).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn many_nodes_are_polled_ten_times_a_second() {
        let polls = start();
        let mut waiting: Vec<BoxFuture<'_, ()>> = (0..1000).map(|_| polls.next().boxed()).collect();
        let mut polled = || {
            let before = waiting.len();
            waiting.retain_mut(|poll| poll.now_or_never().is_none());
            before - waiting.len()
        };
        sleep(POLL_INTERVAL + POLL_JITTER).await;
        polled();
        for _ in 0..50 {
            sleep(Duration::from_secs(1)).await;
            let polled = polled();
            assert!((9..=11).contains(&polled), "{polled} polls in a second");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nodes_that_can_be_read_give_their_places_back() {
        let polls = start();
        for _ in 0..30_000 {
            drop(polls.next());
        }
        assert_is_soon(polls.next()).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_dropped_while_it_is_first_costs_no_poll() {
        let polls = start();
        let dropped = polls.next();
        sleep(POLL_INTERVAL / 2).await;
        drop(dropped);
        assert_is_soon(polls.next()).await;
    }
}
