//! The digest credentials: read from the secrets store at every new session, and again and again
//! while they cannot be right.

mod store;

use std::sync::Arc;
use std::time::{Duration, Instant};

use ld_blocking::{BoundedCalls, Spawner};
use ld_config::{SecretValue, SecretsConfig, read_secrets};
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::error;

use super::jittered;
use store::{Problems, Read, Store};

/// How soon the secrets are read again after something was found to be wrong with them.
const FIRST_POLL: Duration = Duration::from_secs(1);
/// The longest time between two reads of the secrets while something is wrong with them. With its
/// jitter and the opening of a session, a secret that was corrected is in use within 12 s.
const LAST_POLL: Duration = Duration::from_secs(8);
/// How long a session waits for the secrets store before it is opened with the credentials that are
/// known.
const READ_LIMIT: Duration = Duration::from_secs(2);

/// The credentials of a client.
#[derive(Debug)]
pub(crate) struct Credentials {
    /// One at a time: while it hangs there is no second one.
    calls: BoundedCalls,
    store: Arc<Store>,
}

impl Credentials {
    pub(crate) fn new(config: SecretsConfig, paths: &[String], spawner: Spawner) -> Self {
        Self::with(config, paths, spawner, |config, paths| {
            let read = read_secrets(config, paths);
            (read.secrets, read.warnings)
        })
    }

    fn with(config: SecretsConfig, paths: &[String], spawner: Spawner, read: Read) -> Self {
        let calls = BoundedCalls::new(format!("reading '{}'", config.path.display()), spawner, 1);
        let store = Store::new(config, paths, read);
        Self { calls, store: Arc::new(store) }
    }

    /// Counts one more node, or one fewer, that the present credentials may not read.
    pub(crate) fn count_node_without_auth(&self, change: isize) {
        self.store.problems.send_modify(|problems| {
            problems.nodes_without_auth = problems.nodes_without_auth.saturating_add_signed(change);
        });
    }

    /// Reads the secrets now and gives the credentials to use, after 2 s at most; what is received
    /// later are other ones. A secret that cannot be read is logged once and keeps its last good
    /// value. While a read hangs, the credentials that are known are given; what that read finds is
    /// taken over when it returns, however late.
    pub(crate) async fn refresh(&self) -> watch::Receiver<Vec<SecretValue>> {
        if !self.store.paths.is_empty() {
            let (store, asked) = (Arc::clone(&self.store), Instant::now());
            let result = self.calls.run(READ_LIMIT, move || store.read_if_older_than(asked)).await;
            if let Err(error) = result {
                self.store.problems.send_modify(|problems| {
                    if !std::mem::replace(&mut problems.hung, true) {
                        error!("{error}; going on with the credentials that are known");
                    }
                });
            }
        }
        self.store.current.subscribe()
    }

    /// Reads the secrets with backoff for as long as one is missing or a node answers NoAuth. Never
    /// ends.
    pub(crate) async fn poll_while_problems_exist(&self) {
        let mut problems = self.store.problems.subscribe();
        let mut period = FIRST_POLL;
        loop {
            // The sender is `self`, so this cannot fail.
            let _ = problems.wait_for(Problems::exist).await;
            sleep(jittered(period)).await;
            self.refresh().await;
            period = if problems.borrow().exist() { LAST_POLL.min(period * 2) } else { FIRST_POLL };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{LazyLock, Mutex};

    use futures_util::future::join_all;
    use ld_config::SecretValue;

    use super::store::Found;
    use super::*;

    /// What the reads of one test wait for.
    type Gate = LazyLock<(Sender<()>, Mutex<Receiver<()>>)>;

    fn gate() -> (Sender<()>, Mutex<Receiver<()>>) {
        let (open, gate) = channel();
        (open, Mutex::new(gate))
    }

    fn credentials(spawner: Spawner, read: Read) -> Arc<Credentials> {
        let paths = ["secret/zookeeper".to_owned()];
        Arc::new(Credentials::with(SecretsConfig::default(), &paths, spawner, read))
    }

    fn found() -> Found {
        (vec![Ok(SecretValue::new(b"user:password".to_vec()))], Vec::new())
    }

    #[tokio::test]
    async fn many_sessions_share_a_read_and_wait_side_by_side() {
        static GATE: Gate = LazyLock::new(gate);
        static READS: AtomicUsize = AtomicUsize::new(0);
        let credentials = credentials(Spawner::Threads, |_, _| {
            READS.fetch_add(1, Ordering::Relaxed);
            GATE.1.lock().unwrap().recv().unwrap();
            found()
        });
        let start = Instant::now();
        let sets = join_all((0..32).map(|_| credentials.refresh())).await;
        assert!(start.elapsed() < 2 * READ_LIMIT, "{:?}", start.elapsed());
        assert!(sets.iter().all(|set| set.borrow().is_empty()), "nothing is known yet");
        assert_eq!(READS.load(Ordering::Relaxed), 1, "no second read while one hangs");

        // A late result is taken over, and the sessions see it.
        let mut current = sets.into_iter().next().unwrap();
        GATE.0.send(()).unwrap();
        current.changed().await.unwrap();
        assert_eq!(current.borrow_and_update().len(), 1);

        GATE.0.send(()).unwrap();
        GATE.0.send(()).unwrap();
        let sets = join_all((0..32).map(|_| credentials.refresh())).await;
        assert!(sets.iter().all(|set| set.borrow().len() == 1));
        assert!(!current.has_changed().unwrap(), "the same values are nothing new");
        assert!(READS.load(Ordering::Relaxed) <= 3, "{READS:?} reads for 32 sessions");
    }

    #[tokio::test(start_paused = true)]
    async fn secrets_are_read_again_only_while_something_is_wrong() {
        static READS: AtomicUsize = AtomicUsize::new(0);
        let credentials = credentials(Spawner::Runtime, |_, _| {
            READS.fetch_add(1, Ordering::Relaxed);
            found()
        });
        credentials.refresh().await;
        let polling = Arc::clone(&credentials);
        tokio::spawn(async move { polling.poll_while_problems_exist().await });
        sleep(Duration::from_secs(60)).await;
        assert_eq!(READS.load(Ordering::Relaxed), 1);
        credentials.count_node_without_auth(1);
        sleep(Duration::from_secs(60)).await;
        let reads = READS.load(Ordering::Relaxed);
        assert!((7..=12).contains(&reads), "{reads}");
        credentials.count_node_without_auth(-1);
        sleep(Duration::from_secs(60)).await;
        assert!(READS.load(Ordering::Relaxed) <= reads + 1);
    }
}
