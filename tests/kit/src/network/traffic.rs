//! What a proxy has seen of the traffic, and what it changes of it.

use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::operation;
use crate::zookeeper::frames::Frames;
use crate::zookeeper::session::Session;

/// What has come through a [`Proxy`](crate::Proxy) since it was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyCounts {
    /// Connections that were accepted, also those that were reset or held back.
    pub connections: u64,
    /// Requests that clients sent, pings excluded, handshakes excluded.
    pub requests: u64,
    /// Pings that clients sent.
    pub pings: u64,
    /// Bytes that clients sent.
    pub bytes_from_clients: u64,
    /// Bytes that the server sent.
    pub bytes_from_server: u64,
}

/// What the proxy's thread has seen; it writes, the handle reads.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) counts: ProxyCounts,
    pub(crate) open: usize,
    pub(crate) accepted_at: Vec<Instant>,
    pub(crate) operations: Vec<i32>,
    pub(crate) sessions: Vec<Session>,
    /// The operation that servers do not know.
    pub(crate) unknown: Option<u8>,
}

impl Traffic {
    /// Notes what a client sends, and hides the operation that servers do not know.
    pub(crate) fn note_requests(&mut self, bytes: &mut [u8], frames: &mut Frames, shaken: &mut bool) {
        self.counts.bytes_from_clients += bytes.len() as u64;
        let (unknown, shaken) = (self.unknown, Cell::from_mut(shaken));
        let hide = |operation: &mut u8| {
            if shaken.get() && unknown == Some(*operation) {
                *operation = operation::UNKNOWN;
            }
        };
        let note = |prefix: &[u8]| {
            if !shaken.replace(true) {
                return;
            }
            let Some(code) = prefix.get(4..8).and_then(|code| code.try_into().ok()) else { return };
            let code = i32::from_be_bytes(code);
            self.operations.push(code);
            if code == operation::PING { self.counts.pings += 1 } else { self.counts.requests += 1 }
        };
        frames.feed(bytes, note, hide);
    }

    /// The first answer holds the session: version, timeout, id, password. Id 0 means that the session has expired.
    pub(crate) fn note_answers(&mut self, bytes: &mut [u8], frames: &mut Frames, shaken: &mut bool) {
        self.counts.bytes_from_server += bytes.len() as u64;
        let note = |prefix: &[u8]| {
            if std::mem::replace(shaken, true) {
                return;
            }
            let (Some(id), Some(password)) = (prefix.get(8..16), prefix.get(20..36)) else { return };
            let id = i64::from_be_bytes(id.try_into().expect("eight bytes"));
            let session = Session { id, password: password.to_vec() };
            if id != 0 && !self.sessions.contains(&session) {
                self.sessions.push(session);
            }
        };
        frames.feed(bytes, note, |_| {});
    }
}

/// The counts, also after a thread that held them panicked.
pub(crate) fn lock(traffic: &Mutex<Traffic>) -> MutexGuard<'_, Traffic> {
    traffic.lock().unwrap_or_else(PoisonError::into_inner)
}
