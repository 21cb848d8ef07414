//! `apply_jitter`: a change waits for its delay, and the log says so.

use std::fs;
use std::thread;
use std::time::Duration;

use ld_testkit::{Daemon, Host, Namespace, SOON, wait_until};

/// Long enough for several heartbeats.
const SILENCE: Duration = Duration::from_secs(1);

/// A namespace with one node and a host that spreads its changes over `window`.
fn flags(window: &str) -> (Namespace, Host) {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "one").unwrap();
    let host = Host::new(zookeeper.connect_string())
        .node("flags", "/flags")
        .setting("nodes.flags.apply_jitter", window)
        .setting("watcher.heartbeat_interval", "100 milliseconds")
        .setting("watcher.drift_interval", "100 milliseconds");
    (zookeeper, host)
}

/// Publishes changes until one has a delay that is longer than any test.
fn publish_one_that_waits(zookeeper: &Namespace, host: &Host, watcher: &Daemon) {
    for draws in 1.. {
        zookeeper.admin().set(&zookeeper.path("/flags"), "two").unwrap();
        watcher.wait_until("another change that waits", SOON, |watcher| {
            watcher.stderr().matches("the last file stays until then").count() == draws
        });
        let stderr = watcher.stderr();
        let (_, drawn) = stderr.rsplit_once("a change waits ").unwrap();
        let (seconds, rest) = drawn.split_once(" s ").unwrap();
        assert!(rest.starts_with("of the 3600s of apply_jitter; "), "{stderr}");
        if seconds.parse::<f64>().unwrap() > 300.0 {
            return;
        }
        zookeeper.admin().set(&zookeeper.path("/flags"), "one").unwrap();
        wait_for_heartbeat(host);
    }
}

#[track_caller]
fn wait_for_heartbeat(host: &Host) {
    let last = host.mtime("flags");
    wait_until("a heartbeat", SOON, || host.mtime("flags") > last);
}

#[test]
fn jitter_delays_only_changes_of_existing_files() {
    let (zookeeper, host) = flags("1 hour");
    let watcher = host.watcher().start();
    host.wait_for("flags", "one");
    publish_one_that_waits(&zookeeper, &host, &watcher);
    zookeeper.admin().set(&zookeeper.path("/flags"), "three").unwrap();
    let mtime = host.mtime("flags");
    thread::sleep(SILENCE);
    assert_eq!((host.read("flags").unwrap(), host.mtime("flags")), (b"one".to_vec(), mtime));

    fs::remove_file(host.file("flags")).unwrap();
    host.wait_for("flags", "three");
    wait_for_heartbeat(&host);
    watcher.terminate();
    watcher.wait(SOON);

    zookeeper.admin().set(&zookeeper.path("/flags"), "four").unwrap();
    let once = host.once().run(SOON);
    assert_eq!(once.code, Some(0), "{}", once.stderr);
    assert_eq!(host.read("flags").unwrap(), b"four");
}

#[test]
fn delayed_changes_and_deletions_are_applied() {
    let (zookeeper, host) = flags("2 seconds");
    let _watcher = host.watcher().start();
    host.wait_for("flags", "one");
    for content in ["two", "three"] {
        zookeeper.admin().set(&zookeeper.path("/flags"), content).unwrap();
        host.wait_for("flags", content);
    }
    zookeeper.admin().delete(&zookeeper.path("/flags")).unwrap();
    host.wait_until_gone("flags");
}
