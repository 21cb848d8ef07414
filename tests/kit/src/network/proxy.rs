//! A TCP proxy in front of a server, with faults that are switched at run time.

use std::net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{io, io::Write};

use crate::network::port::ReservedPort;
use crate::network::relay::{Command, Relay};
use crate::network::traffic::{ProxyCounts, Traffic};
use crate::zookeeper::session::Session;

/// What a [`Proxy`] does to the traffic.
///
/// No byte is ever lost or reordered, as in TCP: what a fault holds back is delivered when it heals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ProxyMode {
    /// Everything passes.
    #[default]
    Pass,
    /// Connects are refused, as by a dead server. Entering the mode resets the connections that there are.
    Refuse,
    /// Connects succeed, and the connection is reset at once. Entering the mode resets the connections that there are.
    Reset,
    /// Connects succeed, connections stay open, and nothing passes either way, the end of a connection included.
    Blackhole,
    /// Half-open: only bytes from the client to the server pass.
    OnlyToServer,
    /// Half-open: only bytes from the server to the client pass.
    OnlyToClient,
    /// Every byte arrives so much later; throughput stays.
    Delay {
        /// From the client to the server.
        to_server: Duration,
        /// From the server to the client.
        to_client: Duration,
    },
}

/// A TCP proxy on loopback in front of one address. One thread serves hundreds of connections. It ends with this value.
///
/// It reads along: it counts requests and knows the id and password of each session that was opened through it.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    commands: Sender<(Command, Sender<()>)>,
    wake: UnixStream,
    traffic: Arc<Mutex<Traffic>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// A proxy on a free port of 127.0.0.1 in front of `target`, which need not be up.
    ///
    /// # Panics
    ///
    /// When a port or a thread cannot be had.
    #[must_use]
    pub fn start(target: SocketAddr) -> Self {
        Self::start_at(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0), target)
    }

    /// A proxy at `listen`, so that several addresses of one name can share a port: all of 127.0.0.0/8 is there.
    ///
    /// # Panics
    ///
    /// When `listen` or a thread cannot be had.
    #[must_use]
    pub fn start_at(listen: SocketAddrV4, target: SocketAddr) -> Self {
        let port = ReservedPort::bind(listen)
            .unwrap_or_else(|error| panic!("the proxy cannot listen at {listen}: {error}"));
        let address = port.address().into();
        let (wake, woken) = UnixStream::pair().expect("a socket pair can be had");
        let (commands, received) = mpsc::channel();
        let traffic = Arc::new(Mutex::new(Traffic::default()));
        let relay =
            Relay::new(port, target, received, woken, Arc::clone(&traffic)).expect("a bound port can listen");
        let thread = thread::Builder::new()
            .name("testkit-proxy".into())
            .spawn(move || relay.run())
            .expect("a thread can be started");
        Self { address, commands, wake, traffic, thread: Some(thread) }
    }

    /// Where clients connect to; the same for the life of this value.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// [`Proxy::address`] as `127.0.0.1:port`, as in `zookeeper.hosts`.
    #[must_use]
    pub fn connect_string(&self) -> String {
        self.address.to_string()
    }

    /// Switches the mode; it is in force when this returns.
    pub fn set_mode(&self, mode: ProxyMode) {
        self.command(Command::Mode(mode));
    }

    /// Sends new connections to another address; those that there are stay where they are.
    pub fn set_target(&self, target: SocketAddr) {
        self.command(Command::Target(target));
    }

    /// Resets (RST) all connections, on both sides. What they held back is lost. New ones are served by the mode.
    pub fn reset_connections(&self) {
        self.command(Command::ResetConnections);
    }

    /// From now on servers do not know the operation `code` (see [`Proxy::requests_of`]), as if they were older: its requests
    /// get a code that is none.
    pub fn hide_operation(&self, code: u8) {
        self.lock().unknown = Some(code);
    }

    /// What has come through so far.
    #[must_use]
    pub fn counts(&self) -> ProxyCounts {
        self.lock().counts.clone()
    }

    /// How many connections are open now.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.lock().open
    }

    /// When each connection was accepted, in order: what a bound on the rate of reconnects is checked with.
    #[must_use]
    pub fn accepted_at(&self) -> Vec<Instant> {
        self.lock().accepted_at.clone()
    }

    /// How many requests had ZooKeeper's operation code `code`: 3 exists, 4 getData, 5 setData, 9 sync, 22 multiRead, 100 auth,
    /// 101 and 105 setWatches, 11 ping.
    #[must_use]
    pub fn requests_of(&self, code: i32) -> usize {
        self.lock().operations.iter().filter(|operation| **operation == code).count()
    }

    /// The sessions that were opened through this proxy, each once, in order of their first appearance.
    #[must_use]
    pub fn sessions(&self) -> Vec<Session> {
        self.lock().sessions.clone()
    }

    /// The newest of [`Proxy::sessions`].
    ///
    /// # Panics
    ///
    /// When there was none yet.
    #[must_use]
    pub fn last_session(&self) -> Session {
        self.lock().sessions.last().cloned().expect("no session was opened through the proxy yet")
    }

    fn command(&self, command: Command) {
        let (done, wait) = mpsc::channel();
        self.commands.send((command, done)).expect("the proxy's thread runs as long as its handle");
        self.wake().expect("the proxy's thread can be woken");
        wait.recv().expect("the proxy's thread obeys");
    }

    fn wake(&self) -> io::Result<()> {
        (&self.wake).write_all(&[0])
    }

    fn lock(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // The end of the wake socket is the order to end; connections are reset.
        let _ = self.wake.shutdown(Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Closes `stream` with a reset instead of an orderly end.
pub(crate) fn reset(stream: TcpStream) {
    // On failure the connection still ends, in the orderly way.
    let _ = rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO));
    drop(stream);
}
