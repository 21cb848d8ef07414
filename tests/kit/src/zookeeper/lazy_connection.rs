//! A connection that is opened when it is needed, and again after the server was restarted.

use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::operation;
use crate::zookeeper::connection::{Connection, Response};
use crate::zookeeper::record::Record;

/// The session timeout. Nothing pings, so an idle session ends, and the next call opens a new one.
const SESSION_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a call tries to get a connection: an ensemble may be electing.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);
/// A connection that was idle for this long is not used again: its session may be about to end.
const IDLE_LIMIT: Duration = Duration::from_secs(5);
const RETRY_INTERVAL: Duration = Duration::from_millis(20);

const AUTH_XID: i32 = -4;

/// A connection to one server, shared by threads: one request at a time.
#[derive(Debug)]
pub(crate) struct LazyConnection {
    address: SocketAddr,
    /// `user:password` of each user for the scheme `digest`.
    users: Vec<String>,
    /// With the time of its last use.
    open: Mutex<Option<(Connection, Instant)>>,
}

impl LazyConnection {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, users: Vec::new(), open: Mutex::new(None) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Authenticates all connections from now on as one more user.
    pub(crate) fn add_user(&mut self, user_and_password: String) {
        self.users.push(user_and_password);
        self.open = Mutex::new(None);
    }

    /// Sends a request, after connecting if there is no usable connection.
    pub(crate) fn request(&self, code: i32, record: Record) -> io::Result<Response> {
        let mut slot = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let is_usable =
            |(connection, used): &(Connection, Instant)| used.elapsed() < IDLE_LIMIT && connection.is_open();
        let mut connection = match slot.take().filter(is_usable) {
            Some((connection, _)) => connection,
            None => self.connect()?,
        };
        let response = connection.request(code, record)?;
        *slot = Some((connection, Instant::now()));
        Ok(response)
    }

    fn connect(&self) -> io::Result<Connection> {
        let start = Instant::now();
        loop {
            match self.connect_once() {
                Err(_) if start.elapsed() <= CONNECT_LIMIT => thread::sleep(RETRY_INTERVAL),
                outcome => return outcome,
            }
        }
    }

    fn connect_once(&self) -> io::Result<Connection> {
        let mut connection = Connection::open(self.address, SESSION_TIMEOUT, None)?;
        for user in &self.users {
            let record = Record::default().int(0).string("digest").string(user);
            connection.request_as(AUTH_XID, operation::AUTH, record)?;
        }
        Ok(connection)
    }
}

impl Drop for LazyConnection {
    fn drop(&mut self) {
        let slot = self.open.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some((connection, _)) = slot.take().filter(|(connection, _)| connection.is_open()) {
            // Otherwise the session would live on for its timeout. A server that is gone has none.
            let _ = connection.close();
        }
    }
}
