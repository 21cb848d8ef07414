//! What runs with one configuration: client, engine, hooks and status server; and its replacement
//! by what runs with another one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ld_blocking::{BoundedCalls, Spawner};
use ld_config::{Config, ConfigError, Listen, NodeConfig, Problem, Scope, chain, counted};
use ld_hook::Hooks;
use ld_sandbox::Rules;
use ld_status::{Bound, Reloads, Server, View};
use ld_sync::Engine;
use ld_zk::Client;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tracing::{error, info, warn};

use crate::pointers;

/// How long reading a configuration may take: its file system may hang.
const READ_LIMIT: Duration = Duration::from_secs(10);

/// How long hooks that run at the end may take; then they are killed.
const HOOK_GRACE: Duration = Duration::from_secs(5);

/// How long the former engine may take to end when a new one replaces it.
const END_LIMIT: Duration = Duration::from_secs(1);

pub(crate) struct Running {
    started: SystemTime,
    config: Config,
    client: Client,
    engine: Arc<Engine>,
    hooks: Hooks,
    server: Option<Server>,
    reloads: Reloads,
    reads: BoundedCalls,
    /// What this process may still do, if it is sandboxed.
    sandbox: Option<Rules>,
}

/// Why nothing runs.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(transparent)]
    Client(#[from] ld_zk::Error),
    #[error(transparent)]
    Engine(#[from] ld_sync::StartError),
    #[error(transparent)]
    Status(#[from] ld_status::Error),
}

impl Running {
    /// Starts everything that `config` asks for, in a process that is bound by `sandbox`. Needs a
    /// tokio runtime.
    pub(crate) fn start(config: Config, sandbox: Option<Rules>) -> Result<Self, StartError> {
        let reloads = Reloads::default();
        let started = SystemTime::now();
        let (client, engine) = start(&config)?;
        let mut hooks = Hooks::default();
        hooks.follow(&config.nodes, engine.changes());
        let server = match &config.status.listen {
            Some(listen) => {
                let view = view(&config, &engine, &client, &reloads, &hooks).with_started(started);
                Some(Server::start(listen, view, &Handle::current())?)
            }
            None => None,
        };
        let reads = BoundedCalls::new("reading the configuration", Spawner::Threads, 1);
        Ok(Self { started, config, client, engine, hooks, server, reloads, reads, sandbox })
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
            Ok(()) => self.reloads.succeeded(),
            Err(reason) => self.keep(&reason),
        }
    }

    /// Ends the engine and closes the sessions, each within `limit`. Hooks that run get longer.
    /// Returns whether all of it ended.
    pub(crate) async fn end(mut self, limit: Duration) -> bool {
        let ended = async {
            self.engine.drain(limit).await;
            self.client.close(limit).await;
        };
        let (ended, hooks) = tokio::join!(timeout(limit, ended), self.hooks.end(HOOK_GRACE));
        ended.is_ok() && hooks
    }

    fn keep(&self, reason: &str) {
        error!("not reloaded: {reason}; the former configuration stays in force");
        self.reloads.failed(reason);
    }

    async fn replace(&mut self, config: Config) -> Result<(), String> {
        // Comes first: an address that is taken changes nothing.
        let bound = match &config.status.listen {
            Some(listen) if self.config.status.listen.as_ref() != Some(listen) => Some(bind(listen)?),
            _ => None,
        };
        let former = std::mem::replace(&mut self.config, config);
        let restarts = former.zookeeper != self.config.zookeeper
            || former.secrets != self.config.secrets
            || former.watcher != self.config.watcher
            || former.s3 != self.config.s3;
        let done = if restarts { self.restart().await } else { self.change_nodes(&former).await };
        let serves_anew = restarts || former.status != self.config.status || !self.is_served();
        let done = match done {
            Ok(()) if serves_anew => self.serve_anew(bound),
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
        let hooks = self.config.nodes.iter().filter(|node| {
            let before = former.nodes.iter().find(|former| former.name == node.name);
            before.is_some_and(|before| before.hook != node.hook) && !changes.changed.contains(&node.name)
        });
        let changed = changes.changed.len() + hooks.count();
        let (added, removed) = (changes.added.len(), changes.removed.len());
        let added = counted(added as u64, "node");
        info!("reloaded: {added} added, {removed} removed, {changed} changed");
        Ok(())
    }

    /// Opens new sessions and follows all nodes in them. Files that are right are left alone.
    async fn restart(&mut self) -> Result<(), String> {
        // The former engine goes first: two engines would take each other's writes for drift.
        self.engine.drain(END_LIMIT).await;
        self.client.close(END_LIMIT).await;
        let started = start(&self.config).map_err(|error| chain(&error));
        // The status shows what runs, also when its server cannot be started anew.
        self.pause_hooks();
        (self.client, self.engine) = started?;
        self.hooks.follow(&self.config.nodes, self.engine.changes());
        info!("reloaded: new sessions with {}", ld_cli::ensemble(&self.config.zookeeper));
        Ok(())
    }

    /// Lets no hook miss what happens until now.
    fn pause_hooks(&mut self) {
        let has_hooks = self.config.nodes.iter().any(|node| node.active_hook().is_some());
        self.hooks.pause(if has_hooks { self.engine.status() } else { Vec::new() });
    }

    /// Whether the status is served as the configuration says.
    fn is_served(&self) -> bool {
        self.server.is_some() == self.config.status.listen.is_some()
    }

    /// Serves the status of what runs now: at `bound`, or at the address that it has.
    fn serve_anew(&mut self, bound: Option<Bound>) -> Result<(), String> {
        let was_served = self.server.take().is_some();
        let Some(listen) = &self.config.status.listen else {
            if was_served {
                info!("the status is not served any more");
            }
            return Ok(());
        };
        let bound = match bound {
            Some(bound) => bound,
            None => bind(listen)?,
        };
        let view = view(&self.config, &self.engine, &self.client, &self.reloads, &self.hooks);
        let view = view.with_started(self.started);
        self.server = Some(bound.serve(view, &Handle::current()).map_err(|error| chain(&error))?);
        Ok(())
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

/// The nodes for the engine. One of which only the hook changes is not followed anew.
fn without_hooks(config: &Config) -> Vec<NodeConfig> {
    let mut nodes = config.nodes.clone();
    nodes.iter_mut().for_each(|node| node.hook = None);
    nodes
}

fn start(config: &Config) -> Result<(Client, Arc<Engine>), StartError> {
    let mut options = ld_zk::Options::default();
    options.read_only = true;
    let client = Client::new(&config.zookeeper, &config.secrets, options)?;
    let source = Arc::new(client.clone());
    let engine = Engine::builder(source).nodes(without_hooks(config)).settings(config.watcher.clone());
    let engine = pointers::with_loader(engine, config).start()?;
    Ok((client, Arc::new(engine)))
}

fn view(config: &Config, engine: &Arc<Engine>, client: &Client, reloads: &Reloads, hooks: &Hooks) -> View {
    let view = View::new(Arc::clone(engine), client.clone(), config, env!("CARGO_PKG_VERSION"));
    let view = view.with_reloads(reloads.clone()).with_hooks(hooks.runs());
    view.with_log_lines_dropped(ld_cli::log_lines_dropped)
}

fn bind(listen: &Listen) -> Result<Bound, String> {
    Bound::new(listen).map_err(|error| chain(&error))
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
