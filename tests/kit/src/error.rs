//! Errors of the kit that a test may expect.

use std::io;
use std::net::SocketAddr;

use crate::zookeeper::error_code;

/// Why an [`Admin`](crate::Admin) call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The node, or the parent of the node to create, does not exist.
    #[error("{path}: the node does not exist")]
    NoNode {
        /// The node.
        path: String,
    },
    /// The node to create exists already.
    #[error("{path}: the node exists already")]
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
    /// The ACL of the node forbids the request.
    #[error("{path}: the ACL of the node forbids the request")]
    NoAuth {
        /// The node.
        path: String,
    },
    /// Any other error of the server.
    #[error("{path}: ZooKeeper answered with error code {code}")]
    Server {
        /// The node.
        path: String,
        /// The code, as in `KeeperException.Code`.
        code: i32,
    },
    /// The connection failed; whether the request took effect is unknown.
    #[error("the connection to the ZooKeeper server at {address} failed: {source}")]
    Connection {
        /// The server.
        address: SocketAddr,
        /// The error of the socket.
        #[source]
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn from_code(code: i32, path: &str) -> Self {
        let path = path.to_owned();
        match code {
            error_code::NO_NODE => Self::NoNode { path },
            error_code::NO_AUTH => Self::NoAuth { path },
            error_code::NODE_EXISTS => Self::NodeExists { path },
            error_code::NOT_EMPTY => Self::NotEmpty { path },
            code => Self::Server { path, code },
        }
    }
}
