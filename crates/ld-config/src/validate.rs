//! The check of settings, whichever way they were made.

use std::collections::{HashMap, HashSet};

use crate::destinations::{Destinations, taken};
use crate::hooks;
use crate::keys::{FLEET, Key, NODE, NODE_PREFIX, PUBLISH, S3, SECRETS, STATUS, WATCHER, ZOOKEEPER};
use crate::quote::{Text, quoted, shown_key};
use crate::settings::{
    Config, FleetConfig, Hook, NodeConfig, PublishConfig, S3Config, SecretsConfig, StatusConfig,
    WatcherConfig, ZooKeeperConfig,
};
use crate::values::{name, tls};

/// A setting that cannot be used: correct it.
///
/// Its `Display` names the key, the value and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}", shown_key(.key))]
#[non_exhaustive]
pub struct InvalidSetting {
    /// The key in a configuration file, such as `nodes.flags.mode`.
    pub key: String,
    /// What is wrong with the value and what is allowed.
    pub problem: String,
}

impl InvalidSetting {
    pub(crate) fn new(key: impl Into<String>, problem: String) -> Self {
        Self { key: key.into(), problem }
    }
}

impl Config {
    /// Checks settings that were made by hand. [`Config::parse`] has checked its own already.
    ///
    /// # Errors
    ///
    /// The first setting that is wrong, in the order of the fields.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        self.zookeeper.validate()?;
        self.secrets.validate()?;
        self.watcher.validate()?;
        self.s3.validate()?;
        self.publish.validate()?;
        self.fleet.validate()?;
        self.status.validate()?;
        validate_nodes(&self.nodes)?;
        match hooks::in_sandbox(self) {
            Some(problem) => Err(InvalidSetting::new("watcher.sandbox", problem)),
            None => Ok(()),
        }
    }
}

impl ZooKeeperConfig {
    /// Checks hosts, chroot, credentials, TLS files, timeout and sizes.
    ///
    /// # Errors
    ///
    /// The first setting that is wrong.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        check_keys(ZOOKEEPER, self, "")?;
        if let Some((key, problem)) = tls::missing(self) {
            return Err(InvalidSetting::new(key, problem));
        }
        match tls::unnameable(self).next() {
            Some(host) => Err(InvalidSetting::new("zookeeper.hosts", tls::not_a_name(Text::literal(host)))),
            None => Ok(()),
        }
    }
}

impl SecretsConfig {
    /// Checks the path.
    ///
    /// # Errors
    ///
    /// An empty path, or one with a control character.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        check_keys(SECRETS, self, "")
    }
}

impl WatcherConfig {
    /// Checks the intervals.
    ///
    /// # Errors
    ///
    /// The first interval outside [`MIN_INTERVAL`](crate::MIN_INTERVAL) to
    /// [`MAX_INTERVAL`](crate::MAX_INTERVAL).
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        check_keys(WATCHER, self, "")
    }
}

impl S3Config {
    /// Checks the limits.
    ///
    /// # Errors
    ///
    /// The first one that is out of range.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        check_keys(S3, self, "")
    }
}

impl PublishConfig {
    /// Checks the root.
    ///
    /// # Errors
    ///
    /// A path that no node can have, or `/`.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        check_keys(PUBLISH, self, "")
    }
}

impl FleetConfig {
    /// Checks the name of the host and the interval.
    ///
    /// # Errors
    ///
    /// The first one that cannot be used.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        check_keys(FLEET, self, "")
    }
}

impl StatusConfig {
    /// Checks the address.
    ///
    /// # Errors
    ///
    /// A Unix socket with a relative or too long path.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        check_keys(STATUS, self, "")
    }
}

impl NodeConfig {
    /// Checks one node by itself. [`validate_nodes`] also compares nodes with each other.
    ///
    /// # Errors
    ///
    /// The first setting that is wrong.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        if let Err(problem) = name::check(&self.name) {
            return Err(InvalidSetting::new(format!("{NODE_PREFIX}{}", self.name), problem));
        }
        check_keys(NODE, self, &format!("{NODE_PREFIX}{}.", self.name))
    }
}

/// Checks each node, that no two have one name or one destination, and that nodes with one
/// `hook_group` have one hook.
///
/// Destinations are compared as texts: that two paths lead to one file through a link shows only
/// when the file is written. A relative one starts at the working directory of the process.
///
/// # Errors
///
/// The first setting that is wrong, in the order of the nodes.
pub fn validate_nodes(nodes: &[NodeConfig]) -> Result<(), InvalidSetting> {
    let mut names = HashSet::with_capacity(nodes.len());
    let mut destinations = Destinations::with_capacity(nodes.len());
    let mut groups: HashMap<&str, (&str, &Hook)> = HashMap::new();
    for node in nodes {
        node.validate()?;
        if !names.insert(node.name.as_str()) {
            let problem = format!("{} is the name of two nodes: give each its own", quoted(&node.name));
            return Err(InvalidSetting::new(format!("{NODE_PREFIX}{}", node.name), problem));
        }
        if let Some(hook) = &node.hook
            && let Some(group) = &hook.group
        {
            let (first, theirs) = groups.entry(group.as_str()).or_insert((node.name.as_str(), hook));
            if let Some((field, problem)) = hooks::differs(hook, first, theirs) {
                return Err(InvalidSetting::new(format!("{NODE_PREFIX}{}.{field}", node.name), problem));
            }
        }
        if let Err(first) = destinations.add(&node.dest, node.name.as_str()) {
            let key = format!("{NODE_PREFIX}{}.dest", node.name);
            return Err(InvalidSetting::new(key, taken(&node.name, first, "")));
        }
    }
    Ok(())
}

fn check_keys<T>(keys: &[Key<T>], settings: &T, prefix: &str) -> Result<(), InvalidSetting> {
    keys.iter().try_for_each(|key| {
        let problem = (key.check)(settings);
        problem.map_err(|problem| InvalidSetting::new(format!("{prefix}{}", key.name), problem))
    })
}
