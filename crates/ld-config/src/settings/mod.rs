//! The typed settings: plain structs with public fields, buildable without an INI file.

mod fleet;
mod hook;
mod node;
mod publish;
mod s3;
mod status;
mod zookeeper;

use std::path::PathBuf;
use std::time::Duration;

pub use fleet::FleetConfig;
pub use hook::{CommandLine, Hook, HookSignal, SignalTarget};
pub use node::{Format, Guards, NodeConfig, OnDelete, OnDrift, Principal};
pub use publish::PublishConfig;
pub use s3::S3Config;
pub use status::{Listen, StatusConfig};
pub use zookeeper::{Host, TlsConfig, TlsIdentity, ZooKeeperConfig};

/// Everything that one configuration file says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Config {
    /// Where ZooKeeper is and how to talk to it.
    pub zookeeper: ZooKeeperConfig,
    /// Where the secrets come from.
    pub secrets: SecretsConfig,
    /// What concerns the watcher as a whole.
    pub watcher: WatcherConfig,
    /// Limits on what nodes point to.
    pub s3: S3Config,
    /// Where the tools keep what belongs to a publication.
    pub publish: PublishConfig,
    /// What the watcher reports of itself.
    pub fleet: FleetConfig,
    /// Where the watcher shows its state.
    pub status: StatusConfig,
    /// The nodes to keep as files, in the order of the file.
    pub nodes: Vec<NodeConfig>,
}

/// Which layout the secrets have on disk (`secrets.provider`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SecretsProvider {
    /// One JSON file.
    #[default]
    Vault,
    /// A directory mounted by the Secrets Store CSI driver.
    VaultCsi,
}

/// Where the secrets come from (`secrets.*`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretsConfig {
    /// The file or directory.
    pub path: PathBuf,
    /// Its layout.
    pub provider: SecretsProvider,
}

impl SecretsConfig {
    /// Secrets from one JSON file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), ..Self::default() }
    }
}

impl Default for SecretsConfig {
    fn default() -> Self {
        Self { path: PathBuf::from("/var/local/secrets.json"), provider: SecretsProvider::Vault }
    }
}

/// What concerns the watcher as a whole (`watcher.*`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WatcherConfig {
    /// How often the mtime of a current file is set to now.
    pub heartbeat_interval: Duration,
    /// How often a file is compared with what was last written.
    pub drift_interval: Duration,
    /// How often the content of a file that belongs to another user is compared with what was
    /// written, though the file looks untouched. Zero: never.
    pub content_interval: Duration,
    /// Whether the watcher gives up, after its start, what its configuration does not need.
    pub sandbox: bool,
}

impl Default for WatcherConfig {
    fn default() -> Self {
        Self {
            heartbeat_interval: Duration::from_secs(300),
            drift_interval: Duration::from_secs(30),
            content_interval: Duration::from_secs(300),
            sandbox: false,
        }
    }
}
