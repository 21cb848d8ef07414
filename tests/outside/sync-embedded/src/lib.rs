//! A service that keeps a file for each of its tenants, without a sidecar beside it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ld_sync::ld_config::{Format, NodeConfig, SecretsConfig, ZooKeeperConfig};
use ld_sync::ld_zk::{Client, Options};
use ld_sync::{Changes, Engine, Status};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The files of tenants.
pub struct Tenants {
    engine: Engine,
    client: Client,
    directory: PathBuf,
}

impl Tenants {
    /// Keeps the files in `directory` from now on.
    pub fn start(hosts: &str, directory: &Path, tenants: &[&str]) -> Result<Self, BoxError> {
        let zookeeper = ZooKeeperConfig::builder().hosts(hosts).build()?;
        let client = Client::new(&zookeeper, &SecretsConfig::default(), Options::default())?;
        let engine = Engine::builder(Arc::new(client.clone()))
            .nodes(nodes(directory, tenants)?)
            .heartbeat_interval(Duration::from_secs(60))
            .start()?;
        Ok(Self { engine, client, directory: directory.to_owned() })
    }

    /// Follows exactly these tenants from now on. The files of the others stay, and are named.
    pub async fn replace(&self, tenants: &[&str]) -> Result<Vec<String>, BoxError> {
        Ok(self.engine.set_nodes(nodes(&self.directory, tenants)?).await?.removed)
    }

    /// Follows the states of all tenants.
    pub fn changes(&self) -> Changes {
        self.engine.changes()
    }

    /// Ends the work on files, then the connection.
    pub async fn stop(self) -> bool {
        let drained = self.engine.drain(Duration::from_secs(5)).await;
        self.client.close(Duration::from_secs(5)).await;
        drained
    }
}

/// One line for the log.
pub fn describe(status: &Status) -> String {
    let reason = status.last_error.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
    format!("{}: {}{reason}", status.name, status.state.as_str())
}

fn nodes(directory: &Path, tenants: &[&str]) -> Result<Vec<NodeConfig>, BoxError> {
    let node = |tenant: &&str| {
        let dest = directory.join(format!("{tenant}.json"));
        NodeConfig::builder(*tenant, format!("/tenants/{tenant}"), dest).format(Format::Json).build()
    };
    Ok(tenants.iter().map(node).collect::<Result<_, _>>()?)
}
