//! The digest credentials: read from the secrets store at every new session, and again and again while they
//! cannot be right.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ld_blocking::{BoundedCalls, Spawner};
use ld_config::{SecretValue, SecretsConfig, SecretsError, read_simple_secrets};
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{error, info};

use super::jittered;
use crate::Error;

/// How soon the secrets are read again after something was found to be wrong with them.
const FIRST_POLL: Duration = Duration::from_secs(1);
/// How rarely at most they are read while something is wrong with them. With its jitter and the opening of a
/// session, a secret that was corrected is in use within 12 s.
const LAST_POLL: Duration = Duration::from_secs(8);
/// How long a session waits for the secrets store before it is opened with the credentials that are known.
const READ_LIMIT: Duration = Duration::from_secs(2);

type Read = fn(&SecretsConfig, &[String]) -> Vec<Result<SecretValue, SecretsError>>;

/// One state of the credentials; another one has another version.
#[derive(Debug)]
pub(crate) struct CredentialSet {
    pub(crate) version: u64,
    pub(crate) values: Vec<SecretValue>,
}

/// The credentials of a client.
#[derive(Debug)]
pub(crate) struct Credentials {
    /// One at a time: while it hangs there is no second one.
    calls: BoundedCalls,
    store: Arc<Store>,
    configured: bool,
}

/// What the sessions share with the thread that reads.
struct Store {
    config: SecretsConfig,
    read: Read,
    state: Mutex<State>,
    current: watch::Sender<Arc<CredentialSet>>,
    problems: watch::Sender<Problems>,
}

#[derive(Debug)]
struct State {
    slots: Vec<Slot>,
    /// When the last read that has ended began.
    began: Option<Instant>,
    /// The read hangs, and the log says so.
    hang_logged: bool,
}

/// What is known to be wrong with the credentials.
#[derive(Debug, Default)]
struct Problems {
    hung: bool,
    unread: usize,
    nodes_without_auth: usize,
}

impl Problems {
    fn exist(&self) -> bool {
        self.hung || self.unread > 0 || self.nodes_without_auth > 0
    }
}

/// One configured credential.
#[derive(Debug)]
struct Slot {
    path: String,
    /// The last good value: it stays in use while the store is being rewritten.
    value: Option<SecretValue>,
    logged: Option<String>,
}

impl Credentials {
    pub(crate) fn new(config: SecretsConfig, paths: &[String], spawner: Spawner) -> Self {
        Self::with(config, paths, spawner, read_simple_secrets)
    }

    fn with(config: SecretsConfig, paths: &[String], spawner: Spawner, read: Read) -> Self {
        let slots = paths.iter().map(|path| Slot { path: path.clone(), value: None, logged: None }).collect();
        let calls = BoundedCalls::new(format!("reading '{}'", config.path.display()), spawner, 1);
        let store = Store {
            config,
            read,
            state: Mutex::new(State { slots, began: None, hang_logged: false }),
            current: watch::Sender::new(Arc::new(CredentialSet { version: 0, values: Vec::new() })),
            problems: watch::Sender::default(),
        };
        Self { calls, store: Arc::new(store), configured: !paths.is_empty() }
    }

    /// Follows the credentials, so that a session can see when its own are out of date.
    pub(crate) fn watch(&self) -> watch::Receiver<Arc<CredentialSet>> {
        self.store.current.subscribe()
    }

    /// Counts a node that the present credentials may not read.
    pub(crate) fn add_node_without_auth(&self) {
        self.store.problems.send_modify(|problems| problems.nodes_without_auth += 1);
    }

    /// Takes it back.
    pub(crate) fn remove_node_without_auth(&self) {
        self.store.problems.send_modify(|problems| problems.nodes_without_auth -= 1);
    }

    /// Reads the secrets now and gives the credentials to use, after 2 s at most. A secret that cannot be read
    /// is logged once and keeps its last good value. While a read hangs, the credentials that are known are
    /// given; what that read finds is taken over when it returns, however late.
    pub(crate) async fn refresh(&self) -> Arc<CredentialSet> {
        if self.configured {
            let (store, asked) = (Arc::clone(&self.store), Instant::now());
            let result = self.calls.run(READ_LIMIT, move || store.read_if_older_than(asked)).await;
            if let Err(error) = result {
                self.store.problems.send_modify(|problems| problems.hung = true);
                if !std::mem::replace(&mut self.store.state().hang_logged, true) {
                    error!("{error}; going on with the credentials that are known");
                }
            }
        }
        Arc::clone(&self.store.current.borrow())
    }

    /// Reads the secrets with backoff for as long as one is missing or a node answers NoAuth. Never ends.
    pub(crate) async fn poll_while_in_trouble(&self) {
        if !self.configured {
            return std::future::pending().await;
        }
        let mut problems = self.store.problems.subscribe();
        let mut period = FIRST_POLL;
        loop {
            // The sender is `self`, so that an error cannot come.
            let _ = problems.wait_for(Problems::exist).await;
            sleep(jittered(period)).await;
            period = (period * 2).min(LAST_POLL);
            if problems.borrow().exist() {
                self.refresh().await;
            } else {
                period = FIRST_POLL;
            }
        }
    }
}

impl Store {
    /// Reads the secrets, unless a read that began after `asked` has done that: many sessions share one. Blocks.
    fn read_if_older_than(&self, asked: Instant) {
        if self.state().began.is_some_and(|began| began >= asked) {
            return;
        }
        let began = Instant::now();
        let paths: Vec<String> = self.state().slots.iter().map(|slot| slot.path.clone()).collect();
        let results = (self.read)(&self.config, &paths);
        let mut state = self.state();
        state.began = Some(began);
        if std::mem::take(&mut state.hang_logged) {
            info!("reading '{}' works again", self.config.path.display());
        }
        let (mut unread, mut changed) = (0, false);
        for (slot, result) in state.slots.iter_mut().zip(results) {
            match slot.check(result) {
                Ok(value) => changed |= slot.accept(value),
                Err(error) => {
                    unread += 1;
                    slot.report(&error);
                }
            }
        }
        if changed {
            let values = state.slots.iter().filter_map(|slot| slot.value.clone()).collect();
            self.current.send_modify(|set| {
                *set = Arc::new(CredentialSet { version: set.version + 1, values });
            });
        }
        drop(state);
        self.problems.send_modify(|problems| (problems.hung, problems.unread) = (false, unread));
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("config", &self.config)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Slot {
    fn check(&self, result: Result<SecretValue, SecretsError>) -> Result<SecretValue, Error> {
        let path = self.path.clone();
        match result {
            Ok(value) if value.expose().contains(&b':') => Ok(value),
            Ok(_) => Err(Error::CredentialForm { path }),
            Err(source) => Err(Error::Credential { path, source }),
        }
    }

    /// Whether the value is a new one.
    fn accept(&mut self, value: SecretValue) -> bool {
        if self.logged.take().is_some() {
            info!("the ZooKeeper credential {} is readable again", self.path);
        }
        if self.value.as_ref() == Some(&value) {
            return false;
        }
        self.value = Some(value);
        true
    }

    fn report(&mut self, error: &Error) {
        let text = error.to_string();
        if self.logged.as_ref() != Some(&text) {
            let kept = if self.value.is_some() { "its last value" } else { "the others" };
            error!("{text}; going on with {kept}");
            self.logged = Some(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::{Receiver, Sender, channel};

    use futures_util::future::join_all;

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

    fn found() -> Vec<Result<SecretValue, SecretsError>> {
        vec![Ok(SecretValue::new(b"user:password".to_vec()))]
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
        assert!(sets.iter().all(|set| set.values.is_empty()), "nothing is known yet");
        assert_eq!(READS.load(Ordering::Relaxed), 1, "no second read while one hangs");

        // A late result is taken over, and the sessions hear of it.
        let mut current = credentials.watch();
        GATE.0.send(()).unwrap();
        let set = current.wait_for(|set| set.version == 1).await.unwrap().clone();
        assert_eq!(set.values.len(), 1);

        GATE.0.send(()).unwrap();
        GATE.0.send(()).unwrap();
        let sets = join_all((0..32).map(|_| credentials.refresh())).await;
        assert!(sets.iter().all(|set| set.version == 1));
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
        tokio::spawn(async move { polling.poll_while_in_trouble().await });
        sleep(Duration::from_secs(60)).await;
        assert_eq!(READS.load(Ordering::Relaxed), 1);
        credentials.add_node_without_auth();
        sleep(Duration::from_secs(60)).await;
        let reads = READS.load(Ordering::Relaxed);
        assert!((7..=12).contains(&reads), "{reads}");
        credentials.remove_node_without_auth();
        sleep(Duration::from_secs(60)).await;
        assert!(READS.load(Ordering::Relaxed) <= reads + 1);
    }
}
