//! A client's connection through the proxy, and the connection to the server that belongs to it.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;

use crate::network::direction::Direction;
use crate::network::proxy::{ProxyMode, reset};
use crate::network::traffic::{Traffic, lock};
use crate::zookeeper::frames::Frames;

/// The target is on loopback and answers at once, or refuses.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Pair {
    pub(super) client: TcpStream,
    /// Connected when the mode first lets something pass.
    pub(super) server: Option<TcpStream>,
    pub(super) to_server: Direction,
    pub(super) to_client: Direction,
    requests: Frames,
    answers: Frames,
    shaken_hands: (bool, bool),
}

impl Pair {
    pub(super) fn new(client: TcpStream) -> Self {
        Self {
            client,
            server: None,
            to_server: Direction::default(),
            to_client: Direction::default(),
            requests: Frames::default(),
            answers: Frames::default(),
            shaken_hands: (false, false),
        }
    }

    /// What to poll the client's and the server's socket for.
    pub(super) fn interest(&self, mode: ProxyMode, now: Instant) -> (PollFlags, PollFlags) {
        let (to_server, to_client) = passes(mode);
        let flags = |input: bool, lane: &Direction, open: bool| {
            let output = open && lane.due().is_some_and(|due| due <= now);
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, input);
            flags.set(PollFlags::OUT, output);
            flags
        };
        let input = |lane: &Direction, open: bool| open && lane.wants_input();
        (
            flags(input(&self.to_server, to_server.is_some()), &self.to_client, to_client.is_some()),
            flags(input(&self.to_client, to_client.is_some()), &self.to_server, to_server.is_some()),
        )
    }

    /// When each open lane has something to write.
    pub(super) fn dues(&self, mode: ProxyMode) -> [Option<Instant>; 2] {
        let (to_server, to_client) = passes(mode);
        [to_server.and_then(|_| self.to_server.due()), to_client.and_then(|_| self.to_client.due())]
    }

    /// Reads what is there and writes what is due.
    pub(super) fn advance(
        &mut self,
        mode: ProxyMode,
        target: SocketAddr,
        traffic: &Mutex<Traffic>,
    ) -> io::Result<()> {
        let (to_server, to_client) = passes(mode);
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
                let (frames, shaken) = (&mut self.requests, &mut self.shaken_hands.0);
                self.to_server
                    .read(&self.client, delay, |bytes| lock(traffic).note_requests(bytes, frames, shaken))?;
            }
            self.to_server.write(server, Instant::now())?;
        }
        if let Some(delay) = to_client {
            if self.to_client.wants_input() {
                let (frames, shaken) = (&mut self.answers, &mut self.shaken_hands.1);
                self.to_client
                    .read(server, delay, |bytes| lock(traffic).note_answers(bytes, frames, shaken))?;
            }
            self.to_client.write(&self.client, Instant::now())?;
        }
        Ok(())
    }

    pub(super) fn reset(self) {
        reset(self.client);
        self.server.into_iter().for_each(reset);
    }
}

/// The delay of each direction (to the server, to the client); `None` when it is held back.
fn passes(mode: ProxyMode) -> (Option<Duration>, Option<Duration>) {
    match mode {
        ProxyMode::Pass => (Some(Duration::ZERO), Some(Duration::ZERO)),
        ProxyMode::Refuse | ProxyMode::Reset | ProxyMode::Blackhole => (None, None),
        ProxyMode::OnlyToServer => (Some(Duration::ZERO), None),
        ProxyMode::OnlyToClient => (None, Some(Duration::ZERO)),
        ProxyMode::Delay { to_server, to_client } => (Some(to_server), Some(to_client)),
    }
}
