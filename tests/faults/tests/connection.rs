//! Faults of the connection: it ends, is silent or slow, or its session ends.

use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::{Admin, Namespace, Proxy, ProxyMode, wait_until};

use crate::bounds::{AT_ONCE, LOADED_MACHINE, OUTAGE, PATIENCE, SESSION, SILENCE};
use crate::harness::tests;
use crate::rig::{NODE, Rig, host};

tests! {
    reset_connections_cost_no_session_and_no_time: 15,
    a_network_silent_for_a_minute_stops_the_heartbeat: 90,
    a_connection_that_only_sends_is_noticed_and_heals: 40,
    a_connection_that_only_receives_is_noticed_and_heals: 40,
    a_round_trip_of_two_seconds_only_delays_changes: 30,
    a_session_closed_from_outside_is_replaced_at_once: 10,
    a_watcher_frozen_past_its_session_timeout_catches_up_at_once: 20,
}

/// A namespace, and a watcher that reaches it through a proxy.
fn proxied() -> (Namespace, Proxy, Rig) {
    let namespace = Namespace::new();
    let proxy = Proxy::start(namespace.server().address());
    let host = host(format!("{}{}", proxy.connect_string(), namespace.chroot()));
    let admin = Admin::new(namespace.server().address());
    let rig = Rig::start(host, admin, namespace.path(NODE));
    (namespace, proxy, rig)
}

fn reset_connections_cost_no_session_and_no_time() {
    let (_namespace, proxy, rig) = proxied();
    for _ in 0..5 {
        proxy.reset_connections();
        rig.write();
        rig.converges("connection reset", AT_ONCE);
    }
    assert_eq!(proxy.sessions().len(), 1, "a reset ends no session");
    rig.finish();
}

fn a_network_silent_for_a_minute_stops_the_heartbeat() {
    let (_namespace, proxy, rig) = proxied();
    let start = Instant::now();
    proxy.set_mode(ProxyMode::Blackhole);
    rig.write();
    rig.falls_silent(SILENCE);
    rig.stays_silent(start, Duration::from_secs(60));
    assert!(!rig.is_current());
    proxy.set_mode(ProxyMode::Pass);
    rig.converges("network silent for 60 s, sockets open", OUTAGE);
    rig.finish();
}

fn a_connection_that_only_sends_is_noticed_and_heals() {
    half_open(ProxyMode::OnlyToServer, "half-open for 20 s, nothing comes back");
}

fn a_connection_that_only_receives_is_noticed_and_heals() {
    half_open(ProxyMode::OnlyToClient, "half-open for 20 s, nothing gets out");
}

fn half_open(mode: ProxyMode, fault: &str) {
    let (_namespace, proxy, rig) = proxied();
    let start = Instant::now();
    proxy.set_mode(mode);
    rig.falls_silent(SILENCE);
    rig.write();
    rig.stays_silent(start, Duration::from_secs(20));
    proxy.set_mode(ProxyMode::Pass);
    rig.converges(fault, OUTAGE);
    rig.finish();
}

fn a_round_trip_of_two_seconds_only_delays_changes() {
    let (_namespace, proxy, rig) = proxied();
    let way = Duration::from_secs(1);
    proxy.set_mode(ProxyMode::Delay { to_server: way, to_client: way });
    for _ in 0..3 {
        rig.write();
        // The event's way, and those of the length and the content, there and back.
        rig.converges("latency of 2 s, during it", 5 * way + AT_ONCE);
    }
    rig.write();
    proxy.set_mode(ProxyMode::Pass);
    rig.converges("latency of 2 s, then healed", AT_ONCE);
    rig.finish();
}

fn a_session_closed_from_outside_is_replaced_at_once() {
    let (namespace, proxy, rig) = proxied();
    for _ in 0..3 {
        // Connects are refused meanwhile. Otherwise the client could resume its session first.
        proxy.set_mode(ProxyMode::Refuse);
        proxy.last_session().close(namespace.server().address()).expect("the session lives");
        rig.write();
        proxy.set_mode(ProxyMode::Pass);
        rig.converges("session closed from outside", AT_ONCE);
    }
    assert_eq!(proxy.sessions().len(), 4);
    rig.finish();
}

fn a_watcher_frozen_past_its_session_timeout_catches_up_at_once() {
    let (namespace, proxy, rig) = proxied();
    let session = proxy.last_session();
    rig.watcher.freeze();
    rig.write();
    // The session has expired if it cannot be resumed. An earlier attempt would close the session,
    // which is not an expiry.
    thread::sleep(2 * SESSION + LOADED_MACHINE);
    assert!(session.close(namespace.server().address()).is_err(), "the session has expired");
    rig.watcher.thaw();
    rig.converges("watcher frozen past its session timeout", AT_ONCE);
    wait_until("another session", PATIENCE, || proxy.sessions().len() > 1);
    rig.finish();
}
