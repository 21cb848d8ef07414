//! The requests, sessions and bytes that a proxy observes.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::operation;
use crate::zookeeper::frames::Frames;
use crate::zookeeper::session::Session;

/// Counts of a [`Proxy`](crate::Proxy) since it was started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyCounts {
    /// Connections that were accepted, including those that were reset or held back.
    pub connections: u64,
    /// Requests that clients sent, without pings and handshakes.
    pub requests: u64,
    /// Pings that clients sent.
    pub pings: u64,
    /// Bytes that clients sent.
    pub bytes_from_clients: u64,
    /// Bytes that the server sent.
    pub bytes_from_server: u64,
}

/// What the proxy's thread has observed. The thread writes, the handle reads.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) counts: ProxyCounts,
    /// Connections that are open now.
    pub(crate) open: usize,
    pub(crate) accepted_at: Vec<Instant>,
    /// The operation code of each request.
    pub(crate) operations: Vec<i32>,
    pub(crate) sessions: Vec<Session>,
}

/// The frames of one client: the handshake, then requests.
#[derive(Debug, Default)]
pub(crate) struct RequestStream {
    frames: Frames,
    handshake_passed: bool,
}

/// The frames of the server to one client: the connect response, then the others.
#[derive(Debug, Default)]
pub(crate) struct ResponseStream {
    frames: Frames,
    handshake_passed: bool,
}

impl Traffic {
    /// Records what a client sends.
    pub(crate) fn record_requests(&mut self, bytes: &[u8], stream: &mut RequestStream) {
        self.counts.bytes_from_clients += bytes.len() as u64;
        let passed = &mut stream.handshake_passed;
        let record = |prefix: &[u8]| {
            if !std::mem::replace(passed, true) {
                return;
            }
            let Some(code) = prefix.get(4..8).and_then(|code| code.try_into().ok()) else { return };
            let code = i32::from_be_bytes(code);
            self.operations.push(code);
            if code == operation::PING { self.counts.pings += 1 } else { self.counts.requests += 1 }
        };
        stream.frames.feed(bytes, record);
    }

    /// Records what the server sends.
    ///
    /// The first response has the session: version, timeout, id, password. The id is 0 if the
    /// session has expired.
    pub(crate) fn record_responses(&mut self, bytes: &[u8], stream: &mut ResponseStream) {
        self.counts.bytes_from_server += bytes.len() as u64;
        let passed = &mut stream.handshake_passed;
        let record = |prefix: &[u8]| {
            if std::mem::replace(passed, true) {
                return;
            }
            let (Some(id), Some(password)) = (prefix.get(8..16), prefix.get(20..36)) else { return };
            let id = i64::from_be_bytes(id.try_into().expect("eight bytes"));
            let session = Session { id, password: password.to_vec() };
            if id != 0 && !self.sessions.contains(&session) {
                self.sessions.push(session);
            }
        };
        stream.frames.feed(bytes, record);
    }
}

/// Locks the traffic, also after a thread panicked with the lock.
pub(crate) fn lock(traffic: &Mutex<Traffic>) -> MutexGuard<'_, Traffic> {
    traffic.lock().unwrap_or_else(PoisonError::into_inner)
}
