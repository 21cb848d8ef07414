//! Faults of names and addresses: dead, unroutable, or with a new address.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Instant;

use ld_testkit::{Admin, HostsFile, Namespace, Proxy, ProxyMode, Server, ServerOptions, Unroutable};

use crate::bounds::{AT_ONCE, OUTAGE, SILENCE};
use crate::harness::tests;
use crate::rig::{self, NODE, Rig, host};

tests! {
    a_name_that_changes_its_address_is_followed: 20,
    a_name_with_an_unroutable_first_address_is_reached: 25,
    one_good_host_among_dead_and_unroutable_ones_is_enough: 25,
}

const HOST: &str = "zookeeper.test";

fn local(last: u8, port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, last), port)
}

fn ip(last: u8) -> std::net::IpAddr {
    (*local(last, 0).ip()).into()
}

/// A watcher that resolves names by `names` alone.
fn rig_in(namespace: &Namespace, names: &HostsFile, port: u16) -> Rig {
    let host = host(format!("{HOST}:{port}{}", namespace.chroot()));
    let (command, file) = (host.watcher().hosts(names), host.file(rig::NAME));
    let admin = Admin::new(namespace.server().address());
    Rig::launch(host, &command, |_| file, admin, namespace.path(NODE))
}

fn a_name_that_changes_its_address_is_followed() {
    let namespace = Namespace::new();
    let before = Proxy::start_at(local(2, 0), namespace.server().address());
    let port = before.address().port();
    let after = Proxy::start_at(local(3, port), namespace.server().address());
    let names = HostsFile::new(&[(HOST, ip(2))]);
    let rig = rig_in(&namespace, &names, port).settled();
    assert_eq!(after.counts().connections, 0);
    names.set(&[(HOST, ip(3))]);
    before.set_mode(ProxyMode::Refuse);
    rig.write();
    rig.converges("a name that changes its address", SILENCE);
    assert!(after.open_connections() > 0);
    rig.finish();
}

fn a_name_with_an_unroutable_first_address_is_reached() {
    let namespace = Namespace::new();
    let second = Proxy::start_at(local(3, 0), namespace.server().address());
    let port = second.address().port();
    let third = Proxy::start_at(local(4, port), namespace.server().address());
    let _first = Unroutable::start_at(local(2, port));
    let names = HostsFile::new(&[(HOST, ip(2)), (HOST, ip(3)), (HOST, ip(4))]);
    let start = Instant::now();
    let rig = rig_in(&namespace, &names, port);
    rig.converges_since(start, "first of three addresses unroutable, at start", SILENCE);
    for _ in 0..3 {
        [&second, &third].iter().for_each(|proxy| proxy.reset_connections());
        rig.write();
        rig.converges("first of three addresses unroutable, after a reset", SILENCE);
    }
    for session in [&second, &third].iter().flat_map(|proxy| proxy.sessions()) {
        // The session may appear at several addresses, and only the first close finds it alive.
        let _ = session.close(namespace.server().address());
    }
    rig.write();
    rig.converges("first of three addresses unroutable, after a lost session", SILENCE);
    rig.finish();
}

fn one_good_host_among_dead_and_unroutable_ones_is_enough() {
    let namespace = Namespace::new();
    let good = Proxy::start(namespace.server().address());
    let (dead, other) =
        (Server::prepare(ServerOptions::default()), Server::prepare(ServerOptions::default()));
    let (silent, hole) = (Unroutable::start(), Proxy::start(namespace.server().address()));
    hole.set_mode(ProxyMode::Blackhole);
    let list = [
        dead.connect_string(),
        silent.connect_string(),
        "no-such-host.invalid:2181".to_owned(),
        hole.connect_string(),
        good.connect_string(),
        other.connect_string(),
    ];
    let host = host(format!("{}{}", list.join(","), namespace.chroot()));
    let (command, file) = (host.watcher(), host.file(rig::NAME));
    let admin = Admin::new(namespace.server().address());
    let start = Instant::now();
    let rig = Rig::launch(host, &command, |_| file, admin, namespace.path(NODE));
    rig.converges_since(start, "dead and unroutable hosts, at start", OUTAGE);
    rig.write();
    rig.converges("dead and unroutable hosts, once connected", AT_ONCE);
    for _ in 0..3 {
        good.reset_connections();
        rig.write();
        rig.converges("dead and unroutable hosts, after a reset", OUTAGE);
    }
    rig.finish();
}
