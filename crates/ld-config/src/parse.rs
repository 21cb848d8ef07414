//! From the bytes of a file to a checked [`Config`].

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::environment::Environment;
use crate::ini::{self, Entry};
use crate::keys::{self, Key};
use crate::problem::{ConfigError, Problem, Problems};
use crate::settings::Config;
use crate::{nodes, suggest, tls};

/// The largest configuration that is read, in bytes: a file of 100,000 nodes has about a third of it.
pub const MAX_CONFIG_BYTES: usize = 64 * 1024 * 1024;

/// Below these prefixes a key that is not known is warned about. Other keys of the section belong to others.
const OURS: [&str; 3] = ["zookeeper.", "secrets.", "watcher."];

/// Whose settings are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    Watcher,
    /// `zookeeper.*` and `secrets.*`, and those nodes that have no mistake: mistakes elsewhere do not stop the writer, as
    /// in the original.
    Writer,
}

/// A configuration, and what should be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parsed {
    /// The settings, checked.
    pub config: Config,
    /// What works but is hardly meant, in the order of the file.
    pub warnings: Vec<Problem>,
}

impl Config {
    /// Reads a configuration from the bytes of a file. `origin` names the file in messages.
    ///
    /// A relative `dest` is compared with the others below the current directory of the process.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] with every error of the file, [`ConfigError::TooLarge`] above [`MAX_CONFIG_BYTES`].
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
        let mut config = Config::default();
        let section = utf8(bytes, &mut problems).and_then(|text| ini::read(text, env, &mut problems));
        // The section has its own copy of what matters: a large file need not be held twice.
        drop(text);
        if let Some(section) = section {
            read_section(&mut config, &section, scope, &mut problems);
        }
        let warnings = problems.finish()?;
        Ok(Parsed { config, warnings })
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

    /// Reads the configuration file at `path`.
    ///
    /// # Errors
    ///
    /// As [`Config::from_reader`], and [`ConfigError::Unopenable`].
    pub fn read(path: impl AsRef<Path>, env: &Environment, scope: Scope) -> Result<Parsed, ConfigError> {
        let path = path.as_ref();
        let file = File::open(path)
            .map_err(|source| ConfigError::Unopenable { path: path.to_path_buf(), source })?;
        Self::from_reader(file, &path.display().to_string(), env, scope)
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

fn read_section(config: &mut Config, section: &ini::Section, scope: Scope, problems: &mut Problems) {
    let global = section.entries.iter().filter(|entry| !entry.key.starts_with(nodes::PREFIX));
    let entries: HashMap<&str, Entry<'_>> = global.map(|entry| (entry.key, entry)).collect();
    for key in keys::GLOBAL.iter().filter(|key| scope.covers(key.name)) {
        key.apply(config, key.name, entries.get(key.name).copied(), section.line, problems);
    }
    for (key, message) in tls::problems(config, |key| entries.contains_key(key)) {
        let line = entries.get(key).map_or(section.line, |entry| entry.line);
        problems.error(line, Some(key), message);
    }
    for entry in section.entries.iter().filter(|entry| scope.covers(entry.key)) {
        let ours = OURS.iter().any(|prefix| entry.key.starts_with(prefix));
        if ours && !keys::GLOBAL.iter().any(|key| key.name == entry.key) {
            problems.warn_with(entry.line, entry.key, || {
                let nearest = suggest::nearest(entry.key, keys::GLOBAL.iter().map(|key| key.name));
                format!("unknown key, ignored (the nearest known key is '{nearest}')")
            });
        }
    }
    config.nodes = match scope {
        Scope::Watcher => nodes::read(&section.entries, problems),
        Scope::Writer => nodes::read_sound(&section.entries),
    };
}

impl Scope {
    fn covers(self, key: &str) -> bool {
        match self {
            Scope::Watcher => true,
            Scope::Writer => key.starts_with("zookeeper.") || key.starts_with("secrets."),
        }
    }
}

impl<T> Key<T> {
    /// Reads the key from its entry. `line` is where an error goes if there is no entry.
    pub(crate) fn apply(
        &self,
        settings: &mut T,
        name: &str,
        entry: Option<Entry<'_>>,
        line: usize,
        problems: &mut Problems,
    ) {
        let line = entry.map_or(line, |entry| entry.line);
        let value = entry.map(|entry| entry.value).filter(|value| !value.is_empty());
        match value.map(|value| (self.read)(settings, value)) {
            None if self.required => problems.error(line, Some(name), "no value specified"),
            None | Some(Ok(None)) => {}
            Some(Ok(Some(warning))) => problems.warn(line, Some(name), warning),
            Some(Err(message)) => problems.error(line, Some(name), message),
        }
    }
}
