//! Live data configuration: INI text to typed settings, and the secrets that they name.
//!
//! The dialect is that of Python's `RawConfigParser` with `$VAR` expansion, as baseplate.py's live data watcher reads it.
//! All errors of a file come at once, each with its line, its key and what is allowed.
//!
//! ```
//! use ld_config::{Config, Environment, Scope};
//!
//! let text = "
//! [live-data]
//! zookeeper.hosts = zk01:2181,zk02:2181/production
//! nodes.flags.source = /features/flags
//! nodes.flags.dest = $ROOT/flags.json
//! ";
//! let env: Environment = [("ROOT", "/var/live-data")].into_iter().collect();
//!
//! let parsed = Config::parse(text, "live-data.ini", &env, Scope::Watcher)?;
//! assert_eq!(parsed.config.zookeeper.chroot, "/production");
//! assert_eq!(parsed.config.nodes[0].dest.to_str(), Some("/var/live-data/flags.json"));
//!
//! let wrong = text.replace("/features", "/features/..");
//! let error = Config::parse(wrong, "live-data.ini", &env, Scope::Watcher).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "live-data.ini:4: nodes.flags.source: '/features/../flags' is no znode path: '.' and '..' are not allowed"
//! );
//! # Ok::<(), ld_config::ConfigError>(())
//! ```
//!
//! The settings are plain structs that can be made without a file: [`Config`] prints itself as one. The secrets of a
//! configuration are read by [`read_simple_secrets`], afresh at each call.
//!
//! # What it deliberately does not do
//!
//! - It asks neither the network nor the user database: whether a host, a user, a directory or a secret exists is found
//!   out by whoever uses the setting, and tried again there.
//! - It does not watch files and caches nothing.
//! - It writes no logs: warnings are values, for the binary to print.

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
mod tls;
mod znode;

pub use chain::chain;
pub use environment::Environment;
pub use hosts::DEFAULT_PORT;
pub use keys::keys;
pub use nodes::is_plain_path;
pub use parse::{MAX_CONFIG_BYTES, Parsed, Scope};
pub use problem::{ConfigError, MAX_PROBLEMS, Problem};
pub use secret::SecretValue;
pub use secrets::{MAX_SECRETS_BYTES, SecretsError, read_simple_secrets};
pub use settings::{
    Config, Format, Guards, Host, MAX_ID, MAX_INTERVAL, MAX_JITTER, MAX_MODE, MAX_NODE_BYTES,
    MAX_SESSION_TIMEOUT, MIN_INTERVAL, NodeConfig, OnDelete, OnDrift, Principal, SecretsConfig,
    SecretsProvider, TlsConfig, TlsIdentity, WatcherConfig, ZooKeeperConfig,
};
pub use znode::{MAX_ZNODE_PATH_BYTES, ZnodePathError, znode_path};

/// The example in the README compiles and holds.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
