//! ZooKeeper's operation codes, as far as tests send or count them.
//!
//! See [`Proxy::requests_of`](crate::Proxy::requests_of).

/// Creates a node.
pub const CREATE: i32 = 1;
/// Creates a node and gives its stat.
pub const CREATE2: i32 = 15;
/// Deletes a node.
pub const DELETE: i32 = 2;
/// Reads a node's stat.
pub const EXISTS: i32 = 3;
/// Reads a node's data and stat.
pub const GET_DATA: i32 = 4;
/// Sets a node's data.
pub const SET_DATA: i32 = 5;
/// Reads a node's ACL.
pub const GET_ACL: i32 = 6;
/// Sets a node's ACL.
pub const SET_ACL: i32 = 7;
/// Lists a node's children.
pub const GET_CHILDREN: i32 = 8;
/// Has the server catch up with its leader.
pub const SYNC: i32 = 9;
/// Keeps the session alive.
pub const PING: i32 = 11;
/// Lists a node's children, with the node's stat.
pub const GET_CHILDREN2: i32 = 12;
/// Several writes as one.
pub const MULTI: i32 = 14;
/// Removes watches.
pub const REMOVE_WATCHES: i32 = 18;
/// Adds credentials to the session.
pub const AUTH: i32 = 100;
/// Sets watches again after a reconnect.
pub const SET_WATCHES: i32 = 101;
/// As [`SET_WATCHES`], for clients with persistent watches; since ZooKeeper 3.6.
pub const SET_WATCHES2: i32 = 105;
/// Closes the session.
pub const CLOSE_SESSION: i32 = -11;

/// In the response to a multi: this step failed.
pub(crate) const ERROR: i32 = -1;
