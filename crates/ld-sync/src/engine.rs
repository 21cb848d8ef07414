//! The engine: a task for each node, the rounds, and one view of the states of all nodes.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ld_blocking::Spawner;
use ld_config::{NodeConfig, WatcherConfig};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{debug, info};

use crate::disk::Disks;
use crate::error::StartError;
use crate::node::{HeldContent, Node, Shared, Task};
use crate::prepare::prepare_directories;
use crate::restart::restarting;
use crate::rounds::{Rounds, drift, heartbeat, outage};
use crate::source::Source;
use crate::status::{State, Status};
use crate::users::Users;
use ld_guard::Checks;

/// Keeps files equal to nodes for as long as it lives. Dropping it ends all of its tasks at once and kills the checks
/// that run; a write in hand still ends by itself, and the rename makes even that safe to lose.
pub struct Engine {
    nodes: Arc<[Arc<Node>]>,
    shared: Arc<Shared>,
    tasks: Mutex<JoinSet<()>>,
    /// Nodes without a first outcome.
    unsettled: Arc<watch::Sender<usize>>,
    ended: watch::Sender<Option<String>>,
    connection_error: Box<dyn Fn() -> Option<String> + Send + Sync>,
}

impl Engine {
    /// Starts to follow `nodes` on the current tokio runtime and returns at once.
    ///
    /// Files of nodes that cannot be read yet stay as they are. Temporary files that a killed process left behind
    /// are removed meanwhile.
    ///
    /// # Errors
    ///
    /// A setting cannot be used, two nodes have one destination, or the system refuses the thread for file work that
    /// every engine needs.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with time.
    pub fn start<S: Source>(
        source: Arc<S>,
        nodes: Vec<NodeConfig>,
        settings: WatcherConfig,
    ) -> Result<Self, StartError> {
        Self::start_on(Spawner::Threads, source, nodes, settings)
    }

    /// The same with the blocking work on `spawner`.
    pub(crate) fn start_on<S: Source>(
        spawner: Spawner,
        source: Arc<S>,
        nodes: Vec<NodeConfig>,
        settings: WatcherConfig,
    ) -> Result<Self, StartError> {
        settings.validate()?;
        ld_config::validate_nodes(&nodes)?;
        spawner.spawn("ld-start", || ()).map_err(StartError::NoThread)?;
        if nodes.is_empty() {
            info!("no nodes are configured: nothing to do");
        }
        debug!("{} nodes are followed in {}", nodes.len(), source.description());
        let unsettled = Arc::new(watch::Sender::new(nodes.len()));
        let node = |(index, config)| Arc::new(Node::new(index, config, Arc::clone(&unsettled)));
        let nodes: Arc<[Arc<Node>]> = nodes.into_iter().enumerate().map(node).collect();
        let shared = Arc::new(Shared {
            disks: Disks::new(spawner),
            users: Users::new(spawner),
            held: HeldContent::default(),
            checks: Checks::default(),
            source: source.description(),
        });
        let engine = Self {
            tasks: Mutex::default(),
            unsettled,
            ended: watch::Sender::new(None),
            connection_error: Box::new({
                let source = Arc::clone(&source);
                move || source.connection_error()
            }),
            nodes,
            shared,
        };
        engine.spawn_tasks(&source, &settings);
        Ok(engine)
    }

    /// The state of every node, in the order of the configuration.
    pub fn status(&self) -> Vec<Status> {
        let connection_error = (self.connection_error)();
        self.nodes.iter().map(|node| node.status(connection_error.as_deref())).collect()
    }

    /// Waits until the first outcome of every node is known: good or bad. It waits for ZooKeeper without a limit, so
    /// bound it. Cancel-safe; any number of tasks may wait, again and again.
    pub async fn settled(&self) {
        // The sender is this engine's own, so that an error cannot come.
        let _ = self.unsettled.subscribe().wait_for(|unsettled| *unsettled == 0).await;
    }

    /// Waits until the engine has ended, and tells why: only [`drain`](Self::drain) ends it, since a task that fails
    /// unexpectedly is started again. Cancel-safe.
    pub async fn ended(&self) -> String {
        let mut ended = self.ended.subscribe();
        let reason = ended.wait_for(Option::is_some).await;
        reason.ok().and_then(|reason| reason.clone()).unwrap_or_default()
    }

    /// Ends the tasks, begins no more writes and checks, kills the checks that run, and waits for the end of the
    /// writes in hand, at most `limit`. Returns whether all of it ended.
    pub async fn drain(&self, limit: Duration) -> bool {
        self.tasks().abort_all();
        self.ended.send_replace(Some("the engine was drained".to_owned()));
        let written = timeout(limit, self.shared.disks.drain());
        let (checked, written) = tokio::join!(self.shared.checks.end(limit), written);
        checked && written.is_ok()
    }

    fn spawn_tasks<S: Source>(&self, source: &Arc<S>, settings: &WatcherConfig) {
        let (rounds, _) = watch::channel(Rounds::default());
        let mut tasks = self.tasks();
        let prepare = prepare_directories(Arc::clone(&self.shared), Arc::clone(&self.nodes));
        tasks.spawn(prepare);
        for node in self.nodes.iter() {
            let (node, shared, source) = (Arc::clone(node), Arc::clone(&self.shared), Arc::clone(source));
            let rounds = rounds.clone();
            tasks.spawn(async move {
                let start = async || {
                    let watch = source.watch(&node.config.source);
                    Task::new(Arc::clone(&node), Arc::clone(&shared), watch, rounds.subscribe()).run().await;
                };
                let failed = |error: &str| _ = node.set_unhealthy(State::Failing, error);
                restarting(&format!("the task of nodes.{}", node.config.name), start, failed).await;
            });
        }
        let beat = {
            let (source, rounds, interval) =
                (Arc::clone(source), rounds.clone(), settings.heartbeat_interval);
            move || heartbeat::run(Arc::clone(&source), rounds.clone(), interval)
        };
        let search = {
            let (shared, interval) = (Arc::clone(&self.shared), settings.drift_interval);
            move || drift::run(Arc::clone(&shared), rounds.clone(), interval)
        };
        let watch_outages = {
            let (source, nodes) = (Arc::clone(source), Arc::clone(&self.nodes));
            move || outage::run(Arc::clone(&source), Arc::clone(&nodes))
        };
        spawn_round(&mut tasks, "the heartbeat", beat);
        spawn_round(&mut tasks, "the search for drift", search);
        spawn_round(&mut tasks, "the report of outages", watch_outages);
    }

    fn tasks(&self) -> std::sync::MutexGuard<'_, JoinSet<()>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn spawn_round<F>(tasks: &mut JoinSet<()>, name: &'static str, run: impl FnMut() -> F + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    tasks.spawn(async move { restarting(name, run, |_| ()).await });
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("nodes", &self.nodes.len()).finish_non_exhaustive()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.tasks().abort_all();
        self.shared.checks.kill();
    }
}
