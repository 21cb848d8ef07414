//! The engine: one follower a node, one pool for the files, one view of how everything stands.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ld_config::{NodeConfig, WatcherConfig, chain};
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;
use tracing::{error, info, warn};

use crate::audit;
use crate::content::Holdings;
use crate::errand::Shared;
use crate::file::{self, Target};
use crate::guard::{CHECKS, Checks};
use crate::pool::FilePool;
use crate::record::Node;
use crate::scheduler::Scheduler;
use crate::settings::Settings;
use crate::source::Source;
use crate::status::Status;
use crate::woken::{Bell, Woken};

/// Keeps files equal to nodes for as long as it lives. Dropping it ends all of its tasks at once and kills the checks that run; a
/// write in hand still ends by itself, and the rename makes even that safe to lose.
pub struct Engine {
    nodes: Arc<[Arc<Node>]>,
    pool: FilePool,
    checks: Checks,
    settled: Arc<Semaphore>,
    supervisor: AbortHandle,
}

impl Engine {
    /// Starts to follow `nodes` on the current tokio runtime and returns at once.
    ///
    /// Files of nodes that cannot be read yet stay as they are. Temporary files that a killed process left
    /// behind are removed first.
    pub fn start<S: Source>(source: Arc<S>, nodes: Vec<NodeConfig>, settings: WatcherConfig) -> Self {
        let (woken, mut former) = (Arc::new(Woken::default()), None);
        let node = |(number, config)| {
            let settings = Settings::shared(config, &mut former);
            Arc::new(Node::new(config, settings, Bell::new(&woken, number)))
        };
        let nodes: Arc<[Arc<Node>]> = (0..).zip(&nodes).map(node).collect();
        let shared = Arc::new(Shared {
            pool: FilePool::new(nodes.clone()),
            holdings: Holdings::default(),
            settled: Arc::new(Semaphore::new(0)),
            turns: Semaphore::new(CHECKS),
            checks: Checks::default(),
        });
        let (pool, checks, settled) = (shared.pool.clone(), shared.checks.clone(), shared.settled.clone());
        let supervisor =
            tokio::spawn(supervise(source, nodes.clone(), woken, settings, shared)).abort_handle();
        Self { nodes, pool, checks, settled, supervisor }
    }

    /// How every node stands now, in the order of the configuration.
    pub fn status(&self) -> Vec<Status> {
        self.nodes.iter().map(|node| node.status()).collect()
    }

    /// Waits until the first outcome of every node is known: good or bad. It waits for ZooKeeper for ever, so
    /// bound it.
    pub async fn settled(&self) {
        for _ in 0..self.nodes.len() {
            match self.settled.acquire().await {
                Ok(permit) => permit.forget(),
                Err(_) => return,
            }
        }
    }

    /// Begins no more writes and checks, kills the checks that run, and waits for the end of what is in hand, at most `limit`. Returns
    /// whether all of it ended.
    pub async fn drain(&self, limit: Duration) -> bool {
        let (checked, written) = tokio::join!(self.checks.end(limit), self.pool.drain(limit));
        checked && written
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("nodes", &self.nodes.len()).finish_non_exhaustive()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.supervisor.abort();
        self.checks.kill();
    }
}

/// Cleans up after a killed predecessor and warns of directories that somebody else could use against us.
fn prepare(nodes: &[Arc<Node>]) {
    let swept = file::sweep(nodes.iter().map(|node| &node.target));
    for path in &swept.removed {
        info!("removed the stray temporary file '{}'", path.display());
    }
    for failure in &swept.failures {
        warn!("stray temporary files may be left: {}", chain(failure));
    }
    let mut places = HashMap::new();
    let mut warned = HashSet::new();
    for node in nodes {
        let Target { path, settings } = &node.target;
        let owner = settings.owner.as_ref();
        let place = (path.parent().map(Path::as_os_str), owner);
        let in_memory = places.entry(place).or_insert_with(|| {
            if let Some(warning) = file::inspect_directory(path, owner)
                && warned.insert(warning.path.clone())
            {
                warn!("{warning}");
            }
            file::is_in_memory(&node.target)
        });
        node.set_in_memory(*in_memory);
    }
}

/// Owns the followers of all nodes, so that ending it ends them.
async fn supervise<S: Source>(
    source: Arc<S>,
    nodes: Arc<[Arc<Node>]>,
    woken: Arc<Woken>,
    settings: WatcherConfig,
    shared: Arc<Shared>,
) {
    let swept = nodes.clone();
    if tokio::task::spawn_blocking(move || prepare(&swept)).await.is_err() {
        error!("preparing the destinations failed unexpectedly; please report this as a bug");
    }
    if nodes.is_empty() {
        info!("no nodes are configured: nothing to do");
    }
    let watches = nodes.iter().map(|node| source.watch(node.clone()));
    let (scheduler, roll_call) = Scheduler::new(nodes.clone(), watches, woken, shared);
    let followed = source.run_reader(scheduler.run());
    tokio::join!(followed, audit::run(source.clone(), nodes, settings, roll_call));
}
