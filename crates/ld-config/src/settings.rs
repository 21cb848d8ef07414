//! The typed settings: plain structs with public fields, buildable without an INI file.

use std::path::PathBuf;
use std::time::Duration;

/// The longest session timeout that can be asked for: ZooKeeper counts milliseconds in 32 bits, 24.8 days.
pub const MAX_SESSION_TIMEOUT: Duration = Duration::from_secs(24 * 24 * 3600);
/// The shortest heartbeat or drift interval: below it the watcher would do little else.
pub const MIN_INTERVAL: Duration = Duration::from_millis(10);
/// The longest heartbeat or drift interval.
pub const MAX_INTERVAL: Duration = Duration::from_secs(365 * 24 * 3600);
/// The longest window of `nodes.NAME.apply_jitter`: the file is stale for as long at most.
pub const MAX_JITTER: Duration = Duration::from_secs(3600);
/// The highest value of `zookeeper.max_node_bytes`: that of ZooKeeper's `jute.maxbuffer`, a Java integer.
pub const MAX_NODE_BYTES: usize = i32::MAX as usize;
/// The highest file mode: permission bits with set-uid, set-gid and sticky.
pub const MAX_MODE: u32 = 0o7777;
/// The highest user or group id: the next one, -1 in 32 bits, means "leave it" to chown.
pub const MAX_ID: u32 = u32::MAX - 1;

/// Everything that one configuration file says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Config {
    /// Where ZooKeeper is and how to talk to it.
    pub zookeeper: ZooKeeperConfig,
    /// Where the secrets come from.
    pub secrets: SecretsConfig,
    /// What concerns the watcher as a whole.
    pub watcher: WatcherConfig,
    /// The nodes to keep as files, in the order of the file.
    pub nodes: Vec<NodeConfig>,
}

/// One ZooKeeper server as it is configured: a name or an address, not resolved yet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Host {
    /// A DNS name, an IPv4 address or an IPv6 address (without brackets).
    pub name: String,
    /// The client port, 1 to 65535.
    pub port: u16,
}

/// How the connection to ZooKeeper is secured (`zookeeper.tls.*`): TLS 1.2 or 1.3. Each server's certificate must be valid
/// for its configured [`Host::name`]; there is no switch for that. The files are PEM.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsConfig {
    /// The certificates of the authorities that may vouch for a server, and their revocation lists.
    pub ca: PathBuf,
    /// What the servers know this client by; `None` if they do not ask.
    pub identity: Option<TlsIdentity>,
}

/// The client's own certificate (`zookeeper.tls.cert`, `zookeeper.tls.key`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsIdentity {
    /// The client's certificate, then those between it and its authority.
    pub cert: PathBuf,
    /// The private key of that certificate, not encrypted.
    pub key: PathBuf,
}

/// How to reach ZooKeeper (`zookeeper.*`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZooKeeperConfig {
    /// The servers, in the order of the file. Empty only in a hand-made value: connecting to it is an error.
    pub hosts: Vec<Host>,
    /// The chroot, with its leading slash and without a trailing one; empty without a chroot.
    pub chroot: String,
    /// Paths of `simple` secrets that hold `user:password`, for the scheme `digest`.
    pub credentials: Vec<String>,
    /// TLS; `None` for plain text.
    pub tls: Option<TlsConfig>,
    /// The session timeout that is asked for; the server may change it.
    pub timeout: Duration,
    /// The largest node that the writer sends, in bytes.
    pub max_node_bytes: usize,
}

impl Default for ZooKeeperConfig {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            chroot: String::new(),
            credentials: Vec::new(),
            tls: None,
            timeout: Duration::from_secs(5),
            max_node_bytes: 1_000_000,
        }
    }
}

/// Which layout the secrets have on disk (`secrets.provider`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SecretsProvider {
    /// One JSON file.
    #[default]
    Vault,
    /// A directory mounted by the Secrets Store CSI driver.
    VaultCsi,
}

/// Where the secrets come from (`secrets.*`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretsConfig {
    /// The file or directory.
    pub path: PathBuf,
    /// Its layout.
    pub provider: SecretsProvider,
}

impl Default for SecretsConfig {
    fn default() -> Self {
        Self { path: PathBuf::from("/var/local/secrets.json"), provider: SecretsProvider::Vault }
    }
}

/// What concerns the watcher as a whole (`watcher.*`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatcherConfig {
    /// How often the mtime of a current file is set to now.
    pub heartbeat_interval: Duration,
    /// How often a file is compared with what the watcher left.
    pub drift_interval: Duration,
}

impl Default for WatcherConfig {
    fn default() -> Self {
        Self { heartbeat_interval: Duration::from_secs(300), drift_interval: Duration::from_secs(30) }
    }
}

/// A user or a group: looked up as a name first, then read as a decimal id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Principal(pub String);

/// What happens to a file that somebody else changed (`nodes.NAME.drift`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDrift {
    /// It is replaced by what the node holds.
    #[default]
    Repair,
    /// It stays until the node changes; its heartbeat stops and the log says so.
    Report,
}

/// What happens to a file when its node is deleted (`nodes.NAME.on_delete`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDelete {
    /// It is removed.
    #[default]
    Remove,
    /// It stays, without a heartbeat.
    Keep,
}

/// A syntax that content must have (`nodes.NAME.format`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// What content must be like before it replaces a file. All that is set must hold; nothing is by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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
pub struct NodeConfig {
    /// The name after `nodes.`, up to the next dot: it holds no dot, and is lower-case in a file.
    pub name: String,
    /// The znode path below the chroot, normalised: a leading slash, no trailing one (but for the root `/`).
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
    /// What happens to the file when somebody else changed it.
    pub drift: OnDrift,
    /// What happens to the file when the node is deleted.
    pub on_delete: OnDelete,
    /// What content must be like before it replaces the file.
    pub guards: Guards,
    /// The window over which the hosts of a fleet apply a change, each after a random part of it; zero, the default, is at
    /// once.
    pub apply_jitter: Duration,
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
            apply_jitter: Duration::ZERO,
        }
    }
}
