//! `zookeeper.*`: where ZooKeeper is and how to talk to it.

use std::path::PathBuf;
use std::time::Duration;

/// One ZooKeeper server as it is configured: a name or an address, not resolved yet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Host {
    /// A DNS name, an IPv4 address or an IPv6 address (without brackets).
    pub name: String,
    /// The client port, 1 to 65535.
    pub port: u16,
}

/// How the connection to ZooKeeper is secured (`zookeeper.tls.*`): TLS 1.2 or 1.3.
///
/// Each server's certificate must be valid for its configured [`Host::name`]; no setting turns
/// that off. The files are PEM.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TlsConfig {
    /// The certificates of the authorities that may vouch for a server, and their revocation lists.
    pub ca: PathBuf,
    /// The certificate for servers that ask for one.
    pub identity: Option<TlsIdentity>,
}

impl TlsConfig {
    /// TLS with servers that the authorities in this PEM file vouch for.
    pub fn new(ca: impl Into<PathBuf>) -> Self {
        Self { ca: ca.into(), identity: None }
    }
}

/// The client's own certificate (`zookeeper.tls.cert`, `zookeeper.tls.key`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsIdentity {
    /// The client's certificate, then its intermediate certificates.
    pub cert: PathBuf,
    /// The private key of that certificate, not encrypted.
    pub key: PathBuf,
}

/// How to reach ZooKeeper (`zookeeper.*`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ZooKeeperConfig {
    /// The servers, in the order of the file; at least one.
    pub hosts: Vec<Host>,
    /// The chroot, with its leading slash and without a trailing one; empty without a chroot.
    pub chroot: String,
    /// Paths of `simple` secrets that hold `user:password`, for the scheme `digest`.
    pub credentials: Vec<String>,
    /// TLS; `None` for plain text.
    pub tls: Option<TlsConfig>,
    /// The session timeout that is asked for; the server may change it.
    pub timeout: Duration,
    /// The largest node that the watcher reads, in bytes. A larger one is rejected unread.
    pub max_read_bytes: usize,
    /// The largest node that the writer sends, in bytes. More than `max_read_bytes` is accepted,
    /// with a warning in a file.
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
            max_read_bytes: 16 << 20,
            max_node_bytes: 1_000_000,
        }
    }
}
