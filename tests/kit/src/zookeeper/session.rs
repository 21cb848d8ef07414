//! A session's identity, and how to end it from outside.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::network::proxy::{Proxy, ProxyMode};
use crate::zookeeper::wire::Connection;

/// What a server knows a session by: with it, anybody may take over or close the session.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// The session's id.
    pub id: i64,
    /// Its password, 16 bytes.
    pub password: Vec<u8>,
}

impl Session {
    /// Closes the session from outside, as its own client would: the server drops its connection, and its client is told
    /// "session expired" when it comes back. This is how an expiry is had at once and without silence.
    ///
    /// # Errors
    ///
    /// The server at `address` cannot be reached, or the session was gone already (`NotConnected`).
    pub fn close(&self, address: SocketAddr) -> io::Result<()> {
        // Any timeout will do: the session ends in the next request.
        Connection::open(address, Duration::from_secs(10), Some(self))?.close()
    }

    /// Lets the newest session behind `proxy` expire, and returns it. Its client is cut off meanwhile: it would take the session,
    /// and with it the connection that is to close it, back. `meanwhile` happens before it may connect again.
    ///
    /// # Panics
    ///
    /// When the session is gone already.
    #[track_caller]
    pub fn expire(proxy: &Proxy, server: SocketAddr, meanwhile: impl FnOnce()) -> Self {
        proxy.set_mode(ProxyMode::Refuse);
        let session = proxy.last_session();
        session.close(server).expect("a session lives on for its timeout without a connection");
        meanwhile();
        proxy.set_mode(ProxyMode::Pass);
        session
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({:#x})", self.id)
    }
}
