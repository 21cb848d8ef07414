//! As much of ZooKeeper's protocol as the kit needs, written apart from the client that is under test.
//!
//! A frame is a length (`i32`, big-endian) and a record. Strings and buffers have an `i32` length in front, -1 for null. The first
//! frame each way is the handshake; then each request has a header (xid, operation) and each answer (xid, zxid, error).

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::operation;
use crate::zookeeper::session::Session;

/// Each connect, read and write ends after this time.
const IO_LIMIT: Duration = Duration::from_secs(10);
/// The largest answer that is accepted.
const LARGEST_ANSWER: usize = 256 << 20;
/// The xid of an event, which no request asked for.
const EVENT_XID: i32 = -1;

/// A request's record under construction.
#[derive(Debug, Default)]
pub(crate) struct Record(Vec<u8>);

impl Record {
    pub(crate) fn int(mut self, value: i32) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(crate) fn long(mut self, value: i64) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(crate) fn boolean(mut self, value: bool) -> Self {
        self.0.push(value.into());
        self
    }

    pub(crate) fn buffer(self, value: &[u8]) -> Self {
        let length = i32::try_from(value.len()).expect("a buffer of a test is below 2 GiB");
        let mut record = self.int(length);
        record.0.extend_from_slice(value);
        record
    }

    pub(crate) fn string(self, value: &str) -> Self {
        self.buffer(value.as_bytes())
    }

    pub(crate) fn record(mut self, other: Self) -> Self {
        self.0.extend_from_slice(&other.0);
        self
    }
}

/// An answer that is being taken apart.
#[derive(Debug)]
pub(crate) struct Answer<'a>(&'a [u8]);

impl Answer<'_> {
    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let (head, rest) =
            self.0.split_first_chunk::<N>().ok_or_else(|| invalid("an answer is too short"))?;
        self.0 = rest;
        Ok(*head)
    }

    pub(crate) fn int(&mut self) -> io::Result<i32> {
        Ok(i32::from_be_bytes(self.take()?))
    }

    pub(crate) fn long(&mut self) -> io::Result<i64> {
        Ok(i64::from_be_bytes(self.take()?))
    }

    /// An integer behind a boolean that nobody needs.
    pub(crate) fn int_after_boolean(&mut self) -> io::Result<i32> {
        self.take::<1>()?;
        self.int()
    }

    /// A buffer; null is read as empty.
    pub(crate) fn buffer(&mut self) -> io::Result<Vec<u8>> {
        let length = usize::try_from(self.int()?).unwrap_or(0);
        let (head, rest) =
            self.0.split_at_checked(length).ok_or_else(|| invalid("an answer is too short"))?;
        self.0 = rest;
        Ok(head.to_vec())
    }

    pub(crate) fn string(&mut self) -> io::Result<String> {
        String::from_utf8(self.buffer()?).map_err(|_| invalid("a string is not UTF-8"))
    }
}

/// What a server answered to a request: its error code (0: none) and the record that follows.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) error: i32,
    body: Vec<u8>,
}

impl Reply {
    pub(crate) fn answer(&self) -> Answer<'_> {
        Answer(&self.body)
    }
}

/// A connection with a session, one request at a time.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    xid: i32,
}

impl Connection {
    /// Connects and opens a session, or takes over `session`. `NotConnected` when the server does not know it any more.
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
        // Protocol version 0, no zxid seen; the last field: a read-only server will not do.
        let hello = Record::default().int(0).long(0).int(timeout).long(id).buffer(password).boolean(false);
        connection.send(&hello)?;
        let body = connection.receive()?;
        let mut welcome = Answer(&body);
        let (_version, granted) = (welcome.int()?, welcome.int()?);
        if granted <= 0 {
            return Err(io::Error::new(io::ErrorKind::NotConnected, "the session has expired"));
        }
        Ok(connection)
    }

    /// Sends one request and waits for its answer; events in between are dropped.
    pub(crate) fn request(&mut self, operation: i32, record: Record) -> io::Result<Reply> {
        self.xid = self.xid.wrapping_add(1).max(1);
        self.request_as(self.xid, operation, record)
    }

    /// [`Connection::request`] with a given xid: pings (-2) and auth (-4) have fixed ones.
    pub(crate) fn request_as(&mut self, xid: i32, operation: i32, record: Record) -> io::Result<Reply> {
        self.send(&Record::default().int(xid).int(operation).record(record))?;
        loop {
            let body = self.receive()?;
            let mut answer = Answer(&body);
            let (answered, _zxid, error) = (answer.int()?, answer.long()?, answer.int()?);
            if answered == xid {
                return Ok(Reply { error, body: answer.0.to_vec() });
            }
            if answered != EVENT_XID {
                return Err(invalid("an answer to another request"));
            }
        }
    }

    /// Whether the server has not ended the connection, as far as the kernel knows.
    pub(crate) fn is_open(&self) -> bool {
        let waits = |error: io::Error| error.kind() == io::ErrorKind::WouldBlock;
        let quiet = self.stream.set_nonblocking(true).is_ok()
            && self.stream.peek(&mut [0]).map_or_else(waits, |bytes| bytes > 0);
        quiet && self.stream.set_nonblocking(false).is_ok()
    }

    /// Closes the session.
    pub(crate) fn close(mut self) -> io::Result<()> {
        let reply = self.request(operation::CLOSE_SESSION, Record::default())?;
        if reply.error == 0 { Ok(()) } else { Err(invalid("the server refused to close the session")) }
    }

    fn send(&mut self, record: &Record) -> io::Result<()> {
        // One write: two would wait for each other's acknowledgement.
        self.stream.write_all(&Record::default().buffer(&record.0).0)
    }

    fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length) as usize;
        if length > LARGEST_ANSWER {
            return Err(invalid("an answer is too long"));
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(body)
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
