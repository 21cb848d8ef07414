//! Attacks that need more than one line, ready to be used in a rule.

use super::reply::{Flood, Reply};
use super::request::Request;

/// Where a handshake has its session timeout.
const TIMEOUT: usize = 4;
/// Where a handshake has its session id.
const SESSION: usize = 8;

/// Says that a list has 0x7fffffff entries. For [`GET_CHILDREN`](crate::zookeeper::operation::GET_CHILDREN)
/// and the like.
pub fn huge_count(_: &Request, reply: &mut Reply) {
    reply.error = 0;
    reply.body = i32::MAX.to_be_bytes().to_vec();
}

/// Says that data is `length` bytes long, whatever it is. For
/// [`GET_DATA`](crate::zookeeper::operation::GET_DATA).
pub fn data_length(length: i32) -> impl Fn(&Request, &mut Reply) + Send + Sync {
    move |_, reply| reply.set_int(0, length)
}

/// Grants a session timeout, in milliseconds. For [`CONNECT`](super::CONNECT).
pub fn session_timeout(milliseconds: i32) -> impl Fn(&Request, &mut Reply) + Send + Sync {
    move |_, reply| reply.set_int(TIMEOUT, milliseconds)
}

/// Answers with a session that was not asked for. For [`CONNECT`](super::CONNECT).
pub fn another_session(id: i64) -> impl Fn(&Request, &mut Reply) + Send + Sync {
    move |_, reply| {
        reply.set_int(TIMEOUT, 10_000);
        reply.set_long(SESSION, id);
    }
}

/// Sends a length of `announced` bytes and then `bytes` bytes instead of a frame.
pub fn flood(announced: i32, bytes: u64) -> impl Fn(&Request, &mut Reply) + Send + Sync {
    const PORTION: usize = 64 << 10;
    move |_, reply| {
        reply.raw = Some(announced.to_be_bytes().to_vec());
        reply.flood = Some(Flood { portion: vec![b'x'; PORTION], times: bytes / PORTION as u64 });
    }
}
