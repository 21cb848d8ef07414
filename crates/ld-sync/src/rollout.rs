//! Which watch a node has: a plain one, or with `rollout` that of a staged rollout.

mod watch;

use std::sync::Arc;

use ld_config::{NodeConfig, PublishConfig};
use ld_fleet::{MAX_PLAN_BYTES, ROLLOUTS};
use ld_zk::Reading;
use tracing::warn;

use crate::nodes::read_limit;
use crate::source::{NodeSource, Source};
use watch::RolloutWatch;

/// What nodes with `rollout` need beside their own settings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rollouts {
    /// Where plans lie.
    pub(crate) publish: PublishConfig,
    /// The name of this host, by which shares choose. Without one it gets no candidates.
    pub(crate) host: Option<Arc<str>>,
}

/// The watch of one configured node.
pub(crate) enum Watch<W> {
    /// Without `rollout`.
    Plain(W),
    Rollout(Box<RolloutWatch<W>>),
}

impl<W: NodeSource> Watch<W> {
    pub(crate) fn new<S: Source<Node = W>>(source: &S, config: &NodeConfig, rollouts: &Rollouts) -> Self {
        let (path, limit) = (config.source.as_str(), read_limit(config));
        let plan = rollouts.publish.place_of(ROLLOUTS, path);
        let candidate = format!("{plan}/candidate");
        match &rollouts.host {
            Some(_) if config.rollout && ld_config::znode_path(&candidate).is_err() => {
                let name = &config.name;
                warn!(node = name, "nodes.{name}: its path is too long for rollouts, and none is followed");
                Self::Plain(source.watch(path, limit))
            }
            Some(host) if config.rollout => {
                let nodes = [(path, limit), (&*plan, Some(MAX_PLAN_BYTES)), (&*candidate, limit)];
                let watches = source.watch_together(nodes);
                Self::Rollout(Box::new(RolloutWatch::new(watches, config, Arc::clone(host))))
            }
            _ => Self::Plain(source.watch(path, limit)),
        }
    }
}

impl<W: NodeSource> NodeSource for Watch<W> {
    async fn changed(&mut self) {
        match self {
            Self::Plain(node) => node.changed().await,
            Self::Rollout(node) => Box::pin(node.changed()).await,
        }
    }

    async fn read(&mut self) -> Reading {
        match self {
            Self::Plain(node) => node.read().await,
            Self::Rollout(node) => Box::pin(node.read()).await,
        }
    }

    fn refresh(&mut self) {
        match self {
            Self::Plain(node) => node.refresh(),
            Self::Rollout(node) => node.refresh(),
        }
    }

    fn release(&mut self) {
        match self {
            Self::Plain(node) => node.release(),
            Self::Rollout(node) => node.release(),
        }
    }

    fn beside(&self, path: &str, max_bytes: usize) -> Option<Self> {
        let node = match self {
            Self::Plain(node) => node,
            Self::Rollout(node) => node.stable(),
        };
        node.beside(path, max_bytes).map(Self::Plain)
    }

    fn is_candidate(&self) -> bool {
        matches!(self, Self::Rollout(node) if node.is_candidate())
    }
}
