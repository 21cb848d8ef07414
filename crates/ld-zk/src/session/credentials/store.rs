//! What is known of the credentials, shared by the sessions and the thread that reads.

use std::sync::Mutex;
use std::time::Instant;

use ld_config::{SecretValue, SecretsConfig, SecretsError};
use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::Error;
use crate::panics::lock;

/// Reads the secrets of these paths: a result for each, and warnings about their files.
pub(super) type Read = fn(&SecretsConfig, &[String]) -> Found;

pub(super) type Found = (Vec<Result<SecretValue, SecretsError>>, Vec<String>);

/// What the sessions share with the thread that reads.
#[derive(Debug)]
pub(super) struct Store {
    config: SecretsConfig,
    pub(super) paths: Vec<String>,
    read: Read,
    state: Mutex<State>,
    pub(super) current: watch::Sender<Vec<SecretValue>>,
    pub(super) problems: watch::Sender<Problems>,
}

#[derive(Debug)]
struct State {
    /// The last good value of each path: it stays in use while the store is being rewritten.
    known: Vec<Option<SecretValue>>,
    /// When the last read that has ended began.
    began: Option<Instant>,
    /// What the log says about the secrets and their files.
    logged: Vec<String>,
}

/// What is known to be wrong with the credentials.
#[derive(Debug, Default)]
pub(super) struct Problems {
    /// The read hangs, or could not be made. The log says so.
    pub(super) hung: bool,
    unread: usize,
    pub(super) nodes_without_auth: usize,
}

impl Problems {
    pub(super) fn exist(&self) -> bool {
        self.hung || self.unread > 0 || self.nodes_without_auth > 0
    }
}

impl Store {
    pub(super) fn new(config: SecretsConfig, paths: &[String], read: Read) -> Self {
        let state = State { known: vec![None; paths.len()], began: None, logged: Vec::new() };
        Self {
            config,
            paths: paths.to_vec(),
            read,
            state: Mutex::new(state),
            current: watch::Sender::default(),
            problems: watch::Sender::default(),
        }
    }

    /// Reads the secrets, unless a read that began after `asked` has done that: many sessions share
    /// one. Blocks.
    pub(super) fn read_if_older_than(&self, asked: Instant) {
        if lock(&self.state).began.is_some_and(|began| began >= asked) {
            return;
        }
        let began = Instant::now();
        let (results, mut warnings) = (self.read)(&self.config, &self.paths);
        let mut state = lock(&self.state);
        state.began = Some(began);
        let mut errors = Vec::new();
        for ((path, known), result) in self.paths.iter().zip(&mut state.known).zip(results) {
            match check(path, result) {
                Ok(value) => {
                    if let Some(oddity) = value.stray_characters() {
                        warnings.push(format!("the ZooKeeper credential {path} may be wrong: {oddity}"));
                    }
                    *known = Some(value);
                }
                Err(error) => errors.push((error, known.is_some())),
            }
        }
        let values: Vec<_> = state.known.iter().flatten().cloned().collect();
        let errors: Vec<_> = errors
            .into_iter()
            .map(|(error, is_known)| match is_known {
                true => format!("{error}; going on with its last value"),
                false if values.is_empty() => format!("{error}; going on without credentials"),
                false => format!("{error}; going on with the others"),
            })
            .collect();
        let is_new = |line: &&String| !state.logged.contains(line);
        warnings.iter().filter(is_new).for_each(|warning| warn!("{warning}"));
        errors.iter().filter(is_new).for_each(|error| error!("{error}"));
        let unread = errors.len();
        state.logged = [warnings, errors].concat();
        self.current.send_if_modified(|current| std::mem::replace(current, values.clone()) != values);
        drop(state);
        self.problems.send_modify(|problems| {
            if unread == 0 && (problems.hung || problems.unread > 0) {
                info!("the ZooKeeper credentials are readable again");
            }
            (problems.hung, problems.unread) = (false, unread);
        });
    }
}

fn check(path: &str, result: Result<SecretValue, SecretsError>) -> Result<SecretValue, Error> {
    let path = path.to_owned();
    match result {
        Ok(value) if value.expose().contains(&b':') => Ok(value),
        Ok(_) => Err(Error::CredentialForm { path }),
        Err(source) => Err(Error::Credential { path, source }),
    }
}
