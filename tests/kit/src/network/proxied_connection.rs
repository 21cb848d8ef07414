//! A connection through a proxy: the client's socket and the socket to the server.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;

use crate::network::direction::Direction;
use crate::network::mode::ProxyMode;
use crate::network::traffic::{RequestStream, ResponseStream, Traffic, lock};

/// The target is on loopback and answers at once, or refuses.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct ProxiedConnection {
    pub(super) client: TcpStream,
    /// Connected when a mode first lets bytes pass.
    pub(super) server: Option<TcpStream>,
    to_server: Direction,
    to_client: Direction,
    requests: RequestStream,
    responses: ResponseStream,
}

impl ProxiedConnection {
    pub(super) fn new(client: TcpStream) -> Self {
        Self {
            client,
            server: None,
            to_server: Direction::default(),
            to_client: Direction::default(),
            requests: RequestStream::default(),
            responses: ResponseStream::default(),
        }
    }

    /// The events to poll the client's and the server's socket for.
    pub(super) fn interest(&self, mode: ProxyMode, now: Instant) -> (PollFlags, PollFlags) {
        let (to_server, to_client) = mode.delays();
        let flags = |input: bool, direction: &Direction, open: bool| {
            let output = open && direction.due().is_some_and(|due| due <= now);
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, input);
            flags.set(PollFlags::OUT, output);
            flags
        };
        let input = |direction: &Direction, open: bool| open && direction.wants_input();
        (
            flags(input(&self.to_server, to_server.is_some()), &self.to_client, to_client.is_some()),
            flags(input(&self.to_client, to_client.is_some()), &self.to_server, to_server.is_some()),
        )
    }

    /// When each direction that passes has bytes to write.
    pub(super) fn due_times(&self, mode: ProxyMode) -> [Option<Instant>; 2] {
        let (to_server, to_client) = mode.delays();
        [to_server.and_then(|_| self.to_server.due()), to_client.and_then(|_| self.to_client.due())]
    }

    /// Reads the bytes that have arrived and writes the bytes that are due.
    pub(super) fn advance(
        &mut self,
        mode: ProxyMode,
        target: SocketAddr,
        traffic: &Mutex<Traffic>,
    ) -> io::Result<()> {
        let (to_server, to_client) = mode.delays();
        if to_server.is_none() && to_client.is_none() {
            return Ok(());
        }
        let server = match &self.server {
            Some(server) => server,
            None => {
                let server = TcpStream::connect_timeout(&target, CONNECT_LIMIT)?;
                server.set_nonblocking(true)?;
                server.set_nodelay(true)?;
                self.server.insert(server)
            }
        };
        if let Some(delay) = to_server {
            if self.to_server.wants_input() {
                let requests = &mut self.requests;
                self.to_server
                    .read(&self.client, delay, |bytes| lock(traffic).record_requests(bytes, requests))?;
            }
            self.to_server.write(server, Instant::now())?;
        }
        if let Some(delay) = to_client {
            if self.to_client.wants_input() {
                let responses = &mut self.responses;
                self.to_client
                    .read(server, delay, |bytes| lock(traffic).record_responses(bytes, responses))?;
            }
            self.to_client.write(&self.client, Instant::now())?;
        }
        Ok(())
    }

    /// Whether both directions have passed on the end of their stream.
    pub(super) fn has_ended(&self) -> bool {
        self.to_server.ended() && self.to_client.ended()
    }

    pub(super) fn reset(self) {
        reset(self.client);
        self.server.into_iter().for_each(reset);
    }
}

/// Closes `stream` with a reset instead of an orderly end.
pub(super) fn reset(stream: TcpStream) {
    // If that fails, the connection still ends, but in the orderly way.
    let _ = rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO));
    drop(stream);
}
