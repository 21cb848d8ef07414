//! Settings that a program makes itself, as they come from its own command line or service
//! discovery.

use std::path::PathBuf;
use std::time::Duration;

use ld_config::{
    Format, InvalidSetting, NodeConfig, OnDelete, SecretValue, SecretsConfig, SecretsError, ZooKeeperConfig,
    read_secrets, validate_nodes,
};

/// How this program reaches ZooKeeper.
pub fn zookeeper(hosts: &str, credential: &str) -> Result<ZooKeeperConfig, InvalidSetting> {
    ZooKeeperConfig::builder()
        .hosts(hosts)
        .credential(credential)
        .timeout(Duration::from_secs(10))
        .max_node_bytes(500_000)
        .build()
}

/// One file for each name of a feature.
pub fn nodes(features: &[&str]) -> Result<Vec<NodeConfig>, InvalidSetting> {
    let nodes = features
        .iter()
        .map(|name| {
            NodeConfig::builder(*name, format!("/features/{name}"), format!("/run/app/{name}.json"))
                .mode(0o440)
                .group("app")
                .format(Format::Json)
                .max_bytes(200_000)
                .on_delete(OnDelete::Keep)
                .build()
        })
        .collect::<Result<Vec<_>, _>>()?;
    validate_nodes(&nodes)?;
    Ok(nodes)
}

/// The secrets of a store in Vault's JSON file, in the order of `paths`. Warnings go to `warn`.
pub fn secrets(
    store: impl Into<PathBuf>,
    paths: &[String],
    warn: impl FnMut(String),
) -> Result<Vec<SecretValue>, SecretsError> {
    let config = SecretsConfig::new(store);
    let read = read_secrets(&config, paths);
    read.warnings.into_iter().for_each(warn);
    read.secrets.into_iter().collect()
}
