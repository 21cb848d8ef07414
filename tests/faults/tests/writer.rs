//! A writer whose ensemble fails between its write and the answer: what it says of the node stays true.

use ld_testkit::{Ensemble, HeldWriter, Proxy, wait_for, wait_until};

use crate::bounds::PATIENCE;
use crate::harness::tests;
use crate::slots::Slot;

tests! {
    a_write_that_a_frozen_follower_holds_is_not_written_nor_does_it_come_when_it_thaws: 30,
    a_write_that_a_killed_leader_had_is_told_truly: 40,
}

/// The writer gives a silent connection up after 12 s of these, and has the rest to resume its session elsewhere.
const TIMEOUT: &str = "20 seconds";

fn a_write_that_a_frozen_follower_holds_is_not_written_nor_does_it_come_when_it_thaws() {
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

fn a_write_that_a_killed_leader_had_is_told_truly() {
    let _slot = Slot::take();
    let ensemble = Ensemble::start();
    let follower = wait_for("a follower", PATIENCE, || ensemble.followers().into_iter().next());
    let held =
        HeldWriter::behind(Proxy::start(follower.address()), "", follower.admin(), TIMEOUT, |host| host);
    let leader = ensemble.leader();
    // So that the write is between follower and leader for sure.
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
