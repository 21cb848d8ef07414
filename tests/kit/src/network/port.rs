//! Ports that nobody else can take, also while their server is down.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};

use rustix::net::{
    AddressFamily, Shutdown, SocketFlags, SocketType, bind, listen, shutdown, socket_with, sockopt,
};

/// A loopback port that stays ours for as long as this value lives.
///
/// A socket is bound to it and does not listen. Linux lets another socket bind and listen beside it when both set
/// `SO_REUSEADDR` (std and ZooKeeper do), refuses connections while nobody listens, and gives the port to nobody who
/// asks for a free one.
#[derive(Debug)]
pub(crate) struct ReservedPort {
    address: SocketAddrV4,
    /// A listener by type only: it listens between [`ReservedPort::listen`] and [`ReservedPort::refuse`].
    socket: TcpListener,
}

impl ReservedPort {
    /// Reserves a free port of 127.0.0.1.
    pub(crate) fn new() -> io::Result<Self> {
        Self::bind(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))
    }

    /// Reserves `address`; port 0 picks a free one.
    pub(crate) fn bind(address: SocketAddrV4) -> io::Result<Self> {
        let first = bound(address)?;
        let std::net::SocketAddr::V4(address) = first.local_addr()? else {
            return Err(io::Error::other("an IPv4 socket has an IPv4 address"));
        };
        // The kernel takes a port that it chose away from a socket that stops listening, but not one that was named. So the
        // choice is made with one socket and named to a second one, before the first lets go.
        let socket = bound(address)?;
        Ok(Self { address, socket })
    }

    pub(crate) fn address(&self) -> SocketAddrV4 {
        self.address
    }

    /// Listens at the port with a socket of our own; so many connections may wait to be accepted.
    pub(crate) fn listen(&self, backlog: i32) -> io::Result<()> {
        Ok(listen(&self.socket, backlog)?)
    }

    /// Stops listening: connects are refused, those that were not accepted are reset.
    pub(crate) fn refuse(&self) -> io::Result<()> {
        Ok(shutdown(&self.socket, Shutdown::Read)?)
    }

    /// The socket, to poll it and to accept from it.
    pub(crate) fn socket(&self) -> &TcpListener {
        &self.socket
    }
}

fn bound(address: SocketAddrV4) -> io::Result<TcpListener> {
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    bind(&socket, &address)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    fn assert_refused(port: &ReservedPort) {
        let error = TcpStream::connect(port.address()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn a_reserved_port_refuses_until_somebody_listens_and_refuses_again_afterwards() {
        let port = ReservedPort::new().unwrap();
        assert_refused(&port);
        let listener = TcpListener::bind(port.address()).unwrap();
        TcpStream::connect(port.address()).unwrap();
        // A process that another test starts has a copy of the listener for a moment: closing ours would not end it.
        shutdown(&listener, Shutdown::Read).unwrap();
        drop(listener);
        assert_refused(&port);
    }

    #[test]
    fn a_port_of_ours_is_the_same_one_after_it_refused() {
        let port = ReservedPort::new().unwrap();
        for _ in 0..3 {
            port.listen(1).unwrap();
            TcpStream::connect(port.address()).unwrap();
            port.refuse().unwrap();
            assert_refused(&port);
            assert_eq!(port.socket().local_addr().unwrap().port(), port.address().port());
        }
    }

    #[test]
    fn a_reserved_port_is_given_to_nobody_who_asks_for_a_free_one() {
        let port = ReservedPort::new().unwrap();
        let others: Vec<_> = (0..500).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        assert!(others.iter().all(|other| other.local_addr().unwrap().port() != port.address().port()));
    }
}
