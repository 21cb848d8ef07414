//! What a client asks for.

use std::io;

use super::record::Fields;
use crate::operation;

/// The pseudo operation of the handshake; no request carries it.
pub const CONNECT: i32 = -10;
/// The pseudo operation of the four-letter command `isro`.
pub const ISRO: i32 = i32::from_be_bytes(*b"isro");
/// Lists a node's children, with its stat.
pub const GET_CHILDREN2: i32 = 12;
/// Removes watches.
pub const REMOVE_WATCHES: i32 = 18;
/// Sets watches again after a reconnect.
pub const SET_WATCHES: i32 = 101;
/// As [`SET_WATCHES`], for clients that have persistent watches.
pub(super) const SET_WATCHES2: i32 = 105;

/// The largest request that is read, in bytes.
pub(super) const LARGEST: usize = 64 << 20;

/// One request.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Request {
    /// The request's number, which an honest reply repeats.
    pub xid: i32,
    /// One of [`operation`], or of the constants of this module.
    pub operation: i32,
    /// The node that it is about; empty where there is none.
    pub path: String,
    /// What follows the header.
    pub(super) body: Vec<u8>,
}

/// A handshake.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hello {
    pub(super) last_zxid: i64,
    pub(super) timeout: i32,
    pub(super) session: i64,
}

impl Request {
    /// Parses a frame that follows the handshake.
    pub(super) fn parse(frame: &[u8]) -> io::Result<Self> {
        let mut fields = Fields::new(frame);
        let (xid, operation) = (fields.int()?, fields.int()?);
        let body = fields.rest().to_vec();
        let path = if has_path(operation) { fields.string()? } else { String::new() };
        Ok(Self { xid, operation, path, body })
    }

    /// The fields behind the path.
    pub(super) fn after_path(&self) -> io::Result<Fields<'_>> {
        let mut fields = self.fields();
        fields.string()?;
        Ok(fields)
    }

    pub(super) fn fields(&self) -> Fields<'_> {
        Fields::new(&self.body)
    }
}

impl Hello {
    pub(super) fn parse(frame: &[u8]) -> io::Result<Self> {
        let mut fields = Fields::new(frame);
        let _protocol = fields.int()?;
        Ok(Self { last_zxid: fields.long()?, timeout: fields.int()?, session: fields.long()? })
    }
}

fn has_path(operation: i32) -> bool {
    use operation::{CREATE, DELETE, EXISTS, GET_CHILDREN, GET_DATA, SET_ACL, SET_DATA, SYNC};
    [CREATE, DELETE, EXISTS, GET_DATA, SET_DATA, SET_ACL, GET_CHILDREN, SYNC, GET_CHILDREN2, REMOVE_WATCHES]
        .contains(&operation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile::record::Record;

    #[test]
    fn a_request_has_its_path_and_what_follows() {
        let frame = Record::default().int(7).int(operation::GET_DATA).string("/a").boolean(true).0;
        let request = Request::parse(&frame).unwrap();
        assert_eq!((request.xid, request.operation, request.path.as_str()), (7, operation::GET_DATA, "/a"));
        assert!(request.after_path().unwrap().boolean().unwrap());
    }

    #[test]
    fn a_short_request_is_an_error() {
        assert!(Request::parse(&[0; 5]).is_err());
    }
}
