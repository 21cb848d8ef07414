//! The fault proxies between one watcher and the ensemble, one for each server.
//!
//! The watcher knows them by address, or by names that can move.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::atomic::{AtomicUsize, Ordering};

use ld_testkit::{HostsFile, Proxy, ProxyMode, Session, TestCommand};

/// The addresses that the names may have.
const ADDRESSES: [Ipv4Addr; 2] = [Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 0, 0, 2)];

/// All proxies of one watcher.
#[derive(Debug)]
pub(crate) struct Proxies {
    /// One for each server, at each address. Without names there is only the first address.
    by_address: Vec<Vec<Proxy>>,
    /// The index of the address that the names have.
    current: AtomicUsize,
    names: Option<HostsFile>,
}

impl Proxies {
    /// Proxies to `servers`. If `named`, the watcher knows them by names, which needs root.
    pub(crate) fn new(servers: &[SocketAddr], named: bool) -> Self {
        let first: Vec<Proxy> = servers.iter().map(|server| Proxy::start(*server)).collect();
        let mut by_address = vec![first];
        if named {
            let at = |proxy: &Proxy| SocketAddrV4::new(ADDRESSES[1], proxy.address().port());
            let second =
                by_address[0].iter().zip(servers).map(|(proxy, server)| Proxy::start_at(at(proxy), *server));
            by_address.push(second.collect());
            by_address[1].iter().for_each(|proxy| proxy.set_mode(ProxyMode::Refuse));
        }
        let names = named.then(|| HostsFile::new(&addresses(servers.len(), ADDRESSES[0])));
        Self { by_address, current: AtomicUsize::new(0), names }
    }

    /// The servers as in `zookeeper.hosts`.
    pub(crate) fn hosts(&self) -> String {
        let host = |(index, proxy): (usize, &Proxy)| match &self.names {
            Some(_) => format!("{}:{}", name(index), proxy.address().port()),
            None => proxy.connect_string(),
        };
        self.by_address[0].iter().enumerate().map(host).collect::<Vec<_>>().join(",")
    }

    /// The command with an `/etc/hosts` that has the names.
    pub(crate) fn with_names(&self, command: TestCommand) -> TestCommand {
        match &self.names {
            Some(names) => command.hosts(names),
            None => command,
        }
    }

    /// Sets what happens to all connections.
    pub(crate) fn network(&self, mode: ProxyMode) {
        self.active().iter().for_each(|proxy| proxy.set_mode(mode));
    }

    pub(crate) fn reset_connections(&self) {
        self.active().iter().for_each(Proxy::reset_connections);
    }

    /// The newest session through each of them.
    pub(crate) fn newest_sessions(&self) -> impl Iterator<Item = Session> {
        self.by_address.iter().flatten().filter_map(|proxy| proxy.sessions().pop())
    }

    /// Gives the names the other address. The old one refuses connections. `false` without names.
    pub(crate) fn move_names(&self) -> bool {
        let Some(names) = &self.names else { return false };
        let address = 1 - self.current.load(Ordering::SeqCst);
        self.network(ProxyMode::Refuse);
        self.current.store(address, Ordering::SeqCst);
        self.network(ProxyMode::Pass);
        names.set(&addresses(self.active().len(), ADDRESSES[address]));
        true
    }

    fn active(&self) -> &[Proxy] {
        &self.by_address[self.current.load(Ordering::SeqCst)]
    }
}

fn name(server: usize) -> &'static str {
    ["zookeeper-0.test", "zookeeper-1.test", "zookeeper-2.test"][server]
}

fn addresses(servers: usize, address: Ipv4Addr) -> Vec<(&'static str, IpAddr)> {
    (0..servers).map(|server| (name(server), IpAddr::V4(address))).collect()
}
