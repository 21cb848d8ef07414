//! From the bytes of a file to a checked [`Config`].

mod apply;
mod group;
mod guarded;
mod hooks;
mod literal;
mod nodes;
mod scope;
mod section;
mod suggest;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::directories::{open_directory, who_may_change};
use crate::environment::Environment;
use crate::error::ConfigError;
use crate::file;
use crate::ini;
use crate::keys::NODE_PREFIX;
use crate::limits::MAX_CONFIG_BYTES;
use crate::problem::{NodeProblems, Position, Problem};
use crate::problems::Problems;
use crate::settings::{Config, SecretsProvider};
pub use scope::Scope;

/// A configuration, and what should be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parsed {
    /// The settings, checked.
    pub config: Config,
    /// What works but is hardly meant, in the order of the file.
    pub warnings: Vec<Problem>,
    /// What is wrong with single nodes, in the order of the file. Only [`Scope::Writer`] has any:
    /// with [`Scope::Watcher`] they are errors and warnings of the file.
    pub node_problems: Vec<NodeProblems>,
    /// The values in which variables were replaced, as the file has them, by key. What a variable
    /// stands for may be a secret: show these instead.
    pub written: HashMap<String, String>,
    /// Where the keys that name a trusted file stand.
    places: HashMap<String, Position>,
}

impl Parsed {
    /// Looks at the secrets file, the checks, the public keys and the hooks, and adds a warning for
    /// each that others may change or replace. A file that is missing does not warn: it may come
    /// later. Blocks on a file system that hangs, and so is not a part of reading the
    /// configuration.
    pub fn look_at_files(&mut self, origin: &str) {
        for (key, file) in self.trusted_files() {
            let Ok(found) = fs::metadata(&file) else { continue };
            for reason in who_may_change(&file, &found) {
                self.warn(origin, &key, reason);
            }
        }
    }

    /// Adds a warning for each of these files, and of TLS, that is missing on this host. It blocks,
    /// too.
    pub fn look_for_files(&mut self, origin: &str) {
        let tls = self.config.zookeeper.tls.clone().map(|tls| {
            let identity = tls.identity.map(|identity| {
                [
                    ("zookeeper.tls.cert".to_owned(), identity.cert),
                    ("zookeeper.tls.key".to_owned(), identity.key),
                ]
            });
            [("zookeeper.tls.ca".to_owned(), tls.ca)].into_iter().chain(identity.into_iter().flatten())
        });
        for (key, file) in self.trusted_files().into_iter().chain(tls.into_iter().flatten()) {
            if let Err(error) = fs::metadata(&file) {
                self.warn(origin, &key, format!("'{}' cannot be used: {error}", file.display()));
            }
        }
    }

    fn warn(&mut self, origin: &str, key: &str, reason: String) {
        let at = self.places.get(key).copied().unwrap_or(Position::from(1));
        self.warnings.push(Problem::of_key(origin, at, key, reason));
    }

    /// The secrets file, the checks, the public keys and the hooks, each with its key.
    fn trusted_files(&self) -> Vec<(String, PathBuf)> {
        let secrets = &self.config.secrets;
        let is_read =
            !self.config.zookeeper.credentials.is_empty() && secrets.provider == SecretsProvider::Vault;
        let secrets = is_read.then(|| ("secrets.path".to_owned(), secrets.path.clone()));
        let programs = self.config.nodes.iter().flat_map(|node| {
            let check = node.guards.check.as_ref().map(|check| ("check", check));
            let hook = node.hook.as_deref().and_then(|hook| hook.on_change.as_ref());
            let hook = hook.map(|hook| ("on_change", &hook.program));
            let verify = node.verify.as_ref().map(|keys| ("verify", keys));
            let key = |name| format!("{NODE_PREFIX}{}.{name}", node.name);
            check
                .into_iter()
                .chain(verify)
                .chain(hook)
                .map(move |(name, program)| (key(name), program.clone()))
        });
        secrets.into_iter().chain(programs).collect()
    }
}

impl Config {
    /// Reads a configuration from the bytes of a file. `origin` names the file in messages.
    ///
    /// A relative `dest` is compared with the others below the current directory of the process.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] with every error of the file, [`ConfigError::TooLarge`] above
    /// [`MAX_CONFIG_BYTES`].
    pub fn parse(
        text: impl AsRef<[u8]>,
        origin: &str,
        env: &Environment,
        scope: Scope,
    ) -> Result<Parsed, ConfigError> {
        let bytes = text.as_ref();
        if bytes.len() > MAX_CONFIG_BYTES {
            return Err(ConfigError::TooLarge { origin: origin.to_owned(), limit: MAX_CONFIG_BYTES });
        }
        let mut problems = Problems::new(origin);
        let section = utf8(bytes, &mut problems).and_then(|text| ini::read(text, env, &mut problems));
        // The section has its own copy of what matters: a large file need not be held twice.
        drop(text);
        let written = section.iter().flat_map(|section| section.entries.written()).collect();
        let names_file = |key: &str| {
            let is_of_node = [".check", ".verify", ".on_change"].iter().any(|end| key.ends_with(end));
            key == "secrets.path" || key.starts_with("zookeeper.tls.") || is_of_node
        };
        let named = section.iter().flat_map(|section| section.entries.iter());
        let named = named.filter(|entry| names_file(entry.key));
        let places = named.map(|entry| (entry.key.to_owned(), entry.at)).collect();
        let read = section.map(|section| section::read(&section, scope, &mut problems));
        let (config, node_problems) = read.unwrap_or_default();
        let warnings = problems.finish()?;
        Ok(Parsed { config, warnings, node_problems, written, places })
    }

    /// Reads a configuration from an open file or from standard input.
    ///
    /// # Errors
    ///
    /// As [`Config::parse`], and [`ConfigError::Unreadable`].
    pub fn from_reader(
        reader: impl Read,
        origin: &str,
        env: &Environment,
        scope: Scope,
    ) -> Result<Parsed, ConfigError> {
        let mut bytes = Vec::new();
        let bounded = reader.take(MAX_CONFIG_BYTES as u64 + 1).read_to_end(&mut bytes);
        bounded.map_err(|source| ConfigError::Unreadable { origin: origin.to_owned(), source })?;
        Self::parse(bytes, origin, env, scope)
    }

    /// Reads the configuration file at `path`. It also warns of a file that others may change
    /// or replace.
    ///
    /// It waits for the writer of a FIFO: a configuration may come from a pipe.
    ///
    /// # Errors
    ///
    /// As [`Config::from_reader`], and [`ConfigError::Unopenable`].
    pub fn read(path: impl AsRef<Path>, env: &Environment, scope: Scope) -> Result<Parsed, ConfigError> {
        let path = path.as_ref();
        let file = File::open(path)
            .map_err(|source| ConfigError::Unopenable { path: path.to_path_buf(), source })?;
        let writers = file.metadata().ok().filter(|metadata| metadata.is_file());
        let writers = writers.and_then(|metadata| file::other_writers(&metadata));
        let origin = path.display().to_string();
        let mut parsed = Self::from_reader(file, &origin, env, scope)?;
        let directory = open_directory(path, None).map(|directory| directory.to_string());
        let of_file = writers.into_iter().chain(directory).map(|reason| Problem::of_file(&origin, reason));
        parsed.warnings.splice(0..0, of_file);
        Ok(parsed)
    }
}

fn utf8<'a>(bytes: &'a [u8], problems: &mut Problems) -> Option<&'a str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => {
            let (valid, invalid) = bytes.split_at(error.valid_up_to());
            let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count();
            problems.error(line, None, format!("not UTF-8: unexpected byte 0x{:02x}", invalid[0]));
            None
        }
    }
}
