//! The way from a watcher to the ensemble: a fault proxy for each server, by address or by names that can move.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::atomic::{AtomicUsize, Ordering};

use ld_testkit::{HostsFile, Proxy, ProxyMode, Session, TestCommand};

/// Where the names may point.
const HOMES: [Ipv4Addr; 2] = [Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 0, 0, 2)];

/// All proxies of one watcher.
#[derive(Debug)]
pub(super) struct Links {
    /// One for each server, in their order, at each home; without names there is only the first home.
    homes: Vec<Vec<Proxy>>,
    /// The home that the names point to.
    home: AtomicUsize,
    names: Option<HostsFile>,
}

impl Links {
    /// Links to `servers`; with `named` the watcher knows them by names, which needs root.
    pub(super) fn new(servers: &[SocketAddr], named: bool) -> Self {
        let first: Vec<Proxy> = servers.iter().map(|server| Proxy::start(*server)).collect();
        let mut homes = vec![first];
        if named {
            let at = |link: &Proxy| SocketAddrV4::new(HOMES[1], link.address().port());
            let second =
                homes[0].iter().zip(servers).map(|(link, server)| Proxy::start_at(at(link), *server));
            homes.push(second.collect());
            homes[1].iter().for_each(|link| link.set_mode(ProxyMode::Refuse));
        }
        let names = named.then(|| HostsFile::new(&addresses(servers.len(), HOMES[0])));
        Self { homes, home: AtomicUsize::new(0), names }
    }

    /// The servers as in `zookeeper.hosts`.
    pub(super) fn hosts(&self) -> String {
        let host = |(index, link): (usize, &Proxy)| match &self.names {
            Some(_) => format!("{}:{}", name(index), link.address().port()),
            None => link.connect_string(),
        };
        self.homes[0].iter().enumerate().map(host).collect::<Vec<_>>().join(",")
    }

    /// The command in a world in which the names are known.
    pub(super) fn known_to(&self, command: TestCommand) -> TestCommand {
        match &self.names {
            Some(names) => command.hosts(names),
            None => command,
        }
    }

    /// Sets what happens to all connections.
    pub(super) fn network(&self, mode: ProxyMode) {
        self.current().iter().for_each(|link| link.set_mode(mode));
    }

    pub(super) fn reset_connections(&self) {
        self.current().iter().for_each(Proxy::reset_connections);
    }

    /// The newest session through each of them.
    pub(super) fn newest_sessions(&self) -> impl Iterator<Item = Session> {
        self.homes.iter().flatten().filter_map(|link| link.sessions().pop())
    }

    /// Lets the names point to the other home; nobody answers at the old one any more. `false` without names.
    pub(super) fn move_names(&self) -> bool {
        let Some(names) = &self.names else { return false };
        let home = 1 - self.home.load(Ordering::SeqCst);
        self.network(ProxyMode::Refuse);
        self.home.store(home, Ordering::SeqCst);
        self.network(ProxyMode::Pass);
        names.set(&addresses(self.current().len(), HOMES[home]));
        true
    }

    fn current(&self) -> &[Proxy] {
        &self.homes[self.home.load(Ordering::SeqCst)]
    }
}

fn name(server: usize) -> &'static str {
    ["zookeeper-0.test", "zookeeper-1.test", "zookeeper-2.test"][server]
}

fn addresses(servers: usize, home: Ipv4Addr) -> Vec<(&'static str, IpAddr)> {
    (0..servers).map(|server| (name(server), IpAddr::V4(home))).collect()
}
