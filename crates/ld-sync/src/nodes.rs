//! The nodes of one engine, which come and go while it runs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::stream::{self, Stream};
use ld_config::NodeConfig;
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use tokio::task::AbortHandle;

use crate::node::{Node, Outcomes, Shared, Task};
use crate::restart::restarting;
use crate::rollout::Watch;
use crate::rounds::Rounds;
use crate::source::Source;
use crate::status::{State, Status};

/// A pointer has at most so many bytes, far more than real ones.
const MAX_POINTER: usize = 4096;

/// All nodes, in the order of the configuration.
#[derive(Default)]
pub(crate) struct Nodes {
    members: Mutex<Vec<Member>>,
    pub(crate) outcomes: Arc<Outcomes>,
}

/// A node with its task.
pub(crate) struct Member {
    pub(crate) node: Arc<Node>,
    pub(crate) task: AbortHandle,
    /// Resolves when the task is gone.
    pub(crate) ended: oneshot::Receiver<()>,
}

/// Which nodes a new list of them adds, removes and changes, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeChanges {
    /// Nodes that were not followed before.
    pub added: Vec<String>,
    /// Nodes that are not followed any more. Their files stay.
    pub removed: Vec<String>,
    /// Nodes with other settings than before.
    pub changed: Vec<String>,
}

/// How many bytes of a node are read at most: `max_bytes` is about what a pointer points to.
pub(crate) fn read_limit(node: &NodeConfig) -> Option<usize> {
    node.guards.max_bytes.map(|most| most.max(MAX_POINTER))
}

/// Follows the states of all nodes; [`Engine::changes`](crate::Engine::changes) makes it.
#[derive(Debug)]
pub struct Changes {
    nodes: Arc<Nodes>,
    woken: watch::Receiver<()>,
    /// True once the engine was drained; closed once it was dropped.
    ended: watch::Receiver<bool>,
    /// The revision of each node that was returned last.
    told: HashMap<usize, u64>,
}

impl Member {
    /// Starts the task of one node. It is started again if it fails unexpectedly.
    pub(crate) fn start<S: Source>(
        runtime: &Handle,
        node: Arc<Node>,
        source: &Arc<S>,
        shared: &Arc<Shared>,
        rounds: &watch::Sender<Rounds>,
    ) -> Self {
        let (ends, ended) = oneshot::channel();
        let (followed, source, shared) = (Arc::clone(&node), Arc::clone(source), Arc::clone(shared));
        let rounds = rounds.clone();
        let task = runtime.spawn(async move {
            // Dropped last, also when the task is aborted.
            let _ends: oneshot::Sender<()> = ends;
            let start = async || {
                let watch = Watch::new(&*source, &followed.config, &shared.rollouts);
                Task::new(Arc::clone(&followed), Arc::clone(&shared), watch, rounds.subscribe()).run().await;
            };
            let failed = |error: &str| _ = followed.set_unhealthy(State::Failing, error);
            restarting(&format!("the task of nodes.{}", followed.config.name), start, failed).await;
        });
        Self { node, task: task.abort_handle(), ended }
    }
}

impl Nodes {
    pub(crate) fn all(&self) -> Vec<Arc<Node>> {
        self.lock().iter().map(|member| Arc::clone(&member.node)).collect()
    }

    pub(crate) fn named(&self, name: &str) -> Option<Arc<Node>> {
        let members = self.lock();
        let member = members.iter().find(|member| member.node.config.name == name);
        member.map(|member| Arc::clone(&member.node))
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Takes out the nodes that `wanted` does not have as they are. Returns them, and what `wanted`
    /// changes.
    pub(crate) fn take_outdated(&self, wanted: &[NodeConfig]) -> (Vec<Member>, NodeChanges) {
        let mut new: HashMap<&str, &NodeConfig> =
            wanted.iter().map(|config| (config.name.as_str(), config)).collect();
        let mut changes = NodeChanges::default();
        let is_outdated = |member: &mut Member| {
            let config = &member.node.config;
            match new.remove(config.name.as_str()) {
                Some(wanted) if wanted == config => return false,
                Some(_) => changes.changed.push(config.name.clone()),
                None => changes.removed.push(config.name.clone()),
            }
            true
        };
        let outdated = self.lock().extract_if(.., is_outdated).collect();
        let added = wanted.iter().filter(|config| new.contains_key(config.name.as_str()));
        changes.added = added.map(|config| config.name.clone()).collect();
        (outdated, changes)
    }

    /// Has the nodes that ask for signatures read again.
    pub(crate) fn ask_verified(&self) {
        let members = self.lock();
        let verified = members.iter().filter(|member| member.node.config.verify.is_some());
        verified.for_each(|member| member.node.asked.notify_one());
    }

    pub(crate) fn extend(&self, new: impl Iterator<Item = Member>) {
        let new: Vec<_> = new.collect();
        self.lock().extend(new);
    }

    /// Puts the nodes into the order of `wanted`.
    pub(crate) fn sort(&self, wanted: &[NodeConfig]) {
        let places: HashMap<&str, usize> =
            wanted.iter().map(|config| config.name.as_str()).zip(0..).collect();
        self.lock().sort_by_key(|member| places.get(member.node.config.name.as_str()).copied());
    }

    pub(crate) fn abort_tasks(&self) {
        self.lock().iter().for_each(|member| member.task.abort());
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Member>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Nodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nodes").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl Changes {
    pub(crate) fn new(nodes: Arc<Nodes>, ended: watch::Receiver<bool>) -> Self {
        Self { woken: nodes.outcomes.changed(), nodes, ended, told: HashMap::new() }
    }

    /// Waits until the status of a node changes, and gives the status of each node that changed
    /// since the last call. The first call gives all nodes at once. What happened in between is
    /// skipped. A removed node is not returned again.
    ///
    /// `None` once the engine was drained or dropped and all changes before that were returned.
    ///
    /// Cancel-safe.
    pub async fn next(&mut self) -> Option<Vec<Status>> {
        loop {
            self.woken.borrow_and_update();
            // Checked first, so that the last changes before the end are returned.
            let has_ended = *self.ended.borrow() || self.ended.has_changed().is_err();
            let statuses = self.untold();
            if !statuses.is_empty() {
                return Some(statuses);
            }
            if has_ended {
                return None;
            }
            tokio::select! {
                // The sender is in the nodes that this holds, so this cannot fail.
                _ = self.woken.changed() => {}
                // This fails once the engine was dropped.
                _ = self.ended.changed() => {}
            }
        }
    }

    /// The same as a stream: each item is what [`next`](Self::next) returns, and the stream ends
    /// with the engine.
    ///
    /// ```no_run
    /// use futures_util::StreamExt;
    ///
    /// # async fn example(engine: ld_sync::Engine) {
    /// let mut states = engine.changes().into_stream();
    /// while let Some(nodes) = states.next().await {
    ///     println!("{} nodes changed", nodes.len());
    /// }
    /// # }
    /// ```
    pub fn into_stream(self) -> impl Stream<Item = Vec<Status>> + Send + Unpin + use<> {
        let next = async |mut changes: Self| changes.next().await.map(|statuses| (statuses, changes));
        Box::pin(stream::unfold(self, next))
    }

    fn untold(&mut self) -> Vec<Status> {
        let mut statuses = Vec::new();
        let mut told = HashMap::with_capacity(self.told.len());
        for node in self.nodes.all() {
            let (status, revision) = node.status_and_revision();
            if self.told.get(&node.index) != Some(&revision) {
                statuses.push(status);
            }
            told.insert(node.index, revision);
        }
        self.told = told;
        statuses
    }
}
