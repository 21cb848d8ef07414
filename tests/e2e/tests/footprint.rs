//! The watcher writes only its destinations and leaves no other files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::SystemTime;

use ld_testkit::{Daemon, Host, Namespace, SOON, SleepingCheck, Snapshot, wait_until};

#[test]
fn only_the_configured_destinations_change() {
    let zookeeper = Namespace::new();
    let admin = zookeeper.admin();
    for name in ["/flags", "/guarded", "/relative", "/going"] {
        admin.create(&zookeeper.path(name), "one").unwrap();
    }
    let host = Host::new(zookeeper.connect_string())
        .credentials(&["user:password"])
        .node("flags", "/flags")
        .node("guarded", "/guarded")
        .node("going", "/going")
        .node("absent", "/absent")
        .setting("nodes.relative.source", "/relative")
        .setting("nodes.relative.dest", "live/relative")
        .setting("watcher.heartbeat_interval", "50 milliseconds")
        .setting("watcher.drift_interval", "50 milliseconds");
    let check = host.path("check");
    fs::write(&check, "#!/bin/sh\n[ -s \"$1\" ]\n").unwrap();
    fs::set_permissions(&check, fs::Permissions::from_mode(0o700)).unwrap();
    let host = host.setting("nodes.guarded.check", check.to_str().unwrap());
    let live = host.path("live");
    fs::create_dir(&live).unwrap();
    fs::write(live.join("neighbour"), "of another program").unwrap();
    let neighbour = Snapshot::of(live.join("neighbour"));
    // Directories where programs may leave files.
    for name in ["home", "tmp", "work"] {
        fs::create_dir(host.path(name)).unwrap();
    }
    fs::create_dir(host.path("work/live")).unwrap();
    let command = host.watcher().current_dir(host.path("work"));
    let command = command.env("HOME", host.path("home")).env("TMPDIR", host.path("tmp"));
    let world = || Snapshot::of(host.path("")).without(&live).without(host.path("work/live"));
    let before = world();

    let watcher = command.start();
    for name in ["flags", "guarded", "going"] {
        host.wait_for(name, "one");
    }
    let relative = host.path("work/live/relative");
    wait_until("the relative file", SOON, || fs::read(&relative).is_ok_and(|content| content == b"one"));
    for version in 0..20 {
        for name in ["/flags", "/guarded", "/relative"] {
            admin.set(&zookeeper.path(name), version.to_string()).unwrap();
        }
    }
    admin.delete(&zookeeper.path("/going")).unwrap();
    host.wait_until_gone("going");
    for name in ["flags", "guarded"] {
        host.wait_for(name, "19");
    }
    let now = SystemTime::now();
    wait_until("a heartbeat", SOON, || host.mtime("flags") > now);
    // Restore a file, reject content, and start again after a kill.
    fs::remove_file(host.file("flags")).unwrap();
    host.wait_for("flags", "19");
    admin.set(&zookeeper.path("/guarded"), "").unwrap();
    watcher.wait_for_stderr("rejects it with exit code", SOON);
    watcher.kill();
    admin.set(&zookeeper.path("/guarded"), "accepted").unwrap();
    let watcher = command.start();
    host.wait_for("guarded", "accepted");
    watcher.terminate();
    assert_eq!(watcher.wait(SOON).code(), Some(0), "{}", watcher.stderr());

    before.assert_same(&world());
    neighbour.assert_same(&Snapshot::of(live.join("neighbour")));
    let names = |directory| {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(names(live.clone()), ["flags", "guarded", "neighbour"]);
    assert_eq!(names(host.path("work/live")), ["relative"]);
    assert_eq!(fs::metadata(&live).unwrap().permissions().mode() & 0o7777, 0o755);
}

#[test]
fn a_watcher_that_ends_during_a_check_leaves_no_files() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "x").unwrap();
    for end in [Daemon::terminate, Daemon::interrupt] {
        let host = Host::new(zookeeper.connect_string()).node("flags", "/flags");
        let check = SleepingCheck::new(&host);
        let host = host.setting("nodes.flags.check", check.program());
        let live = host.path("live");
        let watcher = host.watcher().start();
        check.wait_until_running();
        assert_eq!(fs::read_dir(&live).unwrap().count(), 1, "the temporary file");

        end(&watcher);
        assert_eq!(watcher.wait(SOON).code(), Some(0), "{}", watcher.stderr());
        assert_eq!(fs::read_dir(&live).unwrap().count(), 0, "{}", watcher.stderr());
        check.wait_until_gone();
        // The end of the watcher is not reported as a problem of the node.
        assert!(!watcher.stderr().contains("flags"), "{}", watcher.stderr());
    }
}
