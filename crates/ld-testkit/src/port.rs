//! Ports that nobody else can take, also while their server is down.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use rustix::net::{Shutdown, shutdown};

/// A loopback port that stays ours for as long as this value lives.
///
/// A socket is bound to it and does not listen. Linux lets another socket of ours bind and listen beside it when both set
/// `SO_REUSEADDR` (std and ZooKeeper do), refuses connections while nobody listens, and gives the port to nobody who
/// asks for a free one.
#[derive(Debug)]
pub(crate) struct ReservedPort {
    address: SocketAddr,
    _socket: TcpListener,
}

impl ReservedPort {
    /// Reserves a free port of 127.0.0.1.
    pub(crate) fn new() -> io::Result<Self> {
        Self::bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0))
    }

    /// Reserves `address`; port 0 picks a free one.
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpListener::bind(address)?;
        stop_listening(&socket)?;
        Ok(Self { address: socket.local_addr()?, _socket: socket })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Makes a listening socket refuse connections and keep its address (Linux; `listen` reverts it).
pub(crate) fn stop_listening(socket: &TcpListener) -> io::Result<()> {
    Ok(shutdown(socket, Shutdown::Read)?)
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn a_reserved_port_refuses_until_somebody_listens_and_refuses_again_afterwards() {
        let port = ReservedPort::new().unwrap();
        let refused = || {
            let error = TcpStream::connect(port.address()).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        };
        refused();
        let listener = TcpListener::bind(port.address()).unwrap();
        TcpStream::connect(port.address()).unwrap();
        drop(listener);
        refused();
    }

    #[test]
    fn a_reserved_port_is_given_to_nobody_who_asks_for_a_free_one() {
        let port = ReservedPort::new().unwrap();
        let others: Vec<_> = (0..200).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        assert!(others.iter().all(|other| other.local_addr().unwrap() != port.address()));
    }
}
