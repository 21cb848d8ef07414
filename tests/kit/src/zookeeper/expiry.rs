//! Ending a session from outside, which its client sees as an expiry.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::network::mode::ProxyMode;
use crate::network::proxy::Proxy;
use crate::zookeeper::connection::Connection;
use crate::zookeeper::session::Session;

impl Session {
    /// Closes the session from outside, as its own client would.
    ///
    /// The server drops the client's connection and answers "session expired" when the client comes
    /// back. So a test gets an expiry at once and without silence.
    ///
    /// # Errors
    ///
    /// The server at `address` cannot be reached, or the session has ended (`NotConnected`).
    pub fn close(&self, address: SocketAddr) -> io::Result<()> {
        // The timeout does not matter: the session ends with the next request.
        Connection::open(address, Duration::from_secs(10), Some(self))?.close()
    }

    /// Lets the newest session behind `proxy` expire, and returns it.
    ///
    /// The client is cut off meanwhile. Otherwise it would take back its session, and close the
    /// connection that is about to end it. `meanwhile` runs before the client may connect again.
    ///
    /// # Panics
    ///
    /// When the session has ended already.
    #[track_caller]
    pub fn expire(proxy: &Proxy, server: SocketAddr, meanwhile: impl FnOnce()) -> Self {
        proxy.set_mode(ProxyMode::Refuse);
        let session = proxy.last_session();
        session.close(server).expect("a session outlives its connection by its timeout");
        meanwhile();
        proxy.set_mode(ProxyMode::Pass);
        session
    }
}
