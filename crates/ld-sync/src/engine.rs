//! The engine: a task for each node, the rounds, and one view of the states of all nodes.

mod background;
mod options;

use std::collections::HashSet;
use std::fmt;
use std::hash::RandomState;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ld_blocking::Spawner;
use ld_config::{InvalidSetting, NodeConfig, WatcherConfig};
use ld_file::{Disks, Users};
use ld_guard::Checks;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{debug, info};

use crate::error::StartError;
use crate::hashing::Hashing;
use crate::node::{HeldContent, Node, Shared};
pub(crate) use options::Options;

use crate::nodes::{Changes, Member, NodeChanges, Nodes};
use crate::prepare::prepare_directories;
use crate::rollout::Rollouts;
use crate::rounds::{Rivals, Rounds};
use crate::source::Source;
use crate::status::Status;

/// Keeps files equal to nodes for as long as it lives. Dropping it ends all of its tasks at once
/// and kills the checks that run; a write in progress still ends by itself, and because of the
/// rename it would be safe to lose.
pub struct Engine {
    nodes: Arc<Nodes>,
    shared: Arc<Shared>,
    /// The rounds, and what else serves all nodes.
    tasks: Mutex<JoinSet<()>>,
    /// Held by each task that prepares directories.
    preparing: watch::Sender<()>,
    /// Starts the task of a node.
    follow: Box<dyn Fn(Arc<Node>) -> Member + Send + Sync>,
    /// The number of the next node.
    next_index: AtomicUsize,
    ended: watch::Sender<bool>,
    connection_error: Box<dyn Fn() -> Option<String> + Send + Sync>,
}

impl Engine {
    /// Starts to follow `nodes` on the current tokio runtime and returns at once.
    ///
    /// Files of nodes that cannot be read yet stay as they are. Temporary files that a killed
    /// process left behind are removed meanwhile.
    ///
    /// # Errors
    ///
    /// A setting cannot be used, two nodes have one destination, there is no tokio runtime, or the
    /// system refuses the thread for file work that every engine needs.
    ///
    /// # Panics
    ///
    /// On a tokio runtime without time.
    pub fn start<S: Source>(
        source: Arc<S>,
        nodes: Vec<NodeConfig>,
        settings: WatcherConfig,
    ) -> Result<Self, StartError> {
        Self::start_on(Spawner::Threads, source, nodes, settings, Options::default())
    }

    /// The same with the blocking work on `spawner`, and what is optional.
    pub(crate) fn start_on<S: Source>(
        spawner: Spawner,
        source: Arc<S>,
        nodes: Vec<NodeConfig>,
        settings: WatcherConfig,
        Options { loader, publish, host, counters, hashes }: Options,
    ) -> Result<Self, StartError> {
        settings.validate()?;
        publish.validate()?;
        ld_config::validate_nodes(&nodes)?;
        let runtime = Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        spawner.spawn("ld-start", || ()).map_err(StartError::NoThread)?;
        if nodes.is_empty() {
            info!("no nodes are configured: nothing to do");
        }
        debug!("{} nodes are followed in {}", nodes.len(), source.description());
        let shared = Arc::new(Shared {
            disks: Disks::new(spawner),
            users: Users::new(spawner),
            held: HeldContent::default(),
            checks: Checks::default(),
            shows_hashes: hashes,
            loader,
            rollouts: Rollouts { publish, host, hashing: Hashing::new(spawner) },
            counters,
            pointer_key: RandomState::new(),
            rivals: Rivals::new(spawner),
            source: source.description(),
            chroot: source.chroot().to_owned(),
            spawner,
            sandbox: settings.sandbox,
        });
        let (rounds, _) = watch::channel(Rounds::default());
        let engine = Self {
            nodes: Arc::default(),
            tasks: Mutex::default(),
            preparing: watch::Sender::default(),
            follow: Box::new({
                let (source, shared, rounds) = (Arc::clone(&source), Arc::clone(&shared), rounds.clone());
                move |node| Member::start(&runtime, node, &source, &shared, &rounds)
            }),
            next_index: AtomicUsize::new(0),
            ended: watch::Sender::new(false),
            connection_error: Box::new({
                let source = Arc::clone(&source);
                move || source.connection_error()
            }),
            shared,
        };
        engine.start_rounds(&source, &rounds, &settings);
        engine.add(nodes.iter());
        Ok(engine)
    }

    /// Follows exactly these nodes from now on, in this order. Nodes that stay as they are go on
    /// without a pause. The files of removed nodes stay. A changed node is followed anew. A node
    /// that asks for signatures is read again, since its public keys may be others.
    ///
    /// Not cancel-safe: dropping the future may leave changed and added nodes out.
    ///
    /// # Errors
    ///
    /// A setting cannot be used, or two nodes have one destination: nothing is changed then.
    pub async fn set_nodes(&self, nodes: Vec<NodeConfig>) -> Result<NodeChanges, InvalidSetting> {
        ld_config::validate_nodes(&nodes)?;
        let (outdated, changes) = self.nodes.take_outdated(&nodes);
        for member in outdated {
            member.task.abort();
            member.node.abandon();
            // Once the task is gone it cannot interfere with its successor.
            let _ = member.ended.await;
        }
        self.nodes.ask_verified();
        let is_new: HashSet<&String> = changes.added.iter().chain(&changes.changed).collect();
        self.add(nodes.iter().filter(|config| is_new.contains(&config.name)));
        self.nodes.sort(&nodes);
        Ok(changes)
    }

    /// The state of every node, in the order of the configuration.
    pub fn status(&self) -> Vec<Status> {
        self.statuses().collect()
    }

    /// The same one by one, for programs with many nodes: each status is made on request.
    pub fn statuses(&self) -> impl Iterator<Item = Status> + use<> {
        let connection_error = (self.connection_error)();
        self.nodes.all().into_iter().map(move |node| node.status(connection_error.as_deref()))
    }

    /// The state of the node `name`; `None` if there is no such node.
    pub fn node(&self, name: &str) -> Option<Status> {
        Some(self.nodes.named(name)?.status((self.connection_error)().as_deref()))
    }

    /// Follows the states of all nodes until the engine is drained or dropped. A lost connection
    /// changes the state of no node, so it does not show here.
    pub fn changes(&self) -> Changes {
        Changes::new(Arc::clone(&self.nodes), self.ended.subscribe())
    }

    /// Waits until the first outcome of every node is known: good or bad. It waits for ZooKeeper
    /// without a limit, so bound it. Cancel-safe; any number of tasks may wait, again and again.
    pub async fn settled(&self) {
        self.nodes.outcomes.settled().await;
    }

    /// Waits until the directories of all destinations, and the check programs, were looked at:
    /// what is to be said of them is in the log. Bound it: a file system that hangs takes 10 s and
    /// more.
    /// Cancel-safe.
    pub async fn prepared(&self) {
        self.preparing.closed().await;
    }

    /// Waits until the engine has ended, and tells why: only [`drain`](Self::drain) ends it, since
    /// a task that fails unexpectedly is started again. Cancel-safe.
    pub async fn ended(&self) -> String {
        // The sender is the engine's own, so this cannot fail.
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
        "the engine was drained".to_owned()
    }

    /// Ends the tasks, begins no more writes and checks, kills the checks that run, and waits for
    /// the end of the writes in progress, `limit` at most. Returns whether all of it ended.
    pub async fn drain(&self, limit: Duration) -> bool {
        self.abort_tasks();
        self.ended.send_replace(true);
        let written = timeout(limit, self.shared.disks.drain());
        let (checked, written) = tokio::join!(self.shared.checks.end(limit), written);
        checked && written.is_ok()
    }

    /// Follows nodes that are not followed yet.
    fn add<'a>(&self, configs: impl Iterator<Item = &'a NodeConfig>) {
        let node = |config: &NodeConfig| {
            let index = self.next_index.fetch_add(1, Ordering::Relaxed);
            Arc::new(Node::new(index, config.clone(), Arc::clone(&self.nodes.outcomes)))
        };
        let nodes: Vec<_> = configs.map(node).collect();
        let mut tasks = self.tasks();
        // Forget the tasks that have ended.
        while tasks.try_join_next().is_some() {}
        let preparing = self.preparing.subscribe();
        tasks.spawn(prepare_directories(Arc::clone(&self.shared), nodes.clone(), preparing));
        self.nodes.extend(nodes.into_iter().map(&self.follow));
    }

    fn abort_tasks(&self) {
        self.tasks().abort_all();
        self.nodes.abort_tasks();
    }

    fn tasks(&self) -> std::sync::MutexGuard<'_, JoinSet<()>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("nodes", &self.nodes.len()).finish_non_exhaustive()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.abort_tasks();
        self.shared.checks.kill();
    }
}
