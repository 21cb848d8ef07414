//! The start of a client and an engine.

use std::sync::Arc;

use ld_config::{Config, NodeConfig};
use ld_fleet::host_name;
use ld_sync::{Counters, Engine};
use ld_zk::Client;
use tracing::warn;

use crate::pointers;

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

/// The nodes for the engine. One of which only the hook changes is not followed anew.
pub(crate) fn without_hooks(config: &Config) -> Vec<NodeConfig> {
    let mut nodes = config.nodes.clone();
    nodes.iter_mut().for_each(|node| node.hook = None);
    nodes
}

/// Opens the sessions, and starts the engine that follows the configured nodes in them.
pub(crate) fn start(config: &Config, counters: &Counters) -> Result<(Client, Arc<Engine>), StartError> {
    let mut options = ld_zk::Options::default();
    options.read_only = true;
    let client = Client::new(&config.zookeeper, &config.secrets, options)?;
    let source = Arc::new(client.clone());
    let engine = Engine::builder(source).nodes(without_hooks(config)).settings(config.watcher.clone());
    let engine = engine.publish(config.publish.clone()).counters(counters.clone());
    let engine = engine.hashes(config.fleet.report);
    let engine = match rollout_host(config) {
        Some(host) => engine.host(host),
        None => engine,
    };
    let engine = pointers::with_loader(engine, config).start()?;
    Ok((client, Arc::new(engine)))
}

/// The name of this host. A node that takes part in staged rollouts needs it, also one that comes
/// with a reload.
pub(crate) fn rollout_host(config: &Config) -> Option<String> {
    let is_needed = config.nodes.iter().any(|node| node.rollout);
    let host = host_name(&config.fleet).inspect_err(|error| {
        if is_needed {
            warn!("no rollout is followed: {error}");
        }
    });
    host.ok()
}
