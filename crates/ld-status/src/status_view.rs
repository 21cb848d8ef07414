//! What is shown: an engine, its sessions, and what must not be seen of them.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ld_config::Config;
use ld_hook::Runs;
use ld_sync::{Engine, Status};
use ld_zk::{Client, ClientState};

use crate::fleet::FleetView;
use crate::reloads::{Reload, Reloads};

/// What a [`Server`](crate::Server) shows. Clones show the same.
#[derive(Clone)]
pub struct StatusView {
    pub(crate) engine: Arc<Engine>,
    client: Client,
    started: SystemTime,
    pub(crate) heartbeat_interval: Duration,
    /// Whether the metrics have samples for each node.
    pub(crate) per_node: bool,
    version: &'static str,
    reloads: Reloads,
    pub(crate) hooks: Runs,
    log_lines_dropped: fn() -> u64,
    /// What all hosts report, if this one does.
    pub(crate) fleet: Option<Arc<FleetView>>,
    /// Paths of secrets, which are shown nowhere, and the keys that set them.
    hidden: Arc<[(String, &'static str)]>,
}

impl StatusView {
    /// Shows `engine`, which reads through `client` and was made from `config`. `version` is that
    /// of the program.
    pub fn new(engine: Arc<Engine>, client: Client, config: &Config, version: &'static str) -> Self {
        let secrets = Some((config.secrets.path.display().to_string(), "secrets.path"));
        let tls = config.zookeeper.tls.as_ref().and_then(|tls| tls.identity.as_ref());
        let key = tls.map(|identity| (identity.key.display().to_string(), "zookeeper.tls.key"));
        let credentials = config.zookeeper.credentials.iter();
        let credentials = credentials.map(|secret| (secret.clone(), "zookeeper.credentials"));
        let hidden = [secrets, key]
            .into_iter()
            .flatten()
            .chain(credentials)
            .filter(|(path, _)| !path.is_empty())
            .collect();
        let per_node = config.status.per_node;
        let fleet = config.fleet.report.then(|| FleetView::new(client.clone(), config.publish.clone()));
        Self {
            engine,
            client,
            started: SystemTime::now(),
            heartbeat_interval: config.watcher.heartbeat_interval,
            per_node,
            version,
            reloads: Reloads::default(),
            hooks: Runs::default(),
            log_lines_dropped: || 0,
            fleet: fleet.map(Arc::new),
            hidden,
        }
    }

    /// Shows that the program started at this time, and not when the view was made.
    #[must_use]
    pub fn with_started(mut self, started: SystemTime) -> Self {
        self.started = started;
        self
    }

    /// Shows what became of reloads, too.
    #[must_use]
    pub fn with_reloads(mut self, reloads: Reloads) -> Self {
        self.reloads = reloads;
        self
    }

    /// Shows how hooks ran, too.
    #[must_use]
    pub fn with_hooks(mut self, hooks: Runs) -> Self {
        self.hooks = hooks;
        self
    }

    /// Shows how many log lines were dropped, too: `count` is asked at each scrape.
    #[must_use]
    pub fn with_log_lines_dropped(mut self, count: fn() -> u64) -> Self {
        self.log_lines_dropped = count;
        self
    }

    /// How many log lines were dropped; 0 if the program does not tell.
    pub(crate) fn log_lines_dropped(&self) -> u64 {
        (self.log_lines_dropped)()
    }

    /// What became of the last reload.
    pub(crate) fn last_reload(&self) -> Option<Reload> {
        self.reloads.last()
    }

    /// The states of the sessions.
    pub(crate) fn sessions(&self) -> ClientState {
        self.client.state()
    }

    /// The ensemble and the chroot.
    pub(crate) fn ensemble(&self) -> String {
        self.client.description()
    }

    pub(crate) fn started(&self) -> SystemTime {
        self.started
    }

    pub(crate) fn version(&self) -> &'static str {
        self.version
    }

    /// An error without the paths of secrets.
    pub(crate) fn without_secrets(&self, error: &str) -> String {
        self.hidden
            .iter()
            .fold(error.to_owned(), |error, (path, key)| error.replace(path, &format!("<{key}>")))
    }

    /// A status that may be shown.
    pub(crate) fn shown(&self, mut status: Status) -> Status {
        status.last_error = status.last_error.map(|error| self.without_secrets(&error));
        status.warning = status.warning.map(|warning| self.without_secrets(&warning));
        status
    }
}

impl fmt::Debug for StatusView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusView").field("engine", &self.engine).finish_non_exhaustive()
    }
}
