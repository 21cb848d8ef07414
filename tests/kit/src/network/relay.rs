//! The thread of a proxy: one loop over `poll`.
//!
//! So delays are exact, and a new mode applies to all connections at once.

use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::network::mode::ProxyMode;
use crate::network::port::ReservedPort;
use crate::network::proxied_connection::{ProxiedConnection, reset};
use crate::network::traffic::{Traffic, lock};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

#[derive(Debug)]
pub(crate) enum ProxyCommand {
    Mode(ProxyMode),
    Target(SocketAddr),
    ResetConnections,
}

#[derive(Debug)]
pub(crate) struct Relay {
    port: ReservedPort,
    target: SocketAddr,
    mode: ProxyMode,
    commands: Receiver<(ProxyCommand, Sender<()>)>,
    wake_reader: UnixStream,
    traffic: Arc<Mutex<Traffic>>,
    connections: Vec<ProxiedConnection>,
}

impl Relay {
    pub(crate) fn new(
        port: ReservedPort,
        target: SocketAddr,
        commands: Receiver<(ProxyCommand, Sender<()>)>,
        wake_reader: UnixStream,
        traffic: Arc<Mutex<Traffic>>,
    ) -> io::Result<Self> {
        port.socket().set_nonblocking(true)?;
        wake_reader.set_nonblocking(true)?;
        port.listen(BACKLOG)?;
        Ok(Self {
            port,
            target,
            mode: ProxyMode::Pass,
            commands,
            wake_reader,
            traffic,
            connections: Vec::new(),
        })
    }

    /// Serves until the handle is dropped.
    pub(crate) fn run(mut self) {
        while self.wait().is_ok_and(|is_alive| is_alive) {
            while let Ok((command, done)) = self.commands.try_recv() {
                self.execute(command);
                let _ = done.send(());
            }
            self.accept();
            self.move_bytes();
            lock(&self.traffic).open = self.connections.len();
        }
        self.reset_all();
    }

    /// Waits until a socket is ready, a command arrives or bytes are due.
    ///
    /// Returns `false` when the handle was dropped.
    fn wait(&mut self) -> io::Result<bool> {
        let mut sources = vec![PollFd::new(&self.wake_reader, PollFlags::IN)];
        if self.mode != ProxyMode::Refuse {
            sources.push(PollFd::new(self.port.socket(), PollFlags::IN));
        }
        let now = Instant::now();
        let mut next: Option<Instant> = None;
        for connection in &self.connections {
            let (client, server) = connection.interest(self.mode, now);
            // A socket without interest is left out, because poll would report its end each time.
            if !client.is_empty() {
                sources.push(PollFd::from_borrowed_fd(connection.client.as_fd(), client));
            }
            if let Some(stream) = connection.server.as_ref().filter(|_| !server.is_empty()) {
                sources.push(PollFd::from_borrowed_fd(stream.as_fd(), server));
            }
            let later = connection.due_times(self.mode).into_iter().flatten().filter(|due| *due > now);
            next = later.chain(next).min();
        }
        let timeout = next.map(|due| {
            let wait = due.saturating_duration_since(now) + Duration::from_micros(100);
            Timespec::try_from(wait).expect("the delays of tests are short")
        });
        match poll(&mut sources, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        loop {
            match (&self.wake_reader).read(&mut [0; 64]) {
                Ok(0) => return Ok(false),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error),
            }
        }
    }

    fn execute(&mut self, command: ProxyCommand) {
        match command {
            ProxyCommand::Target(target) => self.target = target,
            ProxyCommand::ResetConnections => self.reset_all(),
            ProxyCommand::Mode(mode) => {
                if mode == ProxyMode::Refuse && self.mode != mode {
                    self.port.refuse().expect("a listener can stop");
                }
                if self.mode == ProxyMode::Refuse && self.mode != mode {
                    self.port.listen(BACKLOG).expect("a stopped listener can listen again");
                }
                self.mode = mode;
                if mode.resets() {
                    self.reset_all();
                }
            }
        }
    }

    fn reset_all(&mut self) {
        self.connections.drain(..).for_each(ProxiedConnection::reset);
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
                self.connections.push(ProxiedConnection::new(client));
            }
        }
    }

    fn move_bytes(&mut self) {
        let (mode, target) = (self.mode, self.target);
        for mut connection in std::mem::take(&mut self.connections) {
            match connection.advance(mode, target, &self.traffic) {
                Ok(()) if connection.has_ended() => {}
                Ok(()) => self.connections.push(connection),
                // One side failed, so the other side is reset, too.
                Err(_) => connection.reset(),
            }
        }
    }
}
