//! Which watch a node has: a plain one, or with `rollout` that of a staged rollout.

mod choice;
mod directory;
mod offer;
mod watch;

use std::sync::Arc;

use ld_config::{NodeConfig, PublishConfig};
use ld_fleet::{MAX_PLAN_BYTES, ROLLOUTS, candidate_of};
use ld_zk::Reading;
use tracing::warn;

use crate::hashing::Hashing;
use crate::nodes::read_limit;
use crate::source::{NodeSource, Source};
use watch::RolloutWatch;

/// What nodes with `rollout` need beside their own settings.
#[derive(Debug, Clone)]
pub(crate) struct Rollouts {
    /// Where plans lie.
    pub(crate) publish: PublishConfig,
    /// The name of this host, by which shares choose. Without one it gets no candidates.
    pub(crate) host: Option<Arc<str>>,
    /// How candidates are told from what else is written in their place.
    pub(crate) hashing: Hashing,
}

/// The watch of one configured node.
pub(crate) enum Watch<W> {
    /// Without `rollout`, or with a reason why none can be followed.
    Plain(W, Option<&'static str>),
    Rollout(Box<RolloutWatch<W>>),
}

impl<W: NodeSource> Watch<W> {
    pub(crate) fn new<S: Source<Node = W>>(source: &S, config: &NodeConfig, rollouts: &Rollouts) -> Self {
        let (path, limit) = (config.source.as_str(), read_limit(config));
        if !config.rollout {
            return Self::Plain(source.watch(path, limit), None);
        }
        let plan = rollouts.publish.place_of(ROLLOUTS, path);
        let candidate = candidate_of(&plan);
        let why = match &rollouts.host {
            None => "this host has no name that shares could choose by",
            Some(_) if ld_config::znode_path(&candidate).is_err() => "the path is too long for rollouts",
            Some(host) => {
                let nodes = [(path, limit), (&*plan, Some(MAX_PLAN_BYTES)), (&*candidate, limit)];
                let watches = source.watch_together(nodes);
                let directory = rollouts.publish.directory(ROLLOUTS);
                let (host, hashing) = (Arc::clone(host), rollouts.hashing.clone());
                let watch = RolloutWatch::new(watches, directory, config, host, hashing);
                return Self::Rollout(Box::new(watch));
            }
        };
        let name = &config.name;
        warn!(node = name, "nodes.{name}: no rollout is followed: {why}");
        Self::Plain(source.watch(path, limit), Some(why))
    }

    /// Whether what was last read may be taken back: then the counter of its signature does not
    /// keep what was there before from being applied again.
    pub(crate) fn is_candidate(&self) -> bool {
        matches!(self, Self::Rollout(node) if node.is_candidate())
    }

    /// Why this host follows no rollout of the node, as of the last reading, if it cannot although
    /// it is meant to.
    pub(crate) fn no_rollout(&self) -> Option<&str> {
        match self {
            Self::Plain(_, why) => *why,
            Self::Rollout(node) => node.no_rollout(),
        }
    }

    /// As [`NodeSource::changed`].
    pub(crate) async fn changed(&mut self) {
        match self {
            Self::Plain(node, _) => node.changed().await,
            Self::Rollout(node) => Box::pin(node.changed()).await,
        }
    }

    /// As [`NodeSource::read`].
    pub(crate) async fn read(&mut self) -> Reading {
        match self {
            Self::Plain(node, _) => node.read().await,
            Self::Rollout(node) => Box::pin(node.read()).await,
        }
    }

    /// As [`NodeSource::refresh`].
    pub(crate) fn refresh(&mut self) {
        match self {
            Self::Plain(node, _) => node.refresh(),
            Self::Rollout(node) => node.refresh(),
        }
    }

    /// As [`NodeSource::beside`].
    pub(crate) fn beside(&self, path: &str, max_bytes: usize) -> Option<W> {
        let node = match self {
            Self::Plain(node, _) => node,
            Self::Rollout(node) => node.stable(),
        };
        node.beside(path, max_bytes)
    }
}
