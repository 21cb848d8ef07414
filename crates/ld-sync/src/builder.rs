//! An [`Engine`] step by step.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ld_blocking::Spawner;
use ld_config::{NodeConfig, PublishConfig, WatcherConfig};

use crate::counters::Counters;
use crate::engine::{Engine, Options};
use crate::error::StartError;
use crate::loader::Loader;
use crate::source::Source;

/// Makes an [`Engine`]. What is not set keeps its default.
#[must_use = "nothing is followed before `start`"]
pub struct EngineBuilder<S> {
    source: Arc<S>,
    nodes: Vec<NodeConfig>,
    settings: WatcherConfig,
    options: Options,
}

impl Engine {
    /// Makes an engine that reads from `source`, usually an [`ld_zk::Client`].
    ///
    /// ```no_run
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// use ld_config::NodeConfig;
    /// use ld_sync::Engine;
    ///
    /// # fn example(client: ld_zk::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::builder(Arc::new(client))
    ///     .node(NodeConfig::builder("flags", "/app/flags", "/run/app/flags.json").build()?)
    ///     .heartbeat_interval(Duration::from_secs(60))
    ///     .start()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder<S: Source>(source: Arc<S>) -> EngineBuilder<S> {
        EngineBuilder {
            source,
            nodes: Vec::new(),
            settings: WatcherConfig::default(),
            options: Options::default(),
        }
    }
}

impl<S: Source> EngineBuilder<S> {
    /// Follows one more node.
    pub fn node(mut self, node: NodeConfig) -> Self {
        self.nodes.push(node);
        self
    }

    /// Follows more nodes.
    pub fn nodes(mut self, nodes: impl IntoIterator<Item = NodeConfig>) -> Self {
        self.nodes.extend(nodes);
        self
    }

    /// All settings of the watcher as a whole.
    pub fn settings(mut self, settings: WatcherConfig) -> Self {
        self.settings = settings;
        self
    }

    /// Loads what nodes point to. Without it, a pointer is an error of its node.
    pub fn loader(mut self, loader: Arc<dyn Loader>) -> Self {
        self.options.loader = Some(loader);
        self
    }

    /// Where signatures and the plans of staged rollouts are. It matters to nodes with
    /// [`verify`](ld_config::NodeConfig::verify) or [`rollout`](ld_config::NodeConfig::rollout).
    pub fn publish(mut self, publish: PublishConfig) -> Self {
        self.options.publish = publish;
        self
    }

    /// The counters of the signatures of what was applied, by an engine before this one.
    pub fn counters(mut self, counters: Counters) -> Self {
        self.options.counters = counters;
        self
    }

    /// Whether the engine makes a hash of each content, for [`Status::hash`](crate::Status::hash).
    pub fn hashes(mut self, hashes: bool) -> Self {
        self.options.hashes = hashes;
        self
    }

    /// The name of this host, by which staged rollouts choose hosts. Without it, nodes with
    /// [`rollout`](ld_config::NodeConfig::rollout) get no candidates.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.options.host = Some(host.into().into());
        self
    }

    /// How often the mtime of a current file is set to now.
    pub fn heartbeat_interval(mut self, interval: Duration) -> Self {
        self.settings.heartbeat_interval = interval;
        self
    }

    /// How often a file is compared with what was last written.
    pub fn drift_interval(mut self, interval: Duration) -> Self {
        self.settings.drift_interval = interval;
        self
    }

    /// How often the content of a file that another user owns is compared, though the file looks
    /// untouched; zero switches it off.
    pub fn content_interval(mut self, interval: Duration) -> Self {
        self.settings.content_interval = interval;
        self
    }

    /// Starts the engine and returns at once.
    ///
    /// # Errors
    ///
    /// As [`Engine::start`].
    ///
    /// # Panics
    ///
    /// As [`Engine::start`].
    pub fn start(self) -> Result<Engine, StartError> {
        let Self { source, nodes, settings, options } = self;
        Engine::start_on(Spawner::Threads, source, nodes, settings, options)
    }
}

impl<S: fmt::Debug> fmt::Debug for EngineBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, nodes, settings, options } = self;
        let mut shown = f.debug_struct("EngineBuilder");
        shown.field("source", source).field("nodes", nodes).field("settings", settings);
        shown
            .field("hashes", &options.hashes)
            .field("publish", &options.publish)
            .field("host", &options.host)
            .field("loader", &options.loader.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::rig::Rig;

    #[test]
    fn each_interval_has_its_own_setter() {
        let [heartbeat, drift, content] = [1, 2, 3].map(Duration::from_secs);
        let builder = Engine::builder(Arc::new(Rig::new().memory.clone()))
            .heartbeat_interval(heartbeat)
            .drift_interval(drift)
            .content_interval(content);
        let settings = builder.settings;
        let intervals = [settings.heartbeat_interval, settings.drift_interval, settings.content_interval];
        assert_eq!(intervals, [heartbeat, drift, content]);
    }
}
