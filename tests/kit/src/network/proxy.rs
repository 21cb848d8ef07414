//! A TCP proxy in front of a server, with faults that a test switches at run time.

use std::net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;
use std::{io, io::Write};

use crate::network::mode::ProxyMode;
use crate::network::port::ReservedPort;
use crate::network::relay::{ProxyCommand, Relay};
use crate::network::traffic::{ProxyCounts, Traffic};
use crate::zookeeper::session::Session;

/// A TCP proxy on loopback in front of one address. It ends with this value.
///
/// One thread serves hundreds of connections. The proxy parses what passes: it counts requests and
/// records the id and password of each session that is opened through it.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    commands: Sender<(ProxyCommand, Sender<()>)>,
    wake: UnixStream,
    traffic: Arc<Mutex<Traffic>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// A proxy on a free port of 127.0.0.1 in front of `target`, which need not be up.
    ///
    /// # Panics
    ///
    /// When no port is free or no thread can be started.
    #[must_use]
    pub fn start(target: SocketAddr) -> Self {
        Self::start_at(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0), target)
    }

    /// A proxy at `listen`, so that several addresses of one name can share a port.
    ///
    /// All addresses of 127.0.0.0/8 are usable.
    ///
    /// # Panics
    ///
    /// When `listen` is taken or no thread can be started.
    #[must_use]
    pub fn start_at(listen: SocketAddrV4, target: SocketAddr) -> Self {
        let port = ReservedPort::bind(listen)
            .unwrap_or_else(|error| panic!("the proxy cannot listen at {listen}: {error}"));
        let address = port.address().into();
        let (wake, wake_reader) = UnixStream::pair().expect("a socket pair can be made");
        let (commands, received) = mpsc::channel();
        let traffic = Arc::new(Mutex::new(Traffic::default()));
        let relay = Relay::new(port, target, received, wake_reader, Arc::clone(&traffic))
            .expect("a bound port can listen");
        let thread = thread::Builder::new()
            .name("testkit-proxy".into())
            .spawn(move || relay.run())
            .expect("a thread can be started");
        Self { address, commands, wake, traffic, thread: Some(thread) }
    }

    /// The address for clients; it stays the same for the life of this value.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// [`Proxy::address`] as `127.0.0.1:port`, as in `zookeeper.hosts`.
    #[must_use]
    pub fn connect_string(&self) -> String {
        self.address.to_string()
    }

    /// Switches the mode. It applies when this returns.
    pub fn set_mode(&self, mode: ProxyMode) {
        self.command(ProxyCommand::Mode(mode));
    }

    /// Sends new connections to another address; existing connections stay.
    pub fn set_target(&self, target: SocketAddr) {
        self.command(ProxyCommand::Target(target));
    }

    /// Resets (RST) all connections on both sides.
    ///
    /// Bytes that they held back are lost. New connections are served by the mode.
    pub fn reset_connections(&self) {
        self.command(ProxyCommand::ResetConnections);
    }

    /// Counts of connections, requests and bytes so far.
    #[must_use]
    pub fn counts(&self) -> ProxyCounts {
        self.lock().counts.clone()
    }

    /// Number of connections that are open now.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.lock().open
    }

    /// When each connection was accepted, in order. Tests check the rate of reconnects with it.
    #[must_use]
    pub fn accepted_at(&self) -> Vec<Instant> {
        self.lock().accepted_at.clone()
    }

    /// Number of requests with the code `code`, one of [`operation`](crate::operation).
    #[must_use]
    pub fn requests_of(&self, code: i32) -> usize {
        self.lock().operations.iter().filter(|operation| **operation == code).count()
    }

    /// The sessions that were opened through this proxy, oldest first, each once.
    #[must_use]
    pub fn sessions(&self) -> Vec<Session> {
        self.lock().sessions.clone()
    }

    /// The newest of [`Proxy::sessions`].
    ///
    /// # Panics
    ///
    /// When no session was opened through the proxy yet.
    #[must_use]
    pub fn last_session(&self) -> Session {
        self.lock().sessions.last().cloned().expect("no session was opened through the proxy yet")
    }

    fn command(&self, command: ProxyCommand) {
        let (done, wait) = mpsc::channel();
        self.commands.send((command, done)).expect("the proxy's thread runs as long as its handle");
        self.wake().expect("the proxy's thread can be woken");
        wait.recv().expect("the proxy's thread confirms each command");
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
        // Closing the wake socket ends the thread, which resets all connections.
        let _ = self.wake.shutdown(Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
