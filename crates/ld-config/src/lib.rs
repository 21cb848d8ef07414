//! Live data configuration: INI text to typed settings, and the secrets that they name.

mod secret;
mod secrets;
mod settings;

pub use secret::SecretValue;
pub use secrets::{SecretsError, read_simple_secrets};
pub use settings::{
    Config, Host, NodeConfig, Principal, SecretsConfig, SecretsProvider, WatcherConfig, ZooKeeperConfig,
};
