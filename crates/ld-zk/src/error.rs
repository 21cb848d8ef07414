//! The crate's error, and what an error of the ZooKeeper crate means to us.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ld_config::SecretsError;

/// Why something with ZooKeeper did not work. No variant carries a secret's value or a node's content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting cannot be used: correct it.
    #[error("{setting}: {problem}")]
    InvalidSetting {
        /// The setting's name in the configuration file.
        setting: &'static str,
        /// What is wrong with it and what is allowed.
        problem: String,
    },
    /// The client was made outside of a tokio runtime.
    #[error("a ZooKeeper client can only be made inside a tokio runtime")]
    NoRuntime,
    /// No session could be had in time: check the hosts, the network and the ensemble.
    #[error("no ZooKeeper session with {hosts} within {} s", limit.as_secs_f32())]
    NotConnected {
        /// The configured hosts.
        hosts: String,
        /// How long was waited.
        limit: Duration,
        /// Why the last attempt failed.
        #[source]
        cause: Option<Arc<Error>>,
    },
    /// A host name has no address.
    #[error("cannot look up the ZooKeeper host {host}")]
    Lookup {
        /// The configured host.
        host: String,
        /// What the resolver said.
        #[source]
        source: io::Error,
    },
    /// No server takes a connection.
    #[error("cannot connect to {address}")]
    Unreachable {
        /// The addresses that were tried.
        address: String,
        /// Why the last of them failed.
        #[source]
        source: io::Error,
    },
    /// A PEM file cannot be used: correct it. It is read again before each attempt at a session.
    #[error("{setting}: cannot use '{}'", file.display())]
    TlsFile {
        /// The setting's name in the configuration file.
        setting: &'static str,
        /// The file.
        file: PathBuf,
        /// What is wrong with it, without any of its content.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A server and this client do not trust each other.
    #[error("no TLS session with {host}: {problem}")]
    Handshake {
        /// The configured host.
        host: String,
        /// What to look at.
        problem: &'static str,
        /// What the TLS library, or the system, said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A server took the connection but gave no session: it may have lost its quorum.
    #[error("no ZooKeeper server of {hosts} opens a session")]
    NoSession {
        /// The addresses that were tried.
        hosts: String,
        /// What the ZooKeeper crate said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A session ended, a new one is being opened.
    #[error("the ZooKeeper session ended: {reason}")]
    SessionEnded {
        /// How it ended.
        reason: &'static str,
    },
    /// A request failed.
    #[error("ZooKeeper {operation} of {path} failed")]
    Request {
        /// The operation.
        operation: &'static str,
        /// The znode's path below the chroot.
        path: String,
        /// What the ZooKeeper crate said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A request was not answered in time.
    #[error("ZooKeeper {operation} of {path} was not answered within {} s", limit.as_secs_f32())]
    Unanswered {
        /// The operation.
        operation: &'static str,
        /// The znode's path below the chroot.
        path: String,
        /// How long was waited.
        limit: Duration,
    },
    /// A credential cannot be read from the secrets store.
    #[error("the ZooKeeper credential {path} cannot be read")]
    Credential {
        /// The secret's path in the store.
        path: String,
        /// What the secrets store said.
        #[source]
        source: SecretsError,
    },
    /// A credential's value is not of the form that the digest scheme needs.
    #[error("the ZooKeeper credential {path} is not of the form user:password")]
    CredentialForm {
        /// The secret's path in the store.
        path: String,
    },
    /// The client was closed.
    #[error("the ZooKeeper client is closed")]
    Closed,
}

impl Error {
    pub(crate) fn request(operation: &'static str, path: &str, source: zookeeper::Error) -> Self {
        Self::Request { operation, path: path.to_owned(), source: Box::new(source) }
    }
}

/// What a failed request says about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    /// This node or this request: the same request would fail again.
    Node,
    /// The connection or the session: the request may work later.
    Connection,
}

impl Blame {
    /// The client hands the connection's end, whatever it was, to every request in flight, so that all that
    /// is not surely about the node is about the connection.
    pub(crate) fn of(error: &zookeeper::Error) -> Self {
        use zookeeper::Error as E;
        match error {
            E::BadArguments(_)
            | E::MarshallingError
            | E::NoAuth
            | E::NoNode
            | E::UnexpectedErrorCode(_)
            | E::Unimplemented
            | E::UnmarshalError { .. } => Self::Node,
            _ => Self::Connection,
        }
    }
}
