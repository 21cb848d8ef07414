//! The digest credentials: read from the secrets store at every new session, and again and again while they
//! cannot be right.

use std::sync::Arc;
use std::time::Duration;

use ld_config::{SecretValue, SecretsConfig, read_simple_secrets};
use tokio::sync::{Mutex, watch};
use tokio::time::{sleep, timeout};
use tracing::{error, info};

use crate::Error;
use crate::backoff::jittered;

/// How soon the secrets are read again after something was found to be wrong with them.
const FIRST_POLL: Duration = Duration::from_secs(1);
/// How rarely at most they are read while something is wrong with them. With its jitter and the opening of a session, a
/// secret that was corrected is in use within 12 s.
const LAST_POLL: Duration = Duration::from_secs(8);
/// How long one read of the secrets store may take, on a file system that hangs.
const READ_LIMIT: Duration = Duration::from_secs(10);

/// One state of the credentials; another one has another version.
#[derive(Debug)]
pub(crate) struct CredentialSet {
    pub(crate) version: u64,
    pub(crate) values: Vec<SecretValue>,
}

/// What is known to be wrong with the credentials.
#[derive(Debug, Default)]
struct Trouble {
    unread: usize,
    nodes_without_auth: usize,
}

/// One configured credential.
#[derive(Debug)]
struct Slot {
    path: String,
    /// The last good value: it stays in use while the store is being rewritten.
    value: Option<SecretValue>,
    logged: Option<String>,
}

/// The credentials of a client.
#[derive(Debug)]
pub(crate) struct Credentials {
    store: SecretsConfig,
    slots: Mutex<Vec<Slot>>,
    current: watch::Sender<Arc<CredentialSet>>,
    trouble: watch::Sender<Trouble>,
    configured: bool,
}

impl Credentials {
    pub(crate) fn new(store: SecretsConfig, paths: &[String]) -> Self {
        let slots = paths.iter().map(|path| Slot { path: path.clone(), value: None, logged: None }).collect();
        Self {
            store,
            slots: Mutex::new(slots),
            current: watch::Sender::new(Arc::new(CredentialSet { version: 0, values: Vec::new() })),
            trouble: watch::Sender::default(),
            configured: !paths.is_empty(),
        }
    }

    /// Follows the credentials, so that a session can see when its own are out of date.
    pub(crate) fn watch(&self) -> watch::Receiver<Arc<CredentialSet>> {
        self.current.subscribe()
    }

    /// Counts a node that the present credentials may not read.
    pub(crate) fn add_node_without_auth(&self) {
        self.trouble.send_modify(|trouble| trouble.nodes_without_auth += 1);
    }

    /// Takes it back.
    pub(crate) fn remove_node_without_auth(&self) {
        self.trouble.send_modify(|trouble| trouble.nodes_without_auth -= 1);
    }

    /// Reads the secrets now. What cannot be read is logged once and keeps its last good value.
    pub(crate) async fn refresh(&self) -> Arc<CredentialSet> {
        let mut slots = self.slots.lock().await;
        if slots.is_empty() {
            return Arc::clone(&self.current.borrow());
        }
        let paths: Vec<String> = slots.iter().map(|slot| slot.path.clone()).collect();
        let store = self.store.clone();
        let read = tokio::task::spawn_blocking(move || read_simple_secrets(&store, &paths));
        let Ok(Ok(results)) = timeout(READ_LIMIT, read).await else {
            error!("the secrets store does not answer; going on with the credentials that are known");
            return Arc::clone(&self.current.borrow());
        };
        let mut unread = 0;
        let mut changed = false;
        for (slot, result) in slots.iter_mut().zip(results) {
            let path = slot.path.clone();
            let value = match result {
                Ok(value) if value.expose().contains(&b':') => Ok(value),
                Ok(_) => Err(Error::CredentialForm { path }),
                Err(source) => Err(Error::Credential { path, source }),
            };
            match value {
                Ok(value) => changed |= slot.accept(value),
                Err(error) => {
                    unread += 1;
                    slot.report(&error);
                }
            }
        }
        self.trouble.send_modify(|trouble| trouble.unread = unread);
        if changed {
            let values = slots.iter().filter_map(|slot| slot.value.clone()).collect();
            self.current.send_modify(|set| {
                *set = Arc::new(CredentialSet { version: set.version + 1, values });
            });
        }
        Arc::clone(&self.current.borrow())
    }

    /// Reads the secrets with backoff for as long as one is missing or a node answers NoAuth. Never ends.
    pub(crate) async fn poll_while_in_trouble(&self) {
        if !self.configured {
            return std::future::pending().await;
        }
        let mut trouble = self.trouble.subscribe();
        let is_there = |trouble: &Trouble| trouble.unread > 0 || trouble.nodes_without_auth > 0;
        let mut period = FIRST_POLL;
        loop {
            // The sender is `self`, so that an error cannot come.
            let _ = trouble.wait_for(is_there).await;
            sleep(jittered(period)).await;
            period = (period * 2).min(LAST_POLL);
            if is_there(&trouble.borrow()) {
                self.refresh().await;
            } else {
                period = FIRST_POLL;
            }
        }
    }
}

impl Slot {
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
        let text = ld_config::chain(error);
        if self.logged.as_ref() != Some(&text) {
            let kept = if self.value.is_some() { "its last value" } else { "the others" };
            error!("{text}; going on with {kept}");
            self.logged = Some(text);
        }
    }
}
