//! Ports that stay reserved while their server is down.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};

use rustix::net::{
    AddressFamily, Shutdown, SocketFlags, SocketType, bind, listen, shutdown, socket_with, sockopt,
};

/// A loopback port that is reserved for as long as this value lives.
///
/// A socket is bound to it and does not listen. Linux lets another socket bind and listen beside it
/// when both set `SO_REUSEADDR`, as std and ZooKeeper do. It refuses connections while no socket
/// listens, and does not hand out the port as a free one.
#[derive(Debug)]
pub(crate) struct ReservedPort {
    address: SocketAddrV4,
    /// It listens only between [`ReservedPort::listen`] and [`ReservedPort::refuse`].
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
        // A socket that stops listening loses a port that the kernel chose, but not a port that was
        // named. So the kernel chooses for a first socket, and a second one binds by number.
        let socket = bound(address)?;
        Ok(Self { address, socket })
    }

    pub(crate) fn address(&self) -> SocketAddrV4 {
        self.address
    }

    /// Listens at the port with the kit's socket; `backlog` connections may wait to be accepted.
    pub(crate) fn listen(&self, backlog: i32) -> io::Result<()> {
        Ok(listen(&self.socket, backlog)?)
    }

    /// Stops listening: connects are refused, and connections that wait to be accepted are reset.
    pub(crate) fn refuse(&self) -> io::Result<()> {
        Ok(shutdown(&self.socket, Shutdown::Read)?)
    }

    /// The socket, to poll and to accept.
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
    fn a_reserved_port_refuses_before_and_after_its_listener() {
        let port = ReservedPort::new().unwrap();
        assert_refused(&port);
        let listener = TcpListener::bind(port.address()).unwrap();
        TcpStream::connect(port.address()).unwrap();
        // A process that another test starts may hold a copy of the listener for a moment, so
        // closing this one is not enough.
        shutdown(&listener, Shutdown::Read).unwrap();
        drop(listener);
        assert_refused(&port);
    }

    #[test]
    fn a_port_stays_the_same_after_it_refused() {
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
    fn a_reserved_port_is_not_handed_out_as_a_free_one() {
        let port = ReservedPort::new().unwrap();
        let others: Vec<_> = (0..500).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        assert!(others.iter().all(|other| other.local_addr().unwrap().port() != port.address().port()));
    }
}
