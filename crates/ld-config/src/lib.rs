//! Live data configuration: INI text to typed settings, and the secrets that they name.
//!
//! The dialect is that of Python's `RawConfigParser` with `$VAR` expansion, as baseplate.py's live
//! data watcher reads it. All errors of a file come at once, each with its line, its key and what
//! is allowed.
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
//! let wrong = text.replace("/features", "/..");
//! let error = Config::parse(wrong, "live-data.ini", &env, Scope::Watcher).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "live-data.ini:4: nodes.flags.source: '/../flags' is not a znode path: \
//!      '.' and '..' are not allowed"
//! );
//! # Ok::<(), ld_config::ConfigError>(())
//! ```
//!
//! The settings are plain structs that can be made without a file. [`Config::validate`] and its
//! siblings check them by the rules of the file, and [`Config`] prints itself as one:
//!
//! ```
//! use ld_config::{NodeConfig, validate_nodes};
//!
//! let mut node = NodeConfig::new("flags", "/features/flags", "/var/live-data/flags.json");
//! node.validate()?;
//! node.mode = 0o17777;
//! assert_eq!(
//!     validate_nodes(&[node]).unwrap_err().to_string(),
//!     "nodes.flags.mode: '17777' is not an octal file mode (allowed: 0 to 7777, such as 0400)"
//! );
//! # Ok::<(), ld_config::InvalidSetting>(())
//! ```
//!
//! The secrets of a configuration are read by [`read_secrets`], afresh at each call.
//!
//! # What it deliberately does not do
//!
//! - It asks neither the network nor the user database. Whether a host, a user, a directory or a
//!   secret exists shows where the setting is used, and is tried again there.
//! - It does not watch files and caches nothing.
//! - It writes no logs: warnings are values, for the binary to print.

mod builders;
mod chain;
mod destinations;
mod directories;
mod display;
mod environment;
mod error;
mod escape;
mod file;
mod hooks;
mod ini;
mod keys;
mod limits;
mod numbers;
mod parse;
mod problem;
mod problems;
mod quote;
mod secret;
mod secrets;
mod settings;
mod validate;
mod values;

pub use builders::{NodeBuilder, ZooKeeperBuilder};
pub use chain::chain;
pub use directories::{OpenDirectory, open_directory, who_may_change};
pub use environment::Environment;
pub use error::ConfigError;
pub use escape::{escape_hidden, escape_hidden_json, is_hidden};
pub use file::{BoundedFile, ReadFileError, other_writers, read_bounded_regular_file};
pub use keys::keys;
pub use limits::{
    DEFAULT_PORT, MAX_CONFIG_BYTES, MAX_HISTORY, MAX_HOOK_RETRIES, MAX_HOOK_TIMEOUT, MAX_HOST_NAME_BYTES,
    MAX_ID, MAX_INTERVAL, MAX_JITTER, MAX_LOADS, MAX_MODE, MAX_NODE_BYTES, MAX_OBJECT_BYTES,
    MAX_SECRETS_BYTES, MAX_SESSION_TIMEOUT, MAX_SETTLE, MAX_ZNODE_PATH_BYTES, MIN_HOOK_TIMEOUT, MIN_INTERVAL,
    MIN_SETTLE,
};
pub use numbers::{counted, with_commas};
pub use parse::{Parsed, Scope};
pub use problem::{NodeProblems, Problem, Severity};
pub use problems::MAX_PROBLEMS;
pub use secret::SecretValue;
pub use secrets::{ReadSecrets, SecretsError, read_secrets, read_simple_secrets};
pub use settings::{
    CommandLine, Config, FleetConfig, Format, Guards, Hook, HookSignal, Host, Listen, NodeConfig, OnDelete,
    OnDrift, Principal, PublishConfig, S3Config, SecretsConfig, SecretsProvider, SignalTarget, StatusConfig,
    TlsConfig, TlsIdentity, WatcherConfig, ZooKeeperConfig,
};
pub use validate::{InvalidSetting, validate_nodes};
pub use values::host_name::is_host_name;
pub use values::timespan::parse_duration;
pub use values::znode::{ZnodePathError, znode_path};
pub use zeroize::Zeroizing;

/// The example in the README compiles and holds.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
