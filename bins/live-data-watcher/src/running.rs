//! What runs with one configuration: client, engine, hooks and status server; and its replacement
//! by what runs with another one.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ld_blocking::{BoundedCalls, Spawner};
use ld_config::{Config, ConfigError, NodeConfig, Problem, Scope, chain, counted};
use ld_hook::Hooks;
use ld_sandbox::Rules;
use ld_sync::{Counters, Engine};
use ld_zk::Client;
use tokio::time::timeout;
use tracing::{error, info, warn};

use crate::pointers;
use crate::reporting::Reporting;
use crate::serving::Serving;
use crate::starting::{StartError, start, without_hooks};

/// How long reading a configuration may take: its file system may hang.
const READ_LIMIT: Duration = Duration::from_secs(10);

/// How long hooks that run at the end may take; then they are killed.
const HOOK_GRACE: Duration = Duration::from_secs(5);

/// How long the former engine may take to end when a new one replaces it.
const END_LIMIT: Duration = Duration::from_secs(1);

pub(crate) struct Running {
    config: Config,
    client: Client,
    engine: Arc<Engine>,
    hooks: Hooks,
    status: Serving,
    reporting: Reporting,
    reads: BoundedCalls,
    /// The counters of the signatures that were applied, for the engines to come.
    counters: Counters,
    /// What this process may still do, if it is sandboxed.
    sandbox: Option<Rules>,
}

impl Running {
    /// Starts everything that `config` asks for, in a process that is bound by `sandbox`. Needs a
    /// tokio runtime.
    pub(crate) fn start(config: Config, sandbox: Option<Rules>) -> Result<Self, StartError> {
        let mut status = Serving::new();
        let counters = Counters::default();
        let (client, engine) = start(&config, &counters)?;
        let mut hooks = Hooks::default();
        hooks.follow(&config.nodes, engine.changes());
        status.serve(None, &config, &engine, &client, &hooks)?;
        let reporting = Reporting::start(&config, &engine, &client, &hooks, status.started());
        let reads = BoundedCalls::new("reading the configuration", Spawner::Threads, 1);
        Ok(Self { config, client, engine, hooks, status, reporting, reads, counters, sandbox })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The engine, for the time of a reload. After it another one may run.
    pub(crate) fn shared_engine(&self) -> Arc<Engine> {
        Arc::clone(&self.engine)
    }

    /// Reads the configuration again and does what it says. One that is broken changes nothing.
    /// When this is dropped before its end, only [`end`](Self::end) may follow.
    pub(crate) async fn reload(&mut self, path: &Path) {
        if path == Path::new("-") {
            self.keep("the configuration came from standard input, which cannot be read again");
            return;
        }
        info!("SIGHUP: reading '{}' again", path.display());
        let read = read(path.to_path_buf());
        let config = match self.reads.run(READ_LIMIT, read).await {
            Ok(Ok(config)) => config,
            Ok(Err(reason)) => return self.keep(&reason),
            Err(error) => return self.keep(&error.to_string()),
        };
        if let Err(reason) = fits_sandbox(self.sandbox.as_ref(), path, &config) {
            return self.keep(reason);
        }
        let replaced = self.replace(config).await;
        match replaced {
            Ok(()) => self.status.reloads().succeeded(),
            Err(reason) => self.keep(&reason),
        }
    }

    /// Ends the engine and closes the sessions, each within `limit`. Hooks that run get longer.
    /// Returns whether all of it ended.
    pub(crate) async fn end(mut self, limit: Duration) -> bool {
        self.reporting = Reporting::none();
        let ended = async {
            self.engine.drain(limit).await;
            self.client.close(limit).await;
        };
        let (ended, hooks) = tokio::join!(timeout(limit, ended), self.hooks.end(HOOK_GRACE));
        ended.is_ok() && hooks
    }

    fn keep(&self, reason: &str) {
        error!("not reloaded: {reason}; the former configuration stays in force");
        self.status.reloads().failed(reason);
    }

    async fn replace(&mut self, config: Config) -> Result<(), String> {
        // Comes first: an address that is taken changes nothing.
        let bound = Serving::bind(&self.config, &config).map_err(|error| chain(&error))?;
        let former = std::mem::replace(&mut self.config, config);
        let restarts = former.zookeeper != self.config.zookeeper
            || former.secrets != self.config.secrets
            || former.watcher != self.config.watcher
            || former.s3 != self.config.s3
            || former.publish.root != self.config.publish.root
            || former.fleet != self.config.fleet;
        let done = if restarts { self.restart().await } else { self.change_nodes(&former).await };
        let serves_anew = restarts || former.status != self.config.status || !self.status.is_as(&self.config);
        let done = match done {
            Ok(()) if serves_anew => {
                let served = self.status.serve(bound, &self.config, &self.engine, &self.client, &self.hooks);
                served.map_err(|error| chain(&error))
            }
            done => done,
        };
        if done.is_err() {
            self.config = former;
        }
        done
    }

    /// Follows the configured nodes in the sessions that there are.
    async fn change_nodes(&mut self, former: &Config) -> Result<(), String> {
        self.pause_hooks();
        let changed = self.engine.set_nodes(without_hooks(&self.config)).await;
        let in_force = if changed.is_ok() { &self.config } else { former };
        self.hooks.follow(&in_force.nodes, self.engine.changes());
        let changes = changed.map_err(|error| error.to_string())?;
        for name in &changes.removed {
            info!(node = name, "nodes.{name}: removed from the configuration; its file stays");
        }
        let changed = changes.changed.len() + changed_hooks(former, &self.config, &changes.changed);
        let (added, removed) = (changes.added.len(), changes.removed.len());
        let added = counted(added as u64, "node");
        info!("reloaded: {added} added, {removed} removed, {changed} changed");
        Ok(())
    }

    /// Opens new sessions and follows all nodes in them. Files that are right are left alone.
    async fn restart(&mut self) -> Result<(), String> {
        // The report goes with its session, which its task would keep open.
        self.reporting = Reporting::none();
        // The former engine goes first: two engines would take each other's writes for drift.
        self.engine.drain(END_LIMIT).await;
        self.client.close(END_LIMIT).await;
        let started = start(&self.config, &self.counters).map_err(|error| chain(&error));
        // The status shows what runs, also when its server cannot be started anew.
        self.pause_hooks();
        (self.client, self.engine) = started?;
        self.hooks.follow(&self.config.nodes, self.engine.changes());
        let started = self.status.started();
        self.reporting = Reporting::start(&self.config, &self.engine, &self.client, &self.hooks, started);
        info!("reloaded: new sessions with {}", ld_cli::ensemble(&self.config.zookeeper));
        Ok(())
    }

    /// Lets no hook miss what happens until now.
    fn pause_hooks(&mut self) {
        let has_hooks = self.config.nodes.iter().any(|node| node.active_hook().is_some());
        self.hooks.pause(if has_hooks { self.engine.status() } else { Vec::new() });
    }
}

/// Whether a process that is bound by `sandbox` can do what `config`, read from `path`, asks for. A
/// sandbox is entered at a start and cannot be widened.
fn fits_sandbox(sandbox: Option<&Rules>, path: &Path, config: &Config) -> Result<(), &'static str> {
    let wanted = config.watcher.sandbox.then(|| pointers::rules(path, config));
    match (sandbox, wanted) {
        (None, None) => Ok(()),
        (Some(sandbox), Some(wanted)) if sandbox.allow(&wanted) => Ok(()),
        (Some(_), Some(_)) => {
            Err("it needs a directory or a check that the sandbox does not allow: restart the watcher")
        }
        _ => Err("watcher.sandbox can only change at a start: restart the watcher"),
    }
}

/// How many nodes have another hook than before, besides those that have `changed` for the engine.
fn changed_hooks(former: &Config, now: &Config, changed: &[String]) -> usize {
    let before: HashMap<_, _> = former.nodes.iter().map(|node| (&node.name, &node.hook)).collect();
    let changed: HashSet<_> = changed.iter().collect();
    let has_changed = |node: &&NodeConfig| before.get(&node.name).is_some_and(|hook| **hook != node.hook);
    now.nodes.iter().filter(has_changed).filter(|node| !changed.contains(&node.name)).count()
}

/// Reads a configuration again. The error is logged; what is returned of it may be shown to all.
fn read(path: PathBuf) -> impl FnOnce() -> Result<Config, String> + Send + 'static {
    move || {
        // Opening a FIFO would wait for a writer, and hold up later reloads, too.
        if fs::metadata(&path).is_ok_and(|found| !found.is_file()) {
            return Err("the configuration is not a regular file".to_owned());
        }
        let parsed = ld_cli::parse_config(&path, Scope::Watcher).map_err(|error| {
            ld_cli::log_config_error(&path, &error);
            let place = match &error {
                ConfigError::Invalid { errors, .. } => errors.first().map(Problem::place),
                _ => None,
            };
            let place = place.unwrap_or_else(|| path.display().to_string());
            format!("the configuration is broken: {place}")
        })?;
        parsed.warnings.iter().for_each(|warning| warn!("{warning}"));
        Ok(parsed.config)
    }
}
