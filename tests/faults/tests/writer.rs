//! An ensemble that fails between a write and its answer: the report of the writer stays true.

use ld_testkit::{Ensemble, HeldWriter, Proxy, wait_for, wait_until};

use crate::bounds::PATIENCE;
use crate::harness::tests;
use crate::slots::Slot;

tests! {
    a_write_held_by_a_frozen_follower_never_comes: 30,
    a_write_to_a_killed_leader_is_reported_truly: 40,
}

/// The session timeout. The writer closes a silent connection after 12 s of it, and has the rest to
/// resume its session at another member.
const TIMEOUT: &str = "20 seconds";

fn a_write_held_by_a_frozen_follower_never_comes() {
    let _slot = Slot::take();
    let ensemble = Ensemble::start();
    let follower = wait_for("a follower", PATIENCE, || ensemble.followers().into_iter().next());
    let leader = ensemble.leader();
    let held = HeldWriter::behind(Proxy::start(follower.address()), "", leader.admin(), TIMEOUT, |host| host);
    follower.freeze();
    held.send();
    held.proxy.set_target(leader.address());
    let (code, line) = held.end();
    assert_eq!(code, Some(1), "{}", held.writer.stderr());
    assert!(line.starts_with("not written: "), "{line}");
    follower.thaw();
    wait_until("the thawed follower to have served or refused the write", PATIENCE, || {
        held.proxy.open_connections() == 0 && follower.admin().sync().is_ok()
    });
    let there = follower.admin().exists("/flags").expect("it serves").expect("the node exists");
    assert_eq!((there.version, held.version()), (0, 0));
}

fn a_write_to_a_killed_leader_is_reported_truly() {
    let _slot = Slot::take();
    let ensemble = Ensemble::start();
    let follower = wait_for("a follower", PATIENCE, || ensemble.followers().into_iter().next());
    let held =
        HeldWriter::behind(Proxy::start(follower.address()), "", follower.admin(), TIMEOUT, |host| host);
    let leader = ensemble.leader();
    // Now the write is between follower and leader for certain.
    leader.freeze();
    held.send();
    leader.kill();
    let (code, line) = held.end();
    println!("writer behind a killed leader: exit {code:?}, {line}");
    ensemble.start_missing();
    follower.admin().sync().expect("the ensemble serves");
    let version = held.version();
    match code {
        Some(0) => assert_eq!(version, 1, "{line}"),
        _ if line.starts_with("not written: ") => assert_eq!(version, 0, "{line}"),
        _ => assert!(line.starts_with("unknown whether it was written: "), "{line}"),
    }
}
