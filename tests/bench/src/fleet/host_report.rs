//! The report of one host, as its watcher keeps it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use ld_config::Config;
use ld_fleet::{NodeReport, NodeState, Report, Reporter};
use ld_sync::{Changes, Status};
use ld_zk::Client;
use tokio::sync::watch;

use ld_workspace::Failure;

/// Starts to report on the current runtime.
pub(super) fn start(
    client: Client,
    config: &Config,
    host: String,
    mut changes: Changes,
) -> Result<(), Failure> {
    let reporter = Reporter::new(client, config, &host).map_err(Failure::doing("cannot make a reporter"))?;
    let (sender, reports) = watch::channel(None);
    tokio::spawn(reporter.run(reports));
    tokio::spawn(async move {
        let mut nodes = BTreeMap::new();
        while let Some(statuses) = changes.next().await {
            nodes.extend(statuses.into_iter().map(|status| (status.name.clone(), node(status))));
            let mut report = Report::new(host.clone(), "0.1.0", 1_764_433_000);
            report.nodes = nodes.values().cloned().collect();
            sender.send_replace(Some(Arc::new(report)));
        }
    });
    Ok(())
}

fn node(status: Status) -> NodeReport {
    let since = status.since.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let mut node = NodeReport::new(status.source, NodeState::from(status.state), since);
    (node.mzxid, node.hash) = (status.mzxid, status.hash);
    node
}
