//! The CONFIG argument of both binaries.

use std::io;
use std::path::Path;

use ld_config::{
    Config, ConfigError, Environment, Parsed, Scope, ZooKeeperConfig, chain, counted, znode_path,
};
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
    read_parsed_config(path, scope).map(|parsed| parsed.config)
}

/// Reads the configuration at `path` for writing the node at the znode path `dest`. Its nodes are
/// those with that source.
///
/// # Errors
///
/// As [`read_config`], and [`Exit::Failed`] if the guards of that node cannot be known. Mistakes in
/// other nodes, and in other settings of that node, are no errors: a watcher reports them.
pub fn read_config_to_write(path: &Path, dest: &str) -> Result<Config, Exit> {
    config_to_write(read_parsed_config(path, Scope::Writer)?, &[dest])
}

/// The same for a configuration that was read already, and for several nodes that are written
/// together.
///
/// # Errors
///
/// [`Exit::Failed`] if the guards of one of these nodes cannot be known.
pub fn config_to_write<D: AsRef<str>>(parsed: Parsed, dests: &[D]) -> Result<Config, Exit> {
    let Parsed { mut config, node_problems, .. } = parsed;
    // A path that cannot be one is reported where it is used.
    let dests: Vec<String> = dests.iter().map(|dest| znode_path(dest.as_ref()).unwrap_or_default()).collect();
    let mut unknown = None;
    for problems in node_problems {
        if problems.source.is_empty() {
            for problem in &problems.errors {
                warn!("{problem}; guards of this node are not applied, since its source is not known");
            }
        } else if dests.contains(&problems.source) {
            problems.warnings.iter().for_each(|problem| warn!("{problem}"));
            problems.errors.iter().for_each(|problem| error!("{problem}"));
            if !problems.errors.is_empty() {
                unknown = Some(problems.source);
            }
        }
    }
    if let Some(dest) = unknown {
        error!("nothing was written: the guards of {dest} cannot be read");
        return Err(Exit::Failed);
    }
    config.nodes.retain(|node| dests.contains(&node.source));
    Ok(config)
}

/// Reads the configuration as [`read_config`] does. The result also tells which values have
/// variables.
///
/// # Errors
///
/// As [`read_config`].
pub fn read_parsed_config(path: &Path, scope: Scope) -> Result<Parsed, Exit> {
    match parse_config(path, scope) {
        Ok(parsed) => {
            for warning in &parsed.warnings {
                warn!("{warning}");
            }
            Ok(parsed)
        }
        Err(error) => {
            log_config_error(path, &error);
            Err(if is_unopenable(&error) { Exit::Usage } else { Exit::Failed })
        }
    }
}

/// Logs why the configuration at `path` cannot be used.
pub fn log_config_error(path: &Path, error: &ConfigError) {
    let ConfigError::Invalid { errors, warnings, .. } = error else { return error!("{}", chain(error)) };
    warnings.iter().for_each(|problem| warn!("{problem}"));
    errors.iter().for_each(|problem| error!("{problem}"));
    error!("'{}' cannot be used: {}", path.display(), counted(errors.len() as u64, "error"));
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
