//! The requests of a client.

use std::io;

use crate::operation;
use crate::zookeeper::record::Fields;

/// Stands for the handshake in a rule; no request has this operation.
pub const CONNECT: i32 = -10;
/// Stands for the four-letter command `isro` in a rule.
pub const ISRO: i32 = i32::from_be_bytes(*b"isro");

/// The longest request that is read, in bytes.
pub(super) const MAX_REQUEST: usize = 64 << 20;

/// One request.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Request {
    /// The request's number, which its reply repeats.
    pub xid: i32,
    /// One of [`operation`], or [`CONNECT`] or [`ISRO`].
    pub operation: i32,
    /// The path of its node; empty if it has none.
    pub path: String,
    /// The record that follows the header.
    pub(super) body: Vec<u8>,
}

/// The handshake of a client.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConnectRequest {
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

    /// The fields that follow the path.
    pub(super) fn after_path(&self) -> io::Result<Fields<'_>> {
        let mut fields = self.fields();
        fields.string()?;
        Ok(fields)
    }

    pub(super) fn fields(&self) -> Fields<'_> {
        Fields::new(&self.body)
    }
}

impl ConnectRequest {
    pub(super) fn parse(frame: &[u8]) -> io::Result<Self> {
        let mut fields = Fields::new(frame);
        let _protocol = fields.int()?;
        Ok(Self { last_zxid: fields.long()?, timeout: fields.int()?, session: fields.long()? })
    }
}

fn has_path(code: i32) -> bool {
    use operation::{
        CREATE, CREATE2, DELETE, EXISTS, GET_ACL, GET_CHILDREN, GET_CHILDREN2, GET_DATA, REMOVE_WATCHES,
        SET_ACL, SET_DATA, SYNC,
    };
    [
        CREATE,
        CREATE2,
        DELETE,
        EXISTS,
        GET_ACL,
        GET_CHILDREN,
        GET_CHILDREN2,
        GET_DATA,
        REMOVE_WATCHES,
        SET_ACL,
        SET_DATA,
        SYNC,
    ]
    .contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zookeeper::record::Record;

    #[test]
    fn a_request_has_its_path_and_the_fields_after_it() {
        let frame = Record::default().int(7).int(operation::GET_DATA).string("/a").boolean(true).into_bytes();
        let request = Request::parse(&frame).unwrap();
        assert_eq!((request.xid, request.operation, request.path.as_str()), (7, operation::GET_DATA, "/a"));
        assert!(request.after_path().unwrap().boolean().unwrap());
    }

    #[test]
    fn a_short_request_is_an_error() {
        assert!(Request::parse(&[0; 5]).is_err());
    }
}
