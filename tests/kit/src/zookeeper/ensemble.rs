//! Three real servers with a leader.

use std::time::Duration;

use crate::network::port::ReservedPort;
use crate::wait::wait_for;
use crate::zookeeper::backup::Backup;
use crate::zookeeper::four_letter::ServerMode;
use crate::zookeeper::server::Server;
use crate::zookeeper::server_options::ServerOptions;

/// Number of members: one may fail.
const SIZE: usize = 3;
/// How long an election may take on a busy machine.
const ELECTION_LIMIT: Duration = Duration::from_secs(60);

/// An ensemble of three servers on 127.0.0.1. All end with this value.
///
/// To kill, freeze or restart one member, use [`Ensemble::servers`], [`Ensemble::leader`] or
/// [`Ensemble::followers`].
#[derive(Debug)]
pub struct Ensemble {
    servers: Vec<Server>,
    /// For the traffic between the members.
    _ports: Vec<ReservedPort>,
}

impl Ensemble {
    /// Starts three servers and waits until all of them serve.
    ///
    /// # Panics
    ///
    /// As [`Server::start`].
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(ServerOptions::default())
    }

    /// Starts three servers with `options` and waits until all of them serve.
    ///
    /// # Panics
    ///
    /// As [`Server::start`].
    #[must_use]
    pub fn start_with(options: ServerOptions) -> Self {
        let port = || ReservedPort::new().expect("there is a free port");
        let ports: Vec<_> = (0..2 * SIZE).map(|_| port()).collect();
        let members: Vec<_> = (1..=SIZE)
            .zip(ports.chunks(2))
            .map(|(id, ports)| {
                let (quorum, election) = (ports[0].address(), ports[1].address().port());
                format!("server.{id}={quorum}:{election}")
            })
            .collect();
        let servers = (1..=SIZE)
            .map(|id| Server::prepare_member(options.clone(), port(), &members, Some(id)))
            .collect();
        let ensemble = Self { servers, _ports: ports };
        ensemble.restart_all();
        ensemble
    }

    /// The members, by id from 1 on.
    #[must_use]
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// All addresses, as in `zookeeper.hosts`.
    #[must_use]
    pub fn connect_string(&self) -> String {
        self.servers.iter().map(Server::connect_string).collect::<Vec<_>>().join(",")
    }

    /// The leader; waits until there is one.
    ///
    /// # Panics
    ///
    /// When there is none within 60 s.
    #[must_use]
    pub fn leader(&self) -> &Server {
        wait_for("a leader", ELECTION_LIMIT, || self.serving_as(ServerMode::Leader).next())
    }

    /// The followers that serve now: two in a healthy ensemble.
    #[must_use]
    pub fn followers(&self) -> Vec<&Server> {
        self.serving_as(ServerMode::Follower).collect()
    }

    /// Kills all members but one follower, which is returned: it has no quorum.
    ///
    /// # Panics
    ///
    /// When there is no leader with a follower within 60 s.
    pub fn lose_quorum(&self) -> &Server {
        let survivor = wait_for("a follower", ELECTION_LIMIT, || self.followers().into_iter().next());
        self.others(survivor).for_each(Server::kill);
        survivor
    }

    /// Starts the members that are down, and waits until all of them serve.
    ///
    /// # Panics
    ///
    /// As [`Server::start`].
    pub fn start_missing(&self) {
        self.servers.iter().filter(|server| !server.is_running()).for_each(Server::launch);
        self.servers.iter().for_each(Server::wait_ready);
    }

    /// Kills all members.
    pub fn kill_all(&self) {
        self.servers.iter().for_each(Server::kill);
    }

    /// Kills all members, starts them, and waits until all of them serve.
    ///
    /// # Panics
    ///
    /// As [`Server::start`].
    pub fn restart_all(&self) {
        self.kill_all();
        self.start_missing();
    }

    /// Restarts the members one after the other, the leader last.
    ///
    /// Each restart waits until the member before it serves again.
    ///
    /// # Panics
    ///
    /// As [`Server::start`].
    pub fn rolling_restart(&self) {
        let leader = self.leader();
        self.others(leader).for_each(Server::restart);
        leader.restart();
    }

    /// Copies the data of the members, one after the other.
    ///
    /// The copies may differ by what is written meanwhile.
    ///
    /// # Panics
    ///
    /// When the files cannot be copied.
    #[must_use]
    pub fn backup(&self) -> Vec<Backup> {
        self.servers.iter().map(Server::backup).collect()
    }

    /// Kills all members and replaces their data by that of an [`Ensemble::backup`]: zxids go back.
    ///
    /// The ensemble stays down until [`Ensemble::restart_all`].
    ///
    /// # Panics
    ///
    /// When the files cannot be replaced.
    pub fn restore(&self, backups: &[Backup]) {
        self.kill_all();
        self.servers.iter().zip(backups).for_each(|(server, backup)| server.restore(backup));
    }

    /// Kills all members and removes their data.
    ///
    /// The ensemble stays down until [`Ensemble::restart_all`], and is then empty.
    ///
    /// # Panics
    ///
    /// When the files cannot be removed.
    pub fn wipe(&self) {
        self.kill_all();
        self.servers.iter().for_each(Server::wipe);
    }

    fn others<'a>(&'a self, one: &'a Server) -> impl Iterator<Item = &'a Server> {
        self.servers.iter().filter(move |server| !std::ptr::eq(*server, one))
    }

    fn serving_as(&self, mode: ServerMode) -> impl Iterator<Item = &Server> {
        self.servers.iter().filter(move |server| server.mode() == Some(mode))
    }
}
