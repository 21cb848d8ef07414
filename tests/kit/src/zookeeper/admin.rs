//! A small blocking client with which a test changes nodes beside the code under test.

use std::io;
use std::net::SocketAddr;

use crate::error::Error;
use crate::operation;
use crate::zookeeper::connection::Response;
use crate::zookeeper::lazy_connection::LazyConnection;
use crate::zookeeper::node::{Acl, Stat};
use crate::zookeeper::record::Record;

pub(super) const ANY_VERSION: i32 = -1;

/// A blocking client of one server.
///
/// It connects at the first call, and again when the server was restarted in between. Each call
/// waits up to 20 s for a connection. Usable from any thread, one request at a time.
///
/// Paths are full paths, from the real root. All writes ignore versions.
#[derive(Debug)]
pub struct Admin {
    connection: LazyConnection,
}

impl Admin {
    /// A client of the server at `address`, not authenticated.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self { connection: LazyConnection::new(address) }
    }

    /// The same client, authenticated by the scheme `digest` with `user:password`.
    ///
    /// Several calls add several users.
    #[must_use]
    pub fn with_digest(mut self, user_and_password: impl Into<String>) -> Self {
        self.connection.add_user(user_and_password.into());
        self
    }

    /// Creates a node that every client may read, write and delete.
    ///
    /// # Errors
    ///
    /// [`Error::NodeExists`], [`Error::NoNode`] for the parent, and the errors of every call:
    /// [`Error::NoAuth`] and [`Error::Connection`].
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

    /// Creates a node with null as its data, which some clients write and which differs from empty.
    ///
    /// # Errors
    ///
    /// As [`Admin::create`].
    pub fn create_null(&self, path: &str) -> Result<(), Error> {
        let record = Record::default().string(path).int(-1);
        self.call(operation::CREATE, path, Acl::write(&[Acl::anyone(Acl::ALL)], record).int(0)).map(drop)
    }

    /// Creates a node and its missing parents, which are empty.
    ///
    /// # Errors
    ///
    /// As [`Admin::create`], but a parent may exist.
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
        let response = self.call(operation::SET_DATA, path, record)?;
        Stat::read(&mut response.fields()).map_err(|source| self.connection_error(source))
    }

    /// A node's data (null reads as empty) and stat.
    ///
    /// # Errors
    ///
    /// [`Error::NoNode`], and the errors of every call.
    pub fn get(&self, path: &str) -> Result<(Vec<u8>, Stat), Error> {
        let response = self.call(operation::GET_DATA, path, Record::default().string(path).boolean(false))?;
        let mut fields = response.fields();
        let parsed = fields.buffer().and_then(|data| Ok((data, Stat::read(&mut fields)?)));
        parsed.map_err(|source| self.connection_error(source))
    }

    /// A node's stat; `None` when it does not exist.
    ///
    /// # Errors
    ///
    /// The errors of every call.
    pub fn exists(&self, path: &str) -> Result<Option<Stat>, Error> {
        let record = Record::default().string(path).boolean(false);
        let response = match self.call(operation::EXISTS, path, record) {
            Err(Error::NoNode { .. }) => return Ok(None),
            response => response?,
        };
        Stat::read(&mut response.fields()).map(Some).map_err(|source| self.connection_error(source))
    }

    /// The names of a node's children, in no order.
    ///
    /// # Errors
    ///
    /// [`Error::NoNode`], and the errors of every call.
    pub fn children(&self, path: &str) -> Result<Vec<String>, Error> {
        let response =
            self.call(operation::GET_CHILDREN, path, Record::default().string(path).boolean(false))?;
        response.fields().strings().map_err(|source| self.connection_error(source))
    }

    /// Deletes a node.
    ///
    /// # Errors
    ///
    /// [`Error::NoNode`], [`Error::NotEmpty`], and the errors of every call.
    pub fn delete(&self, path: &str) -> Result<(), Error> {
        self.call(operation::DELETE, path, Record::default().string(path).int(ANY_VERSION)).map(drop)
    }

    /// Deletes a node and all nodes below it; the node may be missing.
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

    pub(super) fn call(&self, code: i32, path: &str, record: Record) -> Result<Response, Error> {
        let response =
            self.connection.request(code, record).map_err(|source| self.connection_error(source))?;
        if response.error == 0 { Ok(response) } else { Err(Error::from_code(response.error, path)) }
    }

    pub(super) fn connection_error(&self, source: io::Error) -> Error {
        Error::Connection { address: self.connection.address(), source }
    }
}
