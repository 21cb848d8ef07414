//! `check --connect`: what a watcher would do with each node, and whether it may report.

use std::time::Duration;

use ld_cli::Exit;
use ld_config::{Config, chain, escape_hidden};
use ld_sync::Preview;
use ld_zk::Client;
use serde_json::{Value, json};
use tokio::time::timeout;
use tracing::{error, info};

use crate::interrupt::Interrupt;
use crate::pointers;
use crate::starting::rollout_host;

/// How long the sessions may take to close.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// What a watcher that starts now would do.
#[derive(Default)]
pub(crate) struct Connected {
    pub(crate) nodes: Vec<Preview>,
    /// Why it could not report, with `fleet.report`.
    pub(crate) report_obstacle: Option<String>,
}

/// Asks ZooKeeper and this host about every node, within `limit` and until a signal comes. A
/// failure is logged already.
pub(crate) fn preview(config: &Config, limit: Duration) -> Result<Connected, Exit> {
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
        let report_obstacle = match (&previews, &name) {
            (Ok(_), None) if config.fleet.report => tokio::select! {
                asked = interrupt.asked() => {
                    name = Some(asked);
                    None
                }
                obstacle = report_obstacle(config, &client, limit) => obstacle,
            },
            _ => None,
        };
        client.close(CLOSE_LIMIT).await;
        if let Some(name) = name {
            info!("{name}: ending");
            return Err(Exit::Failed);
        }
        previews.map(|nodes| Connected { nodes, report_obstacle }).map_err(|cause| {
            error!("{}", chain(&cause));
            Exit::Unreachable
        })
    });
    runtime.shutdown_background();
    previews
}

/// Why this host could not report, found out within `limit`.
async fn report_obstacle(config: &Config, client: &Client, limit: Duration) -> Option<String> {
    let asked = async {
        let session = client.session().await.map_err(|cause| chain(&cause))?;
        ld_fleet::report_obstacle(&session, &config.publish).await.map_err(|cause| cause.to_string())
    };
    match timeout(limit, asked).await {
        Ok(Ok(obstacle)) => obstacle,
        Ok(Err(cause)) => Some(format!("not found out: {cause}")),
        Err(_) => Some("not found out in time".to_owned()),
    }
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
