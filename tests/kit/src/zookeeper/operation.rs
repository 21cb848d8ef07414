//! ZooKeeper's operation codes, as far as tests send or count them: see [`Proxy::requests_of`](crate::Proxy::requests_of).

/// Creates a node.
pub const CREATE: i32 = 1;
/// Deletes a node.
pub const DELETE: i32 = 2;
/// Checks a node's stat.
pub const EXISTS: i32 = 3;
/// Reads a node.
pub const GET_DATA: i32 = 4;
/// Writes a node.
pub const SET_DATA: i32 = 5;
/// Sets a node's ACL.
pub const SET_ACL: i32 = 7;
/// Lists a node's children.
pub const GET_CHILDREN: i32 = 8;
/// Has the server catch up with its leader.
pub const SYNC: i32 = 9;
/// Says that the client lives.
pub const PING: i32 = 11;
/// Several writes as one.
pub const MULTI: i32 = 14;
/// Several reads as one; since 3.6.
pub const MULTI_READ: i32 = 22;
/// Adds credentials to the session.
pub const AUTH: i32 = 100;
/// Ends the session.
pub const CLOSE_SESSION: i32 = -11;

/// In an answer to several as one: this one failed.
pub(crate) const ERROR: i32 = -1;
/// None that a server knows.
pub(crate) const UNKNOWN: u8 = 99;
