//! Another process changes the destination.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::Instant;

use ld_testkit::{Admin, Host, Namespace, wait_until};

use crate::bounds::{DRIFT, DRIFT_INTERVAL, LOADED_MACHINE, PATIENCE};
use crate::harness::tests;
use crate::observer::BY_HAND;
use crate::rig::{NAME, NODE, Rig, host, report};

tests! {
    a_destination_edited_or_deleted_by_hand_is_restored: 25,
    between_heartbeats_the_drift_interval_bounds_the_repair: 15,
}

fn between_heartbeats_the_drift_interval_bounds_the_repair() {
    let namespace = Namespace::new();
    namespace.admin().create(&namespace.path(NODE), "whole").expect("the namespace is empty");
    let host = Host::new(namespace.connect_string())
        .setting("watcher.heartbeat_interval", "1 hour")
        .setting("watcher.drift_interval", format!("{} milliseconds", DRIFT_INTERVAL.as_millis()))
        .node(NAME, NODE);
    let watcher = host.watcher().start();
    host.wait_for(NAME, "whole");
    let dest = host.file(NAME);
    let measure = |fault: &str| {
        let since = Instant::now();
        host.wait_for_within(NAME, "whole", DRIFT + LOADED_MACHINE);
        report(fault, DRIFT, since.elapsed());
    };
    for _ in 0..3 {
        fs::remove_file(&dest).expect("it is there");
        measure("deleted by hand between heartbeats");
        fs::write(&dest, BY_HAND).expect("root may write it");
        measure("edited by hand between heartbeats");
    }
    watcher.terminate();
    assert_eq!(watcher.wait(PATIENCE).code(), Some(0));
}

fn a_destination_edited_or_deleted_by_hand_is_restored() {
    let namespace = Namespace::new();
    let admin = Admin::new(namespace.server().address());
    let rig = Rig::start(host(namespace.connect_string()), admin, namespace.path(NODE));
    rig.observer.allow_missing();
    rig.observer.allow_edits();
    let dest = rig.host.file(NAME);
    let repairs = std::cell::Cell::new(0);
    let restored = |fault: &str| {
        rig.converges(fault, DRIFT);
        assert!(fs::symlink_metadata(&dest).is_ok_and(|file| file.is_file()));
        let repaired = rig.watcher.stderr().matches("another process changed").count();
        assert!(repaired > repairs.replace(repaired), "a repair is said:\n{}", rig.watcher.stderr());
    };

    fs::remove_file(&dest).expect("it is there");
    restored("destination deleted by hand");

    fs::write(&dest, BY_HAND).expect("root may write it");
    restored("destination edited in place");

    let edited = rig.host.path("edited");
    fs::write(&edited, [BY_HAND, b" with another inode"].concat()).expect("a private directory is writable");
    fs::rename(&edited, &dest).expect("it can be replaced");
    restored("destination replaced by hand");

    // The same size and mtime: only the ctime differs.
    let whole = fs::read(&dest).expect("it is there");
    let found = fs::metadata(&dest).expect("it is there");
    let file = fs::OpenOptions::new().write(true).open(&dest).expect("root may write it");
    (&file).write_all(&[BY_HAND, &whole[BY_HAND.len()..]].concat()).expect("root may write it");
    file.set_modified(found.modified().expect("Linux has mtimes")).expect("root may set it");
    drop(file);
    restored("destination edited in place, with size and mtime as before");

    fs::write(&edited, [BY_HAND, b" behind a link"].concat()).expect("a private directory is writable");
    fs::remove_file(&dest).expect("it is there");
    // The watcher may be faster.
    while symlink(&edited, &dest).is_err() {
        let _ = fs::remove_file(&dest);
    }
    restored("destination replaced by a symlink");
    assert!(fs::read(&edited).expect("it is there").starts_with(BY_HAND), "a link is never followed");

    let mode = || fs::metadata(&dest).map_or(0, |file| file.permissions().mode() & 0o7777);
    fs::set_permissions(&dest, Permissions::from_mode(0o666)).expect("root may set it");
    let since = Instant::now();
    wait_until("the mode to be restored", DRIFT + LOADED_MACHINE, || mode() == 0o400);
    report("destination's mode changed by hand", DRIFT, since.elapsed());
    rig.finish();
}
