//! An address where connects hang. No packet leaves the machine.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::time::Duration;

use crate::network::port::ReservedPort;

/// A connect on loopback that takes longer hangs, because the kernel answers within microseconds.
const HANG_LIMIT: Duration = Duration::from_millis(300);
/// A backlog of 0 still holds a few connections.
const MOST_FILLERS: usize = 16;

/// A loopback address that never answers connects, like an unroutable host or a firewall.
///
/// A socket listens there with the smallest backlog, which is full of connections that are never
/// accepted. The kernel drops the packets of all others. After this value is dropped, connects are
/// refused.
#[derive(Debug)]
pub struct Unroutable {
    port: ReservedPort,
    _fillers: Vec<TcpStream>,
}

impl Unroutable {
    /// At a free port of 127.0.0.1.
    ///
    /// # Panics
    ///
    /// When connects do not hang, as on a system other than Linux.
    #[must_use]
    pub fn start() -> Self {
        Self::start_at(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))
    }

    /// At `address`, so that several addresses of one name can share a port.
    ///
    /// All addresses of 127.0.0.0/8 are usable.
    ///
    /// # Panics
    ///
    /// When the address is taken, or connects do not hang.
    #[must_use]
    pub fn start_at(address: SocketAddrV4) -> Self {
        let port = ReservedPort::bind(address)
            .and_then(|port| port.listen(0).map(|()| port))
            .unwrap_or_else(|error| panic!("cannot listen at {address}: {error}"));
        let mut fillers = Vec::new();
        while let Ok(filler) = TcpStream::connect_timeout(&port.address().into(), HANG_LIMIT) {
            fillers.push(filler);
            assert!(fillers.len() < MOST_FILLERS, "connects to a full backlog do not hang on this system");
        }
        Self { port, _fillers: fillers }
    }

    /// The address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.port.address().into()
    }

    /// [`Unroutable::address`] as `127.0.0.1:port`, as in `zookeeper.hosts`.
    #[must_use]
    pub fn connect_string(&self) -> String {
        self.address().to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn connects_hang_until_it_is_dropped_and_are_refused_then() {
        let unroutable = Unroutable::start();
        let address = unroutable.address();
        for _ in 0..3 {
            let error = TcpStream::connect_timeout(&address, HANG_LIMIT).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
        }
        drop(unroutable);
        let error = TcpStream::connect_timeout(&address, Duration::from_secs(10)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }

    #[test]
    fn several_addresses_share_a_port() {
        let first = Unroutable::start_at("127.0.0.2:0".parse().unwrap());
        let port = first.address().port();
        let second = Unroutable::start_at(SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 3), port));
        assert_eq!((second.address().port(), second.connect_string()), (port, format!("127.0.0.3:{port}")));
    }
}
