//! The CONFIG argument of both binaries.

use std::io;
use std::path::Path;

use ld_config::{Config, ConfigError, Environment, Parsed, Scope, ZooKeeperConfig, chain};
use tracing::{error, warn};

use crate::exit::Exit;

/// Reads the configuration at `path`, or standard input for `-`, with the environment of the
/// process; logs its warnings, or all of its errors.
///
/// # Errors
///
/// [`Exit::Usage`] if it cannot be opened, [`Exit::Failed`] if it is wrong. Both are logged
/// already.
pub fn read_config(path: &Path, scope: Scope) -> Result<Config, Exit> {
    match parse_config(path, scope) {
        Ok(parsed) => {
            for warning in &parsed.warnings {
                warn!("{warning}");
            }
            Ok(parsed.config)
        }
        Err(error) => {
            match &error {
                ConfigError::Invalid { errors, warnings, .. } => {
                    warnings.iter().for_each(|problem| warn!("{problem}"));
                    errors.iter().for_each(|problem| error!("{problem}"));
                }
                error => error!("{}", chain(error)),
            }
            Err(if is_unopenable(&error) { Exit::Usage } else { Exit::Failed })
        }
    }
}

/// Reads the configuration in the same way, and logs nothing.
///
/// # Errors
///
/// As [`Config::read`].
pub fn parse_config(path: &Path, scope: Scope) -> Result<Parsed, ConfigError> {
    let environment = Environment::of_process();
    if path == Path::new("-") {
        Config::from_reader(io::stdin().lock(), "<stdin>", &environment, scope)
    } else {
        Config::read(path, &environment, scope)
    }
}

/// The ensemble as the configuration names it, in one word: `zk1:2181,zk2:2181/chroot`.
pub fn ensemble(config: &ZooKeeperConfig) -> String {
    let hosts: Vec<_> = config.hosts.iter().map(ToString::to_string).collect();
    format!("{}{}", hosts.join(","), config.chroot)
}

/// Whether the argument names nothing that can be opened as a file. A directory opens and cannot be
/// read; Python's `open`, and so the original, refuses it.
pub fn is_unopenable(error: &ConfigError) -> bool {
    match error {
        ConfigError::Unopenable { .. } => true,
        ConfigError::Unreadable { source, .. } => source.kind() == io::ErrorKind::IsADirectory,
        _ => false,
    }
}
