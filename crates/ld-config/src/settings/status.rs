//! `status.*`: where the watcher shows its state.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where the watcher serves its state and its metrics (`status.*`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatusConfig {
    /// The address to serve at; `None` serves nothing.
    pub listen: Option<Listen>,
    /// Whether the metrics have samples for each node.
    pub per_node: bool,
}

impl Default for StatusConfig {
    fn default() -> Self {
        Self { listen: None, per_node: true }
    }
}

/// An address to listen at.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Listen {
    /// An address and a port. Port 0 lets the system choose one.
    Tcp(SocketAddr),
    /// The absolute path of a Unix socket.
    Unix(PathBuf),
}

impl fmt::Display for Listen {
    /// As the configuration has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
