//! The key table: each key once, with how it is read and how it is printed.

use std::time::Duration;

use crate::fields::{self, choice};
use crate::problem::quoted;
use crate::settings::SecretsProvider;
use crate::settings::{
    Config, Format, MAX_INTERVAL, MAX_JITTER, MAX_NODE_BYTES, MAX_SESSION_TIMEOUT, MIN_INTERVAL, NodeConfig,
    OnDelete, OnDrift,
};
use crate::{hosts, timespan, tls};

/// One key and its place in the settings `T`.
pub(crate) struct Key<T: 'static> {
    /// For a node, the part after `nodes.NAME.`.
    pub(crate) name: &'static str,
    /// Whether a missing or empty value is an error; otherwise the default stays.
    pub(crate) required: bool,
    /// Reads a value that is not empty. The error says what is wrong and what is allowed.
    pub(crate) read: fn(&mut T, &str) -> Result<Warning, String>,
    /// The value that reads back; `None` where nothing is to be printed.
    pub(crate) show: fn(&T) -> Option<String>,
}

/// What to say about a value that works all the same.
pub(crate) type Warning = Option<String>;

/// The keys that a file has once.
pub(crate) static GLOBAL: &[Key<Config>] = &[
    Key {
        name: "zookeeper.hosts",
        required: true,
        read: |config, text| {
            let (hosts, chroot) = hosts::parse(text)?;
            let warning = chroot.contains(',').then(|| {
                format!(
                    "all that follows the first '/' is the chroot, here {}: write it once, at the end",
                    quoted(&chroot)
                )
            });
            (config.zookeeper.hosts, config.zookeeper.chroot) = (hosts, chroot);
            Ok(warning)
        },
        show: |config| {
            let zookeeper = &config.zookeeper;
            (!zookeeper.hosts.is_empty()).then(|| hosts::show(&zookeeper.hosts, &zookeeper.chroot))
        },
    },
    Key {
        name: "zookeeper.credentials",
        required: false,
        read: |config, text| set(&mut config.zookeeper.credentials, fields::credentials(text)),
        show: |config| {
            let credentials = &config.zookeeper.credentials;
            (!credentials.is_empty()).then(|| credentials.join(", "))
        },
    },
    Key {
        name: tls::CA,
        required: false,
        read: |config, text| set(&mut tls::of(config).ca, fields::path(text)),
        show: |config| config.zookeeper.tls.as_ref().map(|tls| tls.ca.display().to_string()),
    },
    Key {
        name: tls::CERT,
        required: false,
        read: |config, text| set(&mut tls::identity_of(config).cert, fields::path(text)),
        show: |config| tls::shown_identity(config).map(|identity| identity.cert.display().to_string()),
    },
    Key {
        name: tls::KEY,
        required: false,
        read: |config, text| set(&mut tls::identity_of(config).key, fields::path(text)),
        show: |config| tls::shown_identity(config).map(|identity| identity.key.display().to_string()),
    },
    Key {
        name: "zookeeper.timeout",
        required: false,
        read: |config, text| {
            let allowed = Duration::from_millis(1)..=MAX_SESSION_TIMEOUT;
            set(&mut config.zookeeper.timeout, timespan::parse(text, allowed))
        },
        show: |config| Some(timespan::show(config.zookeeper.timeout)),
    },
    Key {
        name: "zookeeper.max_node_bytes",
        required: false,
        read: |config, text| {
            set(&mut config.zookeeper.max_node_bytes, fields::integer(text, 1, MAX_NODE_BYTES))
        },
        show: |config| Some(config.zookeeper.max_node_bytes.to_string()),
    },
    Key {
        name: "secrets.path",
        required: false,
        read: |config, text| set(&mut config.secrets.path, fields::path(text)),
        show: |config| Some(config.secrets.path.display().to_string()),
    },
    Key {
        name: "secrets.provider",
        required: false,
        read: |config, text| {
            let (provider, warning) = fields::provider(text);
            config.secrets.provider = provider;
            Ok(warning)
        },
        show: |config| {
            Some(match config.secrets.provider {
                SecretsProvider::Vault => fields::VAULT.to_owned(),
                SecretsProvider::VaultCsi => fields::VAULT_CSI.to_owned(),
            })
        },
    },
    Key {
        name: "secrets.backoff",
        required: false,
        // Checked and dropped: the secrets are read afresh for each session, so there is no poll to slow down.
        read: |_, text| timespan::parse(text, Duration::ZERO..=MAX_INTERVAL).map(|_| None),
        show: |_| None,
    },
    Key {
        name: "watcher.heartbeat_interval",
        required: false,
        read: |config, text| {
            set(&mut config.watcher.heartbeat_interval, timespan::parse(text, MIN_INTERVAL..=MAX_INTERVAL))
        },
        show: |config| Some(timespan::show(config.watcher.heartbeat_interval)),
    },
    Key {
        name: "watcher.drift_interval",
        required: false,
        read: |config, text| {
            set(&mut config.watcher.drift_interval, timespan::parse(text, MIN_INTERVAL..=MAX_INTERVAL))
        },
        show: |config| Some(timespan::show(config.watcher.drift_interval)),
    },
];

/// The keys that each node has.
pub(crate) static NODE: &[Key<NodeConfig>] = &[
    Key {
        name: "source",
        required: true,
        read: |node, text| {
            let (source, warning) = fields::source(text)?;
            node.source = source;
            Ok(warning)
        },
        show: |node| Some(node.source.clone()),
    },
    Key {
        name: "dest",
        required: true,
        read: |node, text| set(&mut node.dest, fields::dest(text)),
        show: |node| Some(node.dest.display().to_string()),
    },
    Key {
        name: "owner",
        required: false,
        read: |node, text| set(&mut node.owner, fields::principal(text, "user").map(Some)),
        show: |node| node.owner.as_ref().map(|owner| owner.0.clone()),
    },
    Key {
        name: "group",
        required: false,
        read: |node, text| set(&mut node.group, fields::principal(text, "group").map(Some)),
        show: |node| node.group.as_ref().map(|group| group.0.clone()),
    },
    Key {
        name: "mode",
        required: false,
        read: |node, text| set(&mut node.mode, fields::mode(text)),
        show: |node| Some(format!("{:04o}", node.mode)),
    },
    Key {
        name: "fsync",
        required: false,
        read: |node, text| set(&mut node.fsync, fields::boolean(text)),
        show: |node| Some(node.fsync.to_string()),
    },
    Key {
        name: "drift",
        required: false,
        read: |node, text| set(&mut node.drift, choice(text, &DRIFT)),
        show: |node| word(&DRIFT, node.drift),
    },
    Key {
        name: "on_delete",
        required: false,
        read: |node, text| set(&mut node.on_delete, choice(text, &ON_DELETE)),
        show: |node| word(&ON_DELETE, node.on_delete),
    },
    Key {
        name: "format",
        required: false,
        read: |node, text| set(&mut node.guards.format, choice(text, &FORMAT).map(Some)),
        show: |node| node.guards.format.and_then(|format| word(&FORMAT, format)),
    },
    Key {
        name: "min_bytes",
        required: false,
        read: |node, text| {
            set(&mut node.guards.min_bytes, fields::integer(text, 0, MAX_NODE_BYTES).map(Some))
        },
        show: |node| node.guards.min_bytes.map(|bytes| bytes.to_string()),
    },
    Key {
        name: "max_bytes",
        required: false,
        // After min_bytes, so that the two can be compared.
        read: |node, text| {
            let least = node.guards.min_bytes.unwrap_or(0);
            set(&mut node.guards.max_bytes, fields::integer(text, least, MAX_NODE_BYTES).map(Some))
        },
        show: |node| node.guards.max_bytes.map(|bytes| bytes.to_string()),
    },
    Key {
        name: "check",
        required: false,
        read: |node, text| set(&mut node.guards.check, fields::program(text).map(Some)),
        show: |node| node.guards.check.as_ref().map(|check| check.display().to_string()),
    },
    Key {
        name: "apply_jitter",
        required: false,
        read: |node, text| set(&mut node.apply_jitter, timespan::parse(text, Duration::ZERO..=MAX_JITTER)),
        show: |node| Some(timespan::show(node.apply_jitter)),
    },
];

/// The values of `nodes.NAME.drift`.
const DRIFT: [(&str, OnDrift); 2] = [("repair", OnDrift::Repair), ("report", OnDrift::Report)];

/// The values of `nodes.NAME.on_delete`.
const ON_DELETE: [(&str, OnDelete); 2] = [("remove", OnDelete::Remove), ("keep", OnDelete::Keep)];

/// The values of `nodes.NAME.format`.
const FORMAT: [(&str, Format); 4] =
    [("json", Format::Json), ("toml", Format::Toml), ("yaml", Format::Yaml), ("utf8", Format::Utf8)];

fn word<T: Copy + PartialEq>(words: &[(&str, T)], value: T) -> Option<String> {
    words.iter().find(|(_, meaning)| *meaning == value).map(|(word, _)| (*word).to_owned())
}

fn set<T>(place: &mut T, value: Result<T, String>) -> Result<Warning, String> {
    *place = value?;
    Ok(None)
}

/// Every key that is known, as docs/config.md writes it: `zookeeper.hosts`, ..., `nodes.NAME.source`, ...
pub fn keys() -> impl Iterator<Item = String> {
    let global = GLOBAL.iter().map(|key| key.name.to_owned());
    global.chain(NODE.iter().map(|key| format!("nodes.NAME.{}", key.name)))
}
