//! One reply, with everything in it that an attack may change.

use std::time::Duration;

use super::record::Record;

/// How a reply's bytes are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Delivery {
    /// At once, in one write.
    #[default]
    AtOnce,
    /// After a pause; the connection answers nothing else meanwhile.
    Delayed(Duration),
    /// Byte by byte, with a pause before each.
    Dripped(Duration),
    /// Not at all.
    Never,
}

/// What happens to the connection after a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Then {
    /// It goes on.
    #[default]
    KeepOpen,
    /// The server sends no more, and goes on reading.
    HalfClose,
    /// It ends.
    Close,
}

/// Bytes that are repeated after a reply, until the client is gone or all are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flood {
    /// One portion.
    pub portion: Vec<u8>,
    /// How often it is sent.
    pub times: u64,
}

/// A reply to one request, or an event.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Reply {
    /// The request's number; -1 for an event.
    pub xid: i32,
    /// The zxid of the last change that the server knows.
    pub zxid: i64,
    /// ZooKeeper's error code; 0 for none.
    pub error: i32,
    /// The record that follows the header. In a handshake, which has no header: protocol version (4
    /// bytes), session timeout in ms (4), session id (8), length of the password (4), password
    /// (16), whether it is read-only (1).
    pub body: Vec<u8>,
    /// The length that is sent in front, instead of the true one.
    pub length: Option<i32>,
    /// Sent before the reply, as it is.
    pub before: Vec<u8>,
    /// Sent instead of the reply, as it is: no length, no header.
    pub raw: Option<Vec<u8>>,
    /// Sent after the reply.
    pub flood: Option<Flood>,
    /// How it is sent.
    pub delivery: Delivery,
    /// What happens then.
    pub then: Then,
    /// The reply has no header: a handshake.
    pub(super) bare: bool,
}

impl Reply {
    /// An honest reply.
    pub(super) fn new(xid: i32, zxid: i64, error: i32, body: Record) -> Self {
        Self { xid, zxid, error, body: body.0, ..Self::default() }
    }

    /// An honest handshake.
    pub(super) fn handshake(timeout: i32, session: i64) -> Self {
        let body = Record::default().int(0).int(timeout).long(session).buffer(&[7; 16]).boolean(false);
        Self { body: body.0, bare: true, ..Self::default() }
    }

    /// An answer that is no frame: to a four-letter command.
    pub(super) fn text(text: &str) -> Self {
        Self { raw: Some(text.into()), then: Then::Close, ..Self::default() }
    }

    /// An event: 1 created, 2 deleted, 3 data changed, 4 children changed.
    pub(super) fn event(kind: i32, path: &str) -> Self {
        let body = Record::default().int(kind).int(3).string(path);
        Self::new(-1, -1, 0, body)
    }

    /// Overwrites four bytes of the body. Bytes that it does not have are not added.
    pub fn set_int(&mut self, offset: usize, value: i32) {
        self.set(offset, &value.to_be_bytes());
    }

    /// Overwrites eight bytes of the body, as [`Reply::set_int`].
    pub fn set_long(&mut self, offset: usize, value: i64) {
        self.set(offset, &value.to_be_bytes());
    }

    fn set(&mut self, offset: usize, bytes: &[u8]) {
        if let Some(place) = self.body.get_mut(offset..offset + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }

    /// What is sent, without the flood.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.before.clone();
        if let Some(raw) = &self.raw {
            bytes.extend_from_slice(raw);
            return bytes;
        }
        let header = if self.bare { Record::default() } else { self.header() };
        let true_length = i32::try_from(header.0.len() + self.body.len()).unwrap_or(i32::MAX);
        bytes.extend_from_slice(&self.length.unwrap_or(true_length).to_be_bytes());
        bytes.extend_from_slice(&header.0);
        bytes.extend_from_slice(&self.body);
        bytes
    }

    fn header(&self) -> Record {
        Record::default().int(self.xid).long(self.zxid).int(self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_honest_reply_has_its_length_and_header() {
        let reply = Reply::new(7, 9, 0, Record::default().int(5));
        let honest = Record::default().int(20).int(7).long(9).int(0).int(5).0;
        assert_eq!(reply.bytes(), honest);
    }

    #[test]
    fn a_handshake_has_no_header() {
        assert_eq!(Reply::handshake(4000, 1).bytes().len(), 4 + 37);
    }

    #[test]
    fn length_and_fields_can_lie() {
        let mut reply = Reply::handshake(4000, 1);
        reply.length = Some(-1);
        reply.set_int(4, i32::MAX);
        reply.set_long(8, -1);
        reply.set_long(1000, -1);
        let bytes = reply.bytes();
        assert_eq!(bytes[..4], [0xff; 4]);
        assert_eq!(bytes[8..12], i32::MAX.to_be_bytes());
        assert_eq!(bytes[12..20], [0xff; 8]);
    }
}
