//! What can go wrong between a test and a server, where the test may expect it.

use std::io;
use std::net::SocketAddr;

/// Why an [`Admin`](crate::Admin) call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The node, or the parent of the node to create, does not exist.
    #[error("{path}: there is no such node")]
    NoNode {
        /// The node.
        path: String,
    },
    /// The node to create exists.
    #[error("{path}: the node exists")]
    NodeExists {
        /// The node.
        path: String,
    },
    /// The node to delete has children.
    #[error("{path}: the node has children")]
    NotEmpty {
        /// The node.
        path: String,
    },
    /// The node's ACL forbids it.
    #[error("{path}: the node's ACL forbids it")]
    NoAuth {
        /// The node.
        path: String,
    },
    /// Any other error of the server.
    #[error("{path}: ZooKeeper's error code {code}")]
    Server {
        /// The node.
        path: String,
        /// ZooKeeper's code, as `KeeperException.Code`.
        code: i32,
    },
    /// The connection failed; whether the request took effect is unknown.
    #[error("no connection to the ZooKeeper server at {address}")]
    Connection {
        /// The server.
        address: SocketAddr,
        /// What the socket said.
        #[source]
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn from_code(code: i32, path: &str) -> Self {
        let path = path.to_owned();
        match code {
            -101 => Self::NoNode { path },
            -102 => Self::NoAuth { path },
            -110 => Self::NodeExists { path },
            -111 => Self::NotEmpty { path },
            code => Self::Server { path, code },
        }
    }
}
