//! Handshakes with false sessions, timeouts and zxids.

use std::fs;
use std::thread;
use std::time::Duration;

use ld_testkit::hostile::{
    CONNECT, Delivery, HostileServer, Reply, Request, Rule, Then, another_session, session_timeout,
};
use ld_testkit::{Authority, Host, SOON, operation, wait_until};

use crate::target::{OBSERVED, Target, host};

/// Offset of the node's mzxid in the reply to a read, counted from the end.
const MZXID: usize = 60;

fn with_heartbeat(host: Host) -> Host {
    host.setting("watcher.heartbeat_interval", "100 milliseconds")
}

#[test]
fn an_empty_ensemble_under_another_session_id_removes_no_file() {
    let mut target = Target::start();
    target.server.add(Rule::on(CONNECT, another_session(0x666)));
    target.server.wipe();
    wait_until("a resume", SOON, || target.server.attacks() > 0);
    wait_until("its reads", SOON, || target.server.requests_of(operation::EXISTS) > 0);
    thread::sleep(OBSERVED);
    assert_eq!(target.host.read("flags").unwrap(), b"version 0", "{}", target.watcher.stderr());
    target.assert_followed("another session");
}

/// The file must not be called current on the word of another ensemble.
#[test]
fn another_ensemble_gets_no_heartbeat_before_it_is_read() {
    let mut target = Target::start_with(with_heartbeat);
    let last = target.host.mtime("flags");
    wait_until("a heartbeat", SOON, || target.host.mtime("flags") > last);
    let refuse = |_: &Request, reply: &mut Reply| {
        (reply.raw, reply.then) = (Some(Vec::new()), Then::Close);
    };
    target.server.add(Rule::on(CONNECT, refuse));
    let refused = target.server.attacks();
    target.server.wipe();
    wait_until("a lost connection", SOON, || target.server.attacks() > refused);
    // Changed last before what the watcher has seen: no watch fires at the resume.
    target.server.set_zxid(1);
    target.server.set("/flags", "of another ensemble");
    target.server.set_zxid(i64::from(i32::MAX) << 8);
    let (inode, last) = (target.host.inode("flags"), target.host.mtime("flags"));
    target.server.be_honest();
    target.server.add(Rule::on(CONNECT, another_session(0x666)));
    wait_until("the other content", SOON, || {
        let (found, touched) = (target.host.inode("flags"), target.host.mtime("flags"));
        assert!(found != inode || touched == last, "a heartbeat for what the other ensemble does not hold");
        target.host.read("flags").as_deref() == Some(b"of another ensemble")
    });
    target.assert_followed("another ensemble");
}

#[test]
fn session_timeouts_of_zero_and_of_weeks_are_survived() {
    let mut target = Target::start_with(with_heartbeat);
    for milliseconds in [0, 1, i32::MAX, i32::MIN, -1] {
        let rule = Rule::on(CONNECT, session_timeout(milliseconds)).times(1);
        target.attack("a timeout", rule, |target| target.server.expire_sessions());
        target.assert_followed(&format!("a timeout of {milliseconds} ms"));
    }
}

#[test]
fn the_heartbeat_stops_on_silence_whatever_timeout_was_granted() {
    let mut target = Target::start_with(with_heartbeat);
    let rule = Rule::on(CONNECT, session_timeout(i32::MAX));
    target.attack("a long timeout", rule, |target| target.server.expire_sessions());
    target.change();
    target.host.wait_for("flags", target.content());
    let last = target.host.mtime("flags");
    wait_until("a heartbeat", SOON, || target.host.mtime("flags") > last);
    target.server.add(Rule::always(|_, reply| reply.delivery = Delivery::Never));
    wait_until("the heartbeat to stop", SOON, || {
        let before = target.host.mtime("flags");
        thread::sleep(Duration::from_secs(1));
        target.host.mtime("flags") == before
    });
    target.assert_followed_within("silence in a session of weeks", 3 * SOON);
}

#[test]
fn an_mzxid_that_jumps_stops_no_later_version() {
    let mut target = Target::start();
    for mzxid in [i64::MAX, 1, 0, -1, i64::MIN] {
        let edit = move |_: &Request, reply: &mut Reply| {
            let offset = reply.body.len() - MZXID;
            reply.set_long(offset, mzxid);
        };
        target.attack("an mzxid", Rule::on(operation::GET_DATA, edit).times(1), Target::change);
        target.assert_followed(&format!("an mzxid of {mzxid:#x}"));
    }
}

#[test]
fn a_too_high_zxid_costs_a_session() {
    let mut target = Target::start();
    let rule = Rule::on(operation::GET_DATA, |_, reply| reply.zxid = i64::MAX).times(1);
    target.attack("the highest zxid", rule, Target::change);
    target.host.wait_for("flags", target.content());
    // An honest server refuses a client that has seen a later zxid.
    target.server.drop_connections();
    target.assert_followed_within("a zxid from the future", 2 * SOON);
}

#[test]
fn a_dripping_server_does_not_block_another_one() {
    let (dripping, honest) = (HostileServer::start(), HostileServer::start());
    let drip = Delivery::Dripped(Duration::from_millis(500));
    dripping.add(Rule::always(move |_, reply| reply.delivery = drip));
    honest.set("/flags", "honest");
    for _ in 0..3 {
        // The order of the hosts is random.
        let hosts = format!("{},{}", dripping.connect_string(), honest.connect_string());
        let host = Host::new(hosts).node("flags", "/flags").setting("zookeeper.timeout", "2 seconds");
        let _watcher = host.watcher().start();
        host.wait_for("flags", "honest");
    }
}

#[test]
fn with_tls_configured_nothing_is_sent_in_clear_text() {
    let server = HostileServer::start();
    server.set("/flags", "stripped");
    let host = host(&server).credentials(&["live-data:planted-password"]);
    let ca = host.path("ca.pem");
    fs::write(&ca, Authority::new().pem()).unwrap();
    let host = host.setting("zookeeper.tls.ca", ca.to_str().unwrap());
    let watcher = host.watcher().start();
    watcher.wait_for_stderr("no TLS session with ", SOON);
    assert_eq!(server.requests_of(CONNECT) + server.requests_of(operation::AUTH), 0);
    assert_eq!(host.read("flags"), None);
}
