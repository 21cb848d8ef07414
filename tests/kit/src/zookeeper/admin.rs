//! A small blocking client for what a test does to nodes behind the back of the code under test.

use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::operation;
use crate::zookeeper::node::{Acl, Stat, Step};
use crate::zookeeper::wire::{Connection, Record, Reply};

/// The session timeout of an admin; it pings nobody, so an idle one's session ends and the next call opens a new one.
const SESSION_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a call tries to get a connection: an ensemble may be electing.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);
/// A connection that was not used for this long is not used again: its session may be ending at this very moment.
const IDLE_LIMIT: Duration = Duration::from_secs(5);
const RETRY_INTERVAL: Duration = Duration::from_millis(20);

const AUTH_XID: i32 = -4;
const ANY_VERSION: i32 = -1;

/// A blocking client of one server. It connects at the first call, and again when the server was restarted in between; each
/// call waits up to 20 s for a connection. Usable from any thread, one request at a time.
///
/// Paths are full paths, from the real root. All writes ignore versions.
#[derive(Debug)]
pub struct Admin {
    address: SocketAddr,
    users: Vec<String>,
    /// With the time of its last use.
    connection: Mutex<Option<(Connection, Instant)>>,
}

impl Admin {
    /// A client of the server at `address`, not authenticated.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self { address, users: Vec::new(), connection: Mutex::new(None) }
    }

    /// The same client, authenticated by the scheme `digest` with `user:password`; more than one user is possible.
    #[must_use]
    pub fn with_digest(mut self, user_and_password: impl Into<String>) -> Self {
        self.users.push(user_and_password.into());
        self.connection = Mutex::new(None);
        self
    }

    /// Creates a node that everybody may do everything with.
    ///
    /// # Errors
    ///
    /// [`Error::NodeExists`], [`Error::NoNode`] for the parent, and the errors of every call: [`Error::NoAuth`] and
    /// [`Error::Connection`].
    pub fn create(&self, path: &str, data: impl AsRef<[u8]>) -> Result<(), Error> {
        self.create_with_acl(path, data, &[Acl::anyone(Acl::ALL)])
    }

    /// Creates a node with its ACL.
    ///
    /// # Errors
    ///
    /// As [`Admin::create`].
    pub fn create_with_acl(&self, path: &str, data: impl AsRef<[u8]>, acl: &[Acl]) -> Result<(), Error> {
        let record = Record::default().string(path).buffer(data.as_ref());
        self.call(operation::CREATE, path, Acl::write(acl, record).int(0)).map(drop)
    }

    /// Creates a node whose data is null, which some clients write and which is not the same as empty.
    ///
    /// # Errors
    ///
    /// As [`Admin::create`].
    pub fn create_null(&self, path: &str) -> Result<(), Error> {
        let record = Record::default().string(path).int(-1);
        self.call(operation::CREATE, path, Acl::write(&[Acl::anyone(Acl::ALL)], record).int(0)).map(drop)
    }

    /// Creates a node and the parents that it lacks (empty ones).
    ///
    /// # Errors
    ///
    /// As [`Admin::create`]; a parent that exists is none.
    pub fn create_all(&self, path: &str, data: impl AsRef<[u8]>) -> Result<(), Error> {
        for (end, _) in path.match_indices('/').skip(1) {
            match self.create(&path[..end], b"") {
                Ok(()) | Err(Error::NodeExists { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        self.create(path, data)
    }

    /// Sets a node's data.
    ///
    /// # Errors
    ///
    /// [`Error::NoNode`], and the errors of every call.
    pub fn set(&self, path: &str, data: impl AsRef<[u8]>) -> Result<Stat, Error> {
        let record = Record::default().string(path).buffer(data.as_ref()).int(ANY_VERSION);
        let reply = self.call(operation::SET_DATA, path, record)?;
        Stat::read(&mut reply.answer()).map_err(|source| self.broken(source))
    }

    /// A node's data (null reads as empty) and stat.
    ///
    /// # Errors
    ///
    /// [`Error::NoNode`], and the errors of every call.
    pub fn get(&self, path: &str) -> Result<(Vec<u8>, Stat), Error> {
        let reply = self.call(operation::GET_DATA, path, Record::default().string(path).boolean(false))?;
        let mut answer = reply.answer();
        let parsed = answer.buffer().and_then(|data| Ok((data, Stat::read(&mut answer)?)));
        parsed.map_err(|source| self.broken(source))
    }

    /// A node's stat; `None` when it does not exist.
    ///
    /// # Errors
    ///
    /// The errors of every call.
    pub fn exists(&self, path: &str) -> Result<Option<Stat>, Error> {
        let record = Record::default().string(path).boolean(false);
        let reply = match self.call(operation::EXISTS, path, record) {
            Err(Error::NoNode { .. }) => return Ok(None),
            reply => reply?,
        };
        Stat::read(&mut reply.answer()).map(Some).map_err(|source| self.broken(source))
    }

    /// The names of a node's children, in no order.
    ///
    /// # Errors
    ///
    /// [`Error::NoNode`], and the errors of every call.
    pub fn children(&self, path: &str) -> Result<Vec<String>, Error> {
        let reply =
            self.call(operation::GET_CHILDREN, path, Record::default().string(path).boolean(false))?;
        let mut answer = reply.answer();
        let names = answer.int().and_then(|count| (0..count).map(|_| answer.string()).collect());
        names.map_err(|source| self.broken(source))
    }

    /// Deletes a node.
    ///
    /// # Errors
    ///
    /// [`Error::NoNode`], [`Error::NotEmpty`], and the errors of every call.
    pub fn delete(&self, path: &str) -> Result<(), Error> {
        self.call(operation::DELETE, path, Record::default().string(path).int(ANY_VERSION)).map(drop)
    }

    /// Deletes a node and everything below it; a missing one is fine.
    ///
    /// # Errors
    ///
    /// The errors of every call.
    pub fn delete_all(&self, path: &str) -> Result<(), Error> {
        let children = match self.children(path) {
            Err(Error::NoNode { .. }) => return Ok(()),
            children => children?,
        };
        for child in children {
            self.delete_all(&format!("{}/{child}", path.trim_end_matches('/')))?;
        }
        self.delete(path)
    }

    /// Replaces a node's ACL.
    ///
    /// # Errors
    ///
    /// [`Error::NoNode`], and the errors of every call.
    pub fn set_acl(&self, path: &str, acl: &[Acl]) -> Result<(), Error> {
        let record = Acl::write(acl, Record::default().string(path)).int(ANY_VERSION);
        self.call(operation::SET_ACL, path, record).map(drop)
    }

    /// Makes the server catch up with its leader before it answers further requests of this client.
    ///
    /// # Errors
    ///
    /// The errors of every call.
    pub fn sync(&self) -> Result<(), Error> {
        self.call(operation::SYNC, "/", Record::default().string("/")).map(drop)
    }

    /// All steps at one moment (one zxid), or none of them.
    ///
    /// # Errors
    ///
    /// The error of the first step that cannot be done, and the errors of every call.
    pub fn transaction(&self, steps: &[Step]) -> Result<(), Error> {
        let header = |record: Record, code: i32, last: bool| record.int(code).boolean(last).int(-1);
        let record = steps.iter().fold(Record::default(), |record, step| match step {
            Step::Create { path, data } => {
                let record = header(record, operation::CREATE, false).string(path).buffer(data);
                Acl::write(&[Acl::anyone(Acl::ALL)], record).int(0)
            }
            Step::Set { path, data } => {
                header(record, operation::SET_DATA, false).string(path).buffer(data).int(ANY_VERSION)
            }
            Step::Delete { path } => header(record, operation::DELETE, false).string(path).int(ANY_VERSION),
        });
        let reply = self.call(operation::MULTI, "/", header(record, -1, true))?;
        let mut answer = reply.answer();
        // A failed transaction answers each step with an error record: 0 before the culprit, its code, -2 after it.
        for step in steps {
            let read = (|| Ok((answer.int()?, answer.int_after_boolean()?)))();
            let (code, _) = read.map_err(|source| self.broken(source))?;
            if code != operation::ERROR {
                break;
            }
            match answer.int().map_err(|source| self.broken(source))? {
                0 => {}
                error => return Err(Error::from_code(error, step.path())),
            }
        }
        Ok(())
    }

    fn call(&self, code: i32, path: &str, record: Record) -> Result<Reply, Error> {
        let mut slot = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let usable =
            |(connection, used): &(Connection, Instant)| used.elapsed() < IDLE_LIMIT && connection.is_open();
        let mut connection = match slot.take().filter(usable) {
            Some((connection, _)) => connection,
            None => self.dial()?,
        };
        let reply = connection.request(code, record).map_err(|source| self.broken(source))?;
        *slot = Some((connection, Instant::now()));
        if reply.error == 0 { Ok(reply) } else { Err(Error::from_code(reply.error, path)) }
    }

    fn dial(&self) -> Result<Connection, Error> {
        let start = Instant::now();
        loop {
            match self.dial_once() {
                Ok(connection) => return Ok(connection),
                Err(source) if start.elapsed() > CONNECT_LIMIT => return Err(self.broken(source)),
                Err(_) => std::thread::sleep(RETRY_INTERVAL),
            }
        }
    }

    fn dial_once(&self) -> io::Result<Connection> {
        let mut connection = Connection::open(self.address, SESSION_TIMEOUT, None)?;
        for user in &self.users {
            let record = Record::default().int(0).string("digest").string(user);
            connection.request_as(AUTH_XID, operation::AUTH, record)?;
        }
        Ok(connection)
    }

    fn broken(&self, source: io::Error) -> Error {
        Error::Connection { address: self.address, source }
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        let slot = self.connection.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some((connection, _)) = slot.take().filter(|(connection, _)| connection.is_open()) {
            // Without this the session would live on for its timeout; a server that is gone does not mind.
            let _ = connection.close();
        }
    }
}
