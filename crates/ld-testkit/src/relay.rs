//! The thread of a proxy: one loop over `poll`, so that delays are exact and a mode change concerns everything at once.

use std::io::{self, Read};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::frames::Frames;
use crate::lane::Lane;
use crate::port::ReservedPort;
use crate::proxy::{ProxyMode, reset};
use crate::record::Record;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;
/// The target is on loopback and answers at once, or refuses.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) enum Command {
    Mode(ProxyMode),
    Target(SocketAddr),
    ResetConnections,
}

#[derive(Debug)]
struct Pair {
    client: TcpStream,
    /// Connected when the mode first lets something pass.
    server: Option<TcpStream>,
    to_server: Lane,
    to_client: Lane,
    requests: Frames,
    answers: Frames,
    shaken_hands: (bool, bool),
}

#[derive(Debug)]
pub(crate) struct Relay {
    port: ReservedPort,
    target: SocketAddr,
    mode: ProxyMode,
    commands: Receiver<(Command, Sender<()>)>,
    woken: UnixStream,
    record: Arc<Mutex<Record>>,
    pairs: Vec<Pair>,
}

impl Relay {
    pub(crate) fn new(
        port: ReservedPort,
        target: SocketAddr,
        commands: Receiver<(Command, Sender<()>)>,
        woken: UnixStream,
        record: Arc<Mutex<Record>>,
    ) -> io::Result<Self> {
        port.socket().set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        port.listen(BACKLOG)?;
        Ok(Self { port, target, mode: ProxyMode::Pass, commands, woken, record, pairs: Vec::new() })
    }

    /// Serves until the handle is dropped.
    pub(crate) fn run(mut self) {
        while self.wait().is_ok_and(|go_on| go_on) {
            while let Ok((command, done)) = self.commands.try_recv() {
                self.obey(command);
                let _ = done.send(());
            }
            self.accept();
            self.move_bytes();
            lock(&self.record).open = self.pairs.len();
        }
        self.reset_all();
    }

    /// Sleeps until there is something to do. `false` when the handle is gone.
    fn wait(&mut self) -> io::Result<bool> {
        let mut sources = vec![PollFd::new(&self.woken, PollFlags::IN)];
        if self.mode != ProxyMode::Refuse {
            sources.push(PollFd::new(self.port.socket(), PollFlags::IN));
        }
        let now = Instant::now();
        let mut next: Option<Instant> = None;
        for pair in &self.pairs {
            let (client, server) = pair.interest(self.mode, now);
            // A socket without interest is left out: poll would report its end for ever.
            if !client.is_empty() {
                sources.push(PollFd::from_borrowed_fd(pair.client.as_fd(), client));
            }
            if let Some(stream) = pair.server.as_ref().filter(|_| !server.is_empty()) {
                sources.push(PollFd::from_borrowed_fd(stream.as_fd(), server));
            }
            let later = pair.dues(self.mode).into_iter().flatten().filter(|due| *due > now);
            next = later.chain(next).min();
        }
        let timeout = next.map(|due| {
            let wait = due.saturating_duration_since(now) + Duration::from_micros(100);
            Timespec::try_from(wait).expect("a delay of a test fits")
        });
        match poll(&mut sources, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        loop {
            match (&self.woken).read(&mut [0; 64]) {
                Ok(0) => return Ok(false),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error),
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Target(target) => self.target = target,
            Command::ResetConnections => self.reset_all(),
            Command::Mode(mode) => {
                if mode == ProxyMode::Refuse && self.mode != mode {
                    self.port.refuse().expect("a listener can stop");
                }
                if self.mode == ProxyMode::Refuse && self.mode != mode {
                    self.port.listen(BACKLOG).expect("a stopped listener can listen again");
                }
                self.mode = mode;
                if matches!(mode, ProxyMode::Refuse | ProxyMode::Reset) {
                    self.reset_all();
                }
            }
        }
    }

    fn reset_all(&mut self) {
        self.pairs.drain(..).for_each(Pair::reset);
        lock(&self.record).open = 0;
    }

    fn accept(&mut self) {
        while self.mode != ProxyMode::Refuse
            && let Ok((client, _)) = self.port.socket().accept()
        {
            let mut record = lock(&self.record);
            record.counts.connections += 1;
            record.accepted_at.push(Instant::now());
            drop(record);
            let usable = client.set_nonblocking(true).and_then(|()| client.set_nodelay(true));
            if self.mode == ProxyMode::Reset || usable.is_err() {
                reset(client);
            } else {
                self.pairs.push(Pair::new(client));
            }
        }
    }

    fn move_bytes(&mut self) {
        let (mode, target) = (self.mode, self.target);
        for mut pair in std::mem::take(&mut self.pairs) {
            match pair.advance(mode, target, &self.record) {
                Ok(()) if pair.to_server.ended() && pair.to_client.ended() => {}
                Ok(()) => self.pairs.push(pair),
                // One side broke: the other sees that, too.
                Err(_) => pair.reset(),
            }
        }
    }
}

impl Pair {
    fn new(client: TcpStream) -> Self {
        Self {
            client,
            server: None,
            to_server: Lane::default(),
            to_client: Lane::default(),
            requests: Frames::default(),
            answers: Frames::default(),
            shaken_hands: (false, false),
        }
    }

    /// What to poll the client's and the server's socket for.
    fn interest(&self, mode: ProxyMode, now: Instant) -> (PollFlags, PollFlags) {
        let (to_server, to_client) = passes(mode);
        let flags = |input: bool, lane: &Lane, open: bool| {
            let output = open && lane.due().is_some_and(|due| due <= now);
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, input);
            flags.set(PollFlags::OUT, output);
            flags
        };
        let input = |lane: &Lane, open: bool| open && lane.wants_input();
        (
            flags(input(&self.to_server, to_server.is_some()), &self.to_client, to_client.is_some()),
            flags(input(&self.to_client, to_client.is_some()), &self.to_server, to_server.is_some()),
        )
    }

    /// When each open lane has something to write.
    fn dues(&self, mode: ProxyMode) -> [Option<Instant>; 2] {
        let (to_server, to_client) = passes(mode);
        [to_server.and_then(|_| self.to_server.due()), to_client.and_then(|_| self.to_client.due())]
    }

    /// Reads what is there and writes what is due.
    fn advance(&mut self, mode: ProxyMode, target: SocketAddr, record: &Mutex<Record>) -> io::Result<()> {
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
                    .read(&self.client, delay, |bytes| lock(record).note_requests(bytes, frames, shaken))?;
            }
            self.to_server.write(server, Instant::now())?;
        }
        if let Some(delay) = to_client {
            if self.to_client.wants_input() {
                let (frames, shaken) = (&mut self.answers, &mut self.shaken_hands.1);
                self.to_client
                    .read(server, delay, |bytes| lock(record).note_answers(bytes, frames, shaken))?;
            }
            self.to_client.write(&self.client, Instant::now())?;
        }
        Ok(())
    }

    fn reset(self) {
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

fn lock(record: &Mutex<Record>) -> MutexGuard<'_, Record> {
    record.lock().unwrap_or_else(PoisonError::into_inner)
}
