//! The clock is set back, for the watcher alone.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use ld_testkit::{Admin, Namespace};

use crate::bounds::{AT_ONCE, PATIENCE};
use crate::harness::tests;
use crate::rig::{NAME, NODE, Rig, host, report};

tests! {
    a_clock_set_back_by_an_hour_changes_nothing_but_the_mtimes: 15,
}

/// Debian's libfaketime, whatever the architecture.
fn library() -> PathBuf {
    let mut places = fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    let library = places.find_map(|place| {
        let library = place.join("faketime/libfaketimeMT.so.1");
        library.exists().then_some(library)
    });
    library.expect("libfaketime is missing; install it with: apt-get install faketime")
}

fn a_clock_set_back_by_an_hour_changes_nothing_but_the_mtimes() {
    let namespace = Namespace::new();
    let host = host(namespace.connect_string());
    let clock = host.path("clock");
    fs::write(&clock, "+0\n").expect("a private directory is writable");
    let setting = |name: &str, value: &str| format!("{name}={value}");
    let environment = [
        "env".to_owned(),
        setting("LD_PRELOAD", library().to_str().expect("an ASCII path")),
        setting("FAKETIME_TIMESTAMP_FILE", clock.to_str().expect("an ASCII path")),
        setting("FAKETIME_NO_CACHE", "1"),
        // Setting the clock moves the wall clock alone, and what the file system stores is not its business.
        setting("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        setting("NO_FAKE_STAT", "1"),
    ];
    let (command, file) = (host.watcher().wrapped_by(environment), host.file(NAME));
    let admin = Admin::new(namespace.server().address());
    let rig = Rig::launch(host, &command, |_| file, admin, namespace.path(NODE)).settled();
    let before = rig.observer.mtime().expect("the file is there");
    fs::write(&clock, "-3600\n").expect("a private directory is writable");
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
