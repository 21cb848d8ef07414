//! Live data configuration: INI text to typed settings, and the secrets that they name.

mod chain;
mod display;
mod environment;
mod fields;
mod hosts;
mod ini;
mod keys;
mod nodes;
mod parse;
mod problem;
mod secret;
mod secrets;
mod settings;
mod suggest;
mod timespan;
mod znode;

pub use chain::chain;
pub use environment::Environment;
pub use hosts::DEFAULT_PORT;
pub use keys::keys;
pub use parse::{MAX_CONFIG_BYTES, Parsed, Scope};
pub use problem::{ConfigError, MAX_PROBLEMS, Problem};
pub use secret::SecretValue;
pub use secrets::{MAX_SECRETS_BYTES, SecretsError, read_simple_secrets};
pub use settings::{
    Config, Host, MAX_ID, MAX_INTERVAL, MAX_MODE, MAX_NODE_BYTES, MAX_SESSION_TIMEOUT, MIN_INTERVAL,
    NodeConfig, Principal, SecretsConfig, SecretsProvider, WatcherConfig, ZooKeeperConfig,
};
pub use znode::MAX_ZNODE_PATH_BYTES;
