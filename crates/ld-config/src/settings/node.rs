//! `nodes.NAME.*`: one node and its file.

use std::path::PathBuf;
use std::time::Duration;

use super::hook::Hook;

/// A user or a group: looked up as a name first, then read as a decimal id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Principal(pub String);

/// What happens to a file that another program changed (`nodes.NAME.drift`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnDrift {
    /// It is replaced by what the node holds.
    #[default]
    Repair,
    /// It stays until the node changes; its heartbeat stops and the log says so.
    Report,
}

/// What happens to the file of a node that does not exist, also at the start
/// (`nodes.NAME.on_delete`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnDelete {
    /// It is removed.
    #[default]
    Remove,
    /// It stays, without a heartbeat.
    Keep,
}

/// A syntax that content must have (`nodes.NAME.format`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// JSON (RFC 8259).
    Json,
    /// TOML 1.
    Toml,
    /// YAML 1.2.
    Yaml,
    /// Text in UTF-8.
    Utf8,
}

/// What content must be like before it replaces a file.
///
/// All that is set must hold; by default nothing is set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Guards {
    /// It has this syntax.
    pub format: Option<Format>,
    /// It has at least this many bytes.
    pub min_bytes: Option<usize>,
    /// It has at most this many bytes.
    pub max_bytes: Option<usize>,
    /// This program accepts it: run with a file of the content as its argument, it exits with 0.
    pub check: Option<PathBuf>,
}

/// One node and the file that holds its content (`nodes.NAME.*`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeConfig {
    /// The name after `nodes.`, up to the next dot: in lower case, without a dot, `=`, `:` or line
    /// break.
    pub name: String,
    /// The znode path below the chroot, normalised: a leading slash, no trailing or doubled one.
    /// The root is `/`.
    pub source: String,
    /// The file. A relative path is resolved against the working directory when it is used.
    pub dest: PathBuf,
    /// The file's owner; `None` leaves the watcher's user.
    pub owner: Option<Principal>,
    /// The file's group; `None` leaves the watcher's group.
    pub group: Option<Principal>,
    /// The file's permission bits, 0 to 0o7777, exact: the umask does not apply.
    pub mode: u32,
    /// Whether the file and its directory are flushed to disk at each change.
    pub fsync: bool,
    /// What happens to the file when another program changed it.
    pub drift: OnDrift,
    /// What happens to the file while the node does not exist.
    pub on_delete: OnDelete,
    /// What content must be like before it replaces the file.
    pub guards: Guards,
    /// The file with the public keys of publishers: content is applied only with a signature by one
    /// of them. `None`: signatures are not asked for.
    pub verify: Option<PathBuf>,
    /// The window over which the hosts of a fleet apply a change, each after a random part of it.
    /// Zero, the default, means at once.
    pub apply_jitter: Duration,
    /// Whether this host takes part in staged rollouts of the node.
    pub rollout: bool,
    /// What runs after the file was changed; boxed, since most nodes have none.
    pub hook: Option<Box<Hook>>,
}

impl NodeConfig {
    /// A node with the defaults of the original: mode 0400, no owner, no group, flushed to disk.
    pub fn new(name: impl Into<String>, source: impl Into<String>, dest: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            source: source.into(),
            dest: dest.into(),
            owner: None,
            group: None,
            mode: 0o400,
            fsync: true,
            drift: OnDrift::default(),
            on_delete: OnDelete::default(),
            guards: Guards::default(),
            verify: None,
            apply_jitter: Duration::ZERO,
            rollout: false,
            hook: None,
        }
    }

    /// The hook, if it runs anything.
    pub fn active_hook(&self) -> Option<&Hook> {
        self.hook.as_deref().filter(|hook| hook.is_set())
    }
}
