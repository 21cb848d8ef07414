//! `check --connect`: what a watcher would do with each node.

use std::time::Duration;

use ld_cli::Exit;
use ld_config::{Config, chain, escape_hidden};
use ld_sync::Preview;
use ld_zk::Client;
use serde_json::{Value, json};
use tracing::{error, info};

use crate::interrupt::Interrupt;
use crate::pointers;
use crate::starting::rollout_host;

/// How long the sessions may take to close.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// Asks ZooKeeper and this host about every node, within `limit` and until a signal comes. A
/// failure is logged already.
pub(crate) fn preview(config: &Config, limit: Duration) -> Result<Vec<Preview>, Exit> {
    let runtime = ld_cli::build_runtime()?;
    let previews = runtime.block_on(async {
        let mut interrupt = Interrupt::listen().map_err(crate::failed)?;
        let mut name = None;
        let mut options = ld_zk::Options::default();
        (options.read_only, options.session_wait) = (true, limit);
        let client = Client::new(&config.zookeeper, &config.secrets, options).map_err(crate::failed)?;
        let (loader, host) = (pointers::loader(config), rollout_host(config));
        let asked = async { name = Some(interrupt.asked().await) };
        let (nodes, publish) = (&config.nodes, &config.publish);
        let previews =
            ld_sync::preview(&client, nodes, publish, host.as_deref(), loader.as_deref(), limit, asked);
        let previews = previews.await;
        client.close(CLOSE_LIMIT).await;
        if let Some(name) = name {
            info!("{name}: ending");
            return Err(Exit::Failed);
        }
        previews.map_err(|cause| {
            error!("{}", chain(&cause));
            Exit::Unreachable
        })
    });
    runtime.shutdown_background();
    previews
}

/// The node as one line.
pub(crate) fn as_text(node: &Preview) -> String {
    let Preview { name, source, dest, .. } = node;
    let line = format!("nodes.{name}: {source} -> '{}': {node}", dest.display());
    // Names, paths and errors of others are part of it.
    format!("{}\n", escape_hidden(&line))
}

/// The node as an object.
pub(crate) fn as_json(node: &Preview) -> Value {
    json!({
        "name": node.name,
        "source": node.source,
        "dest": node.dest.display().to_string(),
        "outcome": node.outcome.as_str(),
        "good": node.outcome.is_good(),
        "mzxid": node.mzxid,
        "bytes": node.bytes,
        "acl": node.acl,
        "message": node.to_string(),
    })
}
