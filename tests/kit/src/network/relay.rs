//! The thread of a proxy: one loop over `poll`, so that delays are exact and a mode change concerns everything at once.

use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::network::pair::Pair;
use crate::network::port::ReservedPort;
use crate::network::proxy::{ProxyMode, reset};
use crate::network::traffic::{Traffic, lock};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

#[derive(Debug)]
pub(crate) enum Command {
    Mode(ProxyMode),
    Target(SocketAddr),
    ResetConnections,
}

#[derive(Debug)]
pub(crate) struct Relay {
    port: ReservedPort,
    target: SocketAddr,
    mode: ProxyMode,
    commands: Receiver<(Command, Sender<()>)>,
    woken: UnixStream,
    traffic: Arc<Mutex<Traffic>>,
    pairs: Vec<Pair>,
}

impl Relay {
    pub(crate) fn new(
        port: ReservedPort,
        target: SocketAddr,
        commands: Receiver<(Command, Sender<()>)>,
        woken: UnixStream,
        traffic: Arc<Mutex<Traffic>>,
    ) -> io::Result<Self> {
        port.socket().set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        port.listen(BACKLOG)?;
        Ok(Self { port, target, mode: ProxyMode::Pass, commands, woken, traffic, pairs: Vec::new() })
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
            lock(&self.traffic).open = self.pairs.len();
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
        lock(&self.traffic).open = 0;
    }

    fn accept(&mut self) {
        while self.mode != ProxyMode::Refuse
            && let Ok((client, _)) = self.port.socket().accept()
        {
            let mut traffic = lock(&self.traffic);
            traffic.counts.connections += 1;
            traffic.accepted_at.push(Instant::now());
            drop(traffic);
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
            match pair.advance(mode, target, &self.traffic) {
                Ok(()) if pair.to_server.ended() && pair.to_client.ended() => {}
                Ok(()) => self.pairs.push(pair),
                // One side broke: the other sees that, too.
                Err(_) => pair.reset(),
            }
        }
    }
}
