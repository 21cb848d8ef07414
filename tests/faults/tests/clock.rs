//! The wall clock of the watcher is set back.

use std::time::{Duration, Instant};

use ld_testkit::{Admin, FakeClock, Namespace};

use crate::bounds::{AT_ONCE, PATIENCE};
use crate::harness::tests;
use crate::rig::{NAME, NODE, Rig, host, report};

tests! {
    a_clock_set_back_by_an_hour_changes_nothing_but_the_mtimes: 15,
}

fn a_clock_set_back_by_an_hour_changes_nothing_but_the_mtimes() {
    let namespace = Namespace::new();
    let host = host(namespace.connect_string());
    let clock = FakeClock::new(&host.path(""));
    let (command, file) = (host.watcher().clock(&clock), host.file(NAME));
    let admin = Admin::new(namespace.server().address());
    let rig = Rig::launch(host, &command, |_| file, admin, namespace.path(NODE)).settled();
    let before = rig.observer.mtime().expect("the file is there");
    clock.set_back(Duration::from_secs(3600));
    let set_back = Instant::now();
    rig.watcher.wait_until("the mtimes to follow the clock", PATIENCE, |_| {
        rig.observer.mtime().is_some_and(|mtime| mtime < before)
    });
    report("clock set back: the heartbeat goes on", AT_ONCE, set_back.elapsed());
    for _ in 0..5 {
        rig.write();
        rig.converges("clock set back by an hour", AT_ONCE);
    }
    assert!(!rig.watcher.stderr().contains("somebody else"), "{}", rig.watcher.stderr());
    rig.finish();
}
