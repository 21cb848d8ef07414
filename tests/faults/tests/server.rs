//! Faults of a standalone server.

use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::Server;

use crate::bounds::{AT_ONCE, OUTAGE, SILENCE};
use crate::harness::tests;
use crate::rig::{NODE, Rig, host};

tests! {
    a_server_killed_and_back_after_3_seconds_is_resumed_at_once: 12,
    a_server_killed_and_back_after_30_seconds_is_followed_again: 45,
    a_server_frozen_for_40_seconds_stops_the_heartbeat: 60,
}

fn served() -> (Server, Rig) {
    let server = Server::start();
    let rig = Rig::start(host(server.connect_string()), server.admin(), NODE.to_owned());
    (server, rig)
}

fn a_server_killed_and_back_after_3_seconds_is_resumed_at_once() {
    let (server, rig) = served();
    server.kill();
    thread::sleep(Duration::from_secs(3));
    server.restart();
    let healed = Instant::now();
    rig.write();
    rig.converges_since(healed, "server killed, back after 3 s", AT_ONCE);
    rig.finish();
}

fn a_server_killed_and_back_after_30_seconds_is_followed_again() {
    let (server, rig) = served();
    let start = Instant::now();
    server.kill();
    rig.falls_silent(AT_ONCE);
    rig.stays_silent(start, Duration::from_secs(30));
    server.restart();
    let healed = Instant::now();
    rig.write();
    rig.converges_since(healed, "server killed, back after 30 s", OUTAGE);
    rig.finish();
}

fn a_server_frozen_for_40_seconds_stops_the_heartbeat() {
    let (server, rig) = served();
    let start = Instant::now();
    server.freeze();
    rig.falls_silent(SILENCE);
    rig.stays_silent(start, Duration::from_secs(40));
    server.thaw();
    let healed = Instant::now();
    rig.write();
    rig.converges_since(healed, "the only server frozen for 40 s", OUTAGE);
    rig.finish();
}
