//! Attacks for rules that need more than one line.

use super::reply::{Flood, Reply};
use super::request::Request;

/// Offset of the session timeout in a handshake.
const TIMEOUT_OFFSET: usize = 4;
/// Offset of the session id in a handshake.
const SESSION_OFFSET: usize = 8;

/// Claims that a list has 0x7fffffff entries. For [`GET_CHILDREN`](crate::operation::GET_CHILDREN)
/// and other replies that start with a list.
pub fn huge_count(_: &Request, reply: &mut Reply) {
    reply.error = 0;
    reply.body = i32::MAX.to_be_bytes().to_vec();
}

/// Claims that data is `length` bytes long. For [`GET_DATA`](crate::operation::GET_DATA).
pub fn data_length(length: i32) -> impl Fn(&Request, &mut Reply) + Send + Sync {
    move |_, reply| reply.set_int(0, length)
}

/// Grants a session timeout, in milliseconds. For [`CONNECT`](super::CONNECT).
pub fn session_timeout(milliseconds: i32) -> impl Fn(&Request, &mut Reply) + Send + Sync {
    move |_, reply| reply.set_int(TIMEOUT_OFFSET, milliseconds)
}

/// Answers with another session than the client's. For [`CONNECT`](super::CONNECT).
pub fn another_session(id: i64) -> impl Fn(&Request, &mut Reply) + Send + Sync {
    move |_, reply| {
        reply.set_int(TIMEOUT_OFFSET, 10_000);
        reply.set_long(SESSION_OFFSET, id);
    }
}

/// Announces a frame of `announced` bytes and then sends `bytes` bytes.
pub fn flood(announced: i32, bytes: u64) -> impl Fn(&Request, &mut Reply) + Send + Sync {
    const PORTION: usize = 64 << 10;
    move |_, reply| {
        reply.raw = Some(announced.to_be_bytes().to_vec());
        reply.flood = Some(Flood { portion: vec![b'x'; PORTION], times: bytes / PORTION as u64 });
    }
}
