//! What is known of the credentials, shared by the sessions and the thread that reads.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use ld_config::{SecretValue, SecretsConfig, SecretsError};
use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::Error;

/// Reads the secrets of these paths: a result for each, and warnings about their files.
pub(super) type Read = fn(&SecretsConfig, &[String]) -> Found;

pub(super) type Found = (Vec<Result<SecretValue, SecretsError>>, Vec<String>);

/// One state of the credentials; another one has another version.
#[derive(Debug)]
pub(crate) struct CredentialSet {
    pub(crate) version: u64,
    pub(crate) values: Vec<SecretValue>,
}

/// What the sessions share with the thread that reads.
pub(super) struct Store {
    config: SecretsConfig,
    read: Read,
    state: Mutex<State>,
    pub(super) current: watch::Sender<Arc<CredentialSet>>,
    pub(super) problems: watch::Sender<Problems>,
}

#[derive(Debug)]
struct State {
    slots: Vec<Slot>,
    /// When the last read that has ended began.
    began: Option<Instant>,
    /// The read hangs, and the log says so.
    hang_logged: bool,
    /// What the log says about the files.
    warned: Vec<String>,
}

/// What is known to be wrong with the credentials.
#[derive(Debug, Default)]
pub(super) struct Problems {
    pub(super) hung: bool,
    unread: usize,
    pub(super) nodes_without_auth: usize,
}

impl Problems {
    pub(super) fn exist(&self) -> bool {
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

impl Store {
    pub(super) fn new(config: SecretsConfig, paths: &[String], read: Read) -> Self {
        let slots = paths.iter().map(|path| Slot { path: path.clone(), value: None, logged: None }).collect();
        Self {
            config,
            read,
            state: Mutex::new(State { slots, began: None, hang_logged: false, warned: Vec::new() }),
            current: watch::Sender::new(Arc::new(CredentialSet { version: 0, values: Vec::new() })),
            problems: watch::Sender::default(),
        }
    }

    /// Whether the hang of this read was not logged yet; from now on it counts as logged.
    pub(super) fn is_new_hang(&self) -> bool {
        !std::mem::replace(&mut self.state().hang_logged, true)
    }

    /// Reads the secrets, unless a read that began after `asked` has done that: many sessions share
    /// one. Blocks.
    pub(super) fn read_if_older_than(&self, asked: Instant) {
        if self.state().began.is_some_and(|began| began >= asked) {
            return;
        }
        let began = Instant::now();
        let paths: Vec<String> = self.state().slots.iter().map(|slot| slot.path.clone()).collect();
        let (results, warnings) = (self.read)(&self.config, &paths);
        let mut state = self.state();
        state.began = Some(began);
        if std::mem::take(&mut state.hang_logged) {
            info!("reading '{}' works again", self.config.path.display());
        }
        for warning in warnings.iter().filter(|warning| !state.warned.contains(warning)) {
            warn!("{warning}");
        }
        state.warned = warnings;
        let (mut failed, mut changed) = (Vec::new(), false);
        for (slot, result) in state.slots.iter_mut().zip(results) {
            match slot.check(result) {
                Ok(value) => changed |= slot.accept(value),
                Err(error) => failed.push((slot.path.clone(), error)),
            }
        }
        let is_any_known = state.slots.iter().any(|slot| slot.value.is_some());
        let unread = failed.len();
        for (path, error) in failed {
            let slots = state.slots.iter_mut().filter(|slot| slot.path == path);
            slots.for_each(|slot| slot.report(&error, is_any_known));
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

    fn state(&self) -> MutexGuard<'_, State> {
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
        if let Some(oddity) = value.suspicious_ending() {
            warn!("the ZooKeeper credential {} may be wrong: {oddity}", self.path);
        }
        self.value = Some(value);
        true
    }

    fn report(&mut self, error: &Error, is_any_known: bool) {
        let text = error.to_string();
        if self.logged.as_ref() != Some(&text) {
            let rest = match (&self.value, is_any_known) {
                (Some(_), _) => "with its last value",
                (None, true) => "with the others",
                (None, false) => "without credentials",
            };
            error!("{text}; going on {rest}");
            self.logged = Some(text);
        }
    }
}
