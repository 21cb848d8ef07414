//! A connection to a ZooKeeper server, written apart from the client that is under test.
//!
//! A frame is a length (`i32`, big-endian) and a record. The first frame of each side is the
//! handshake. After it each request starts with xid and operation, and each response with xid,
//! zxid and error code.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::operation;
use crate::zookeeper::record::{Fields, Record};
use crate::zookeeper::session::Session;

/// Each connect, read and write ends after this time.
const IO_LIMIT: Duration = Duration::from_secs(10);
/// The longest response that is accepted, in bytes.
const MAX_RESPONSE: usize = 256 << 20;
/// The xid of a watch event, which belongs to no request.
const EVENT_XID: i32 = -1;

/// A server's response to a request: its error code (0 for none) and the record that follows.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) error: i32,
    body: Vec<u8>,
}

impl Response {
    pub(crate) fn fields(&self) -> Fields<'_> {
        Fields::new(&self.body)
    }
}

/// A connection with a session, one request at a time.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    xid: i32,
}

impl Connection {
    /// Connects and opens a session, or takes over `session`.
    ///
    /// The error is `NotConnected` when the server no longer knows `session`.
    pub(crate) fn open(
        address: SocketAddr,
        timeout: Duration,
        session: Option<&Session>,
    ) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, IO_LIMIT)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(IO_LIMIT))?;
        stream.set_write_timeout(Some(IO_LIMIT))?;
        let mut connection = Self { stream, xid: 0 };
        let (id, password) = session.map_or((0, &[0; 16][..]), |session| (session.id, &session.password));
        let timeout = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        // Protocol version 0, no zxid seen. The last field refuses a read-only server.
        let hello = Record::default().int(0).long(0).int(timeout).long(id).buffer(password).boolean(false);
        connection.send(hello)?;
        let body = connection.receive()?;
        let mut fields = Fields::new(&body);
        let (_version, granted) = (fields.int()?, fields.int()?);
        if granted <= 0 {
            return Err(io::Error::new(io::ErrorKind::NotConnected, "the session has expired"));
        }
        Ok(connection)
    }

    /// Sends one request and waits for its response; watch events in between are dropped.
    pub(crate) fn request(&mut self, operation: i32, record: Record) -> io::Result<Response> {
        self.xid = self.xid.wrapping_add(1).max(1);
        self.request_as(self.xid, operation, record)
    }

    /// [`Connection::request`] with a given xid: pings (-2) and auth (-4) have fixed ones.
    pub(crate) fn request_as(&mut self, xid: i32, operation: i32, record: Record) -> io::Result<Response> {
        self.send(Record::default().int(xid).int(operation).record(record))?;
        loop {
            let body = self.receive()?;
            let mut fields = Fields::new(&body);
            let (answered, _zxid, error) = (fields.int()?, fields.long()?, fields.int()?);
            if answered == xid {
                return Ok(Response { error, body: fields.rest().to_vec() });
            }
            if answered != EVENT_XID {
                return Err(invalid("a response to another request"));
            }
        }
    }

    /// Whether the server has kept the connection open, as far as the kernel knows.
    pub(crate) fn is_open(&self) -> bool {
        let would_block = |error: io::Error| error.kind() == io::ErrorKind::WouldBlock;
        let open = self.stream.set_nonblocking(true).is_ok()
            && self.stream.peek(&mut [0]).map_or_else(would_block, |bytes| bytes > 0);
        open && self.stream.set_nonblocking(false).is_ok()
    }

    /// Closes the session.
    pub(crate) fn close(mut self) -> io::Result<()> {
        let response = self.request(operation::CLOSE_SESSION, Record::default())?;
        if response.error == 0 { Ok(()) } else { Err(invalid("the server refused to close the session")) }
    }

    fn send(&mut self, record: Record) -> io::Result<()> {
        // One write: with two, the second one waits for the acknowledgement of the first.
        self.stream.write_all(&record.into_frame())
    }

    fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length) as usize;
        if length > MAX_RESPONSE {
            return Err(invalid("a response is too long"));
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(body)
    }
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
