//! The crate's error, and what an error of the ZooKeeper crate concerns.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ld_config::{InvalidSetting, SecretsError, ZnodePathError, chain};

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why something with ZooKeeper did not work. The text of each variant includes its causes. No
/// variant carries a secret's value or a node's content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting cannot be used: correct it.
    #[error("{setting}: {problem}")]
    InvalidSetting {
        /// The setting's name in the configuration file.
        setting: String,
        /// What is wrong with it and what is allowed.
        problem: String,
    },
    /// No node can have that path: correct it.
    #[error(transparent)]
    InvalidPath(#[from] ZnodePathError),
    /// The client was made outside of a tokio runtime.
    #[error("a ZooKeeper client can only be made inside a tokio runtime")]
    NoRuntime,
    /// The system refuses the thread or the descriptors that the client needs to start: raise the
    /// limit and start the program again.
    #[error("the ZooKeeper client cannot start, the system refuses a thread or descriptors: {source}")]
    CannotStart {
        /// What the system said.
        source: io::Error,
    },
    /// No session could be opened in time: check the hosts, the network and the ensemble.
    #[error("no ZooKeeper session with {hosts} within {} s{}", limit.as_secs_f32(), because(cause.as_ref()))]
    NotConnected {
        /// The configured hosts.
        hosts: String,
        /// How long the caller waited.
        limit: Duration,
        /// Why the last attempt failed.
        #[source]
        cause: Option<Arc<Error>>,
    },
    /// A host name has no address.
    #[error("cannot look up the ZooKeeper host {host}: {}", chain(&**source))]
    Lookup {
        /// The configured host.
        host: String,
        /// What the resolver said.
        source: Source,
    },
    /// A PEM file cannot be used: correct it. It is read again before each attempt at a session.
    #[error("{setting}: cannot use '{}': {}", file.display(), chain(&**source))]
    TlsFile {
        /// The setting's name in the configuration file.
        setting: &'static str,
        /// The file.
        file: PathBuf,
        /// What is wrong with it, without any of its content.
        source: Source,
    },
    /// A server and this client do not trust each other.
    #[error("no TLS session with {host}: {problem}: {}", chain(&**source))]
    Handshake {
        /// The configured host.
        host: String,
        /// What to look at.
        problem: &'static str,
        /// What the TLS library, or the system, said.
        source: Source,
    },
    /// No server opens a session: see the reason of each.
    #[error("no ZooKeeper server opens a session: {reasons}")]
    NoSession {
        /// What each server did, as in "10.0.0.1:2181 refuses connections; 10.0.0.2:2181 does not
        /// answer".
        reasons: String,
    },
    /// A session ended, a new one is being opened.
    #[error("the ZooKeeper session ended: {reason}")]
    SessionEnded {
        /// How it ended.
        reason: &'static str,
    },
    /// The ZooKeeper crate panicked, for example because of a malformed reply. The session is
    /// replaced.
    #[error("the ZooKeeper session's task failed ({reason})")]
    ClientFailed {
        /// The panic's message.
        reason: String,
    },
    /// A request failed.
    #[error("ZooKeeper {operation} of {path} failed: {}", chain(&**source))]
    Request {
        /// The operation.
        operation: &'static str,
        /// The znode's path below the chroot.
        path: String,
        /// What the ZooKeeper crate said.
        source: Source,
    },
    /// A request was not answered in time.
    #[error("ZooKeeper {operation} of {path} was not answered within {} s", limit.as_secs_f32())]
    Unanswered {
        /// The operation.
        operation: &'static str,
        /// The znode's path below the chroot.
        path: String,
        /// How long the client waited.
        limit: Duration,
    },
    /// A node changed during each attempt at reading it, or a server claims so.
    #[error("the node {path} changed each time while it was read")]
    KeepsChanging {
        /// The znode's path below the chroot.
        path: String,
    },
    /// A server announced another length of a node than it sent. The session is replaced.
    #[error("a ZooKeeper server announced {announced} bytes for {path}, which was wrong")]
    WrongLength {
        /// The znode's path below the chroot.
        path: String,
        /// The announced length in bytes.
        announced: i32,
    },
    /// A credential cannot be read from the secrets store.
    #[error("the ZooKeeper credential {path} cannot be read: {}", chain(source))]
    Credential {
        /// The secret's path in the store.
        path: String,
        /// What the secrets store said.
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

impl From<InvalidSetting> for Error {
    fn from(invalid: InvalidSetting) -> Self {
        Self::InvalidSetting { setting: invalid.key, problem: invalid.problem }
    }
}

fn because(cause: Option<&Arc<Error>>) -> String {
    cause.map_or_else(String::new, |cause| format!(": {cause}"))
}

impl Error {
    /// What was found for some hosts, or the errors of all hosts as one.
    pub(crate) fn unless_any<T>(results: Vec<Result<T, Self>>) -> Result<Vec<T>, Self> {
        let mut errors = Vec::new();
        let found: Vec<T> = results
            .into_iter()
            .filter_map(|result| result.map_err(|error| errors.push(error)).ok())
            .collect();
        if !found.is_empty() {
            return Ok(found);
        }
        if errors.len() == 1 {
            return Err(errors.remove(0));
        }
        let reason = |error| match error {
            Self::NoSession { reasons } => reasons,
            other => other.to_string(),
        };
        let reasons: Vec<String> = errors.into_iter().map(reason).collect();
        Err(Self::NoSession { reasons: reasons.join("; ") })
    }

    pub(crate) fn request(operation: &'static str, path: &str, source: zookeeper::Error) -> Self {
        Self::Request { operation, path: path.to_owned(), source: Box::new(source) }
    }

    /// What the ZooKeeper crate said of a failed request.
    pub(crate) fn said(&self) -> Option<&zookeeper::Error> {
        match self {
            Self::Request { source, .. } => source.downcast_ref(),
            _ => None,
        }
    }
}

/// Whether an error concerns this node or this request, so that the same request would fail again.
/// The ZooKeeper crate passes the reason of a connection's end to every request in flight. So
/// everything that is not certainly about the node counts as about the connection.
pub(crate) fn concerns_node(error: &zookeeper::Error) -> bool {
    use zookeeper::Error as E;
    matches!(
        error,
        E::BadArguments(_)
            | E::MarshallingError
            | E::NoAuth
            | E::NoNode
            | E::UnexpectedErrorCode(_)
            | E::Unimplemented
            | E::UnmarshalError { .. }
    )
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn the_text_of_an_error_shows_its_causes() {
        let refused = Error::NoSession { reasons: "zk1:2181 refuses connections".to_owned() };
        let error = Error::NotConnected {
            hosts: "zk1:2181".to_owned(),
            limit: Duration::from_secs(15),
            cause: Some(Arc::new(refused)),
        };
        let expected = "no ZooKeeper session with zk1:2181 within 15 s: \
                        no ZooKeeper server opens a session: zk1:2181 refuses connections";
        assert_eq!(error.to_string(), expected);
        assert!(error.source().is_some());
    }
}
