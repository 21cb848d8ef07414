//! One reply, with all parts that an attack may change.

use std::time::Duration;

use crate::zookeeper::record::Record;

/// How a reply's bytes are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Delivery {
    /// At once, in one write.
    #[default]
    AtOnce,
    /// After a pause. Further replies on the connection wait meanwhile.
    Delayed(Duration),
    /// Byte by byte, with a pause before each.
    Dripped(Duration),
    /// Never.
    Never,
}

/// What happens to the connection after a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Then {
    /// It stays open.
    #[default]
    KeepOpen,
    /// The server sends nothing more, but goes on reading.
    HalfClose,
    /// The server closes it.
    Close,
}

/// Bytes that are sent again and again after a reply, until the client is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flood {
    /// The bytes that are repeated.
    pub portion: Vec<u8>,
    /// How often they are sent.
    pub times: u64,
}

/// A reply to one request, or an event.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Reply {
    /// The request's number; -1 for an event.
    pub xid: i32,
    /// The zxid of the server's last change.
    pub zxid: i64,
    /// ZooKeeper's error code; 0 for none.
    pub error: i32,
    /// The record that follows the header. A handshake has no header and this record: protocol
    /// version (4 bytes), session timeout in ms (4), session id (8), length of the password (4),
    /// password (16), whether the server is read-only (1).
    pub body: Vec<u8>,
    /// The length that is sent in front instead of the true one.
    pub length: Option<i32>,
    /// Raw bytes before the reply.
    pub before: Vec<u8>,
    /// Raw bytes instead of the reply, without length and header.
    pub raw: Option<Vec<u8>>,
    /// Bytes after the reply.
    pub flood: Option<Flood>,
    /// How it is sent.
    pub delivery: Delivery,
    /// What happens to the connection then.
    pub then: Then,
    /// Whether the reply has no header, as a handshake.
    pub(super) is_bare: bool,
}

impl Reply {
    /// An honest reply.
    pub(super) fn new(xid: i32, zxid: i64, error: i32, body: Record) -> Self {
        Self { xid, zxid, error, body: body.into_bytes(), ..Self::default() }
    }

    /// An honest handshake.
    pub(super) fn handshake(timeout: i32, session: i64) -> Self {
        let body = Record::default().int(0).int(timeout).long(session).buffer(&[7; 16]).boolean(false);
        Self { body: body.into_bytes(), is_bare: true, ..Self::default() }
    }

    /// The answer to a four-letter command, which is not a frame.
    pub(super) fn text(text: &str) -> Self {
        Self { raw: Some(text.into()), then: Then::Close, ..Self::default() }
    }

    /// An event: 1 created, 2 deleted, 3 data changed, 4 children changed.
    pub(super) fn event(kind: i32, path: &str) -> Self {
        let body = Record::default().int(kind).int(3).string(path);
        Self::new(-1, -1, 0, body)
    }

    /// Overwrites four bytes of the body. A body that is too short stays as it is.
    pub fn set_int(&mut self, offset: usize, value: i32) {
        self.set(offset, &value.to_be_bytes());
    }

    /// Overwrites eight bytes of the body, as [`Reply::set_int`].
    pub fn set_long(&mut self, offset: usize, value: i64) {
        self.set(offset, &value.to_be_bytes());
    }

    fn set(&mut self, offset: usize, bytes: &[u8]) {
        if let Some(field) = self.body.get_mut(offset..offset + bytes.len()) {
            field.copy_from_slice(bytes);
        }
    }

    /// The bytes that are sent, without the flood.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.before.clone();
        if let Some(raw) = &self.raw {
            bytes.extend_from_slice(raw);
            return bytes;
        }
        let header = if self.is_bare { Record::default() } else { self.header() }.into_bytes();
        let true_length = i32::try_from(header.len() + self.body.len()).unwrap_or(i32::MAX);
        bytes.extend_from_slice(&self.length.unwrap_or(true_length).to_be_bytes());
        bytes.extend_from_slice(&header);
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
        let honest = Record::default().int(20).int(7).long(9).int(0).int(5).into_bytes();
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
