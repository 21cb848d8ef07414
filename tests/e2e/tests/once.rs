//! `--once`: syncs every node, reports the outcomes and exits.

use std::fs;
use std::time::{Duration, Instant};

use ld_testkit::{Host, Namespace, SOON, Server, ServerOptions, SleepingCheck};

#[test]
fn once_exits_0_and_counts_what_it_did() {
    let zookeeper = Namespace::new();
    for name in ["/new", "/same"] {
        zookeeper.admin().create(&zookeeper.path(name), name).unwrap();
    }
    let host = Host::new(zookeeper.connect_string())
        .node("new", "/new")
        .node("same", "/same")
        .node("gone", "/gone")
        .node("absent", "/absent")
        .setting("nodes.same.mode", "0600");
    let first = host.once().run(SOON);
    assert!(first.stderr.contains("4 nodes: 2 updated, 0 unchanged, 0 removed, 2 absent, 0 failed"));
    fs::remove_file(host.file("new")).unwrap();
    fs::write(host.file("gone"), "stale").unwrap();
    let once = host.once().run(SOON);
    assert_eq!((once.code, once.stdout.as_str()), (Some(0), ""), "{}", once.stderr);
    let last = once.stderr.lines().last();
    assert_eq!(last, Some("4 nodes: 1 updated, 1 unchanged, 1 removed, 1 absent, 0 failed"));
    let ensemble = zookeeper.connect_string();
    for line in [
        format!("Updating '{}' (nodes.new, ", host.file("new").display()),
        format!("'{}' is current (nodes.same, ", host.file("same").display()),
        format!("Removing '{}'; watched node deleted. (nodes.gone: ", host.file("gone").display()),
        format!("nodes.absent: /absent does not exist in {ensemble}; there is no file '"),
    ] {
        let found = once.stderr.lines().filter(|found| found.starts_with(&line)).count();
        assert_eq!(found, 1, "{line}: {}", once.stderr);
    }
    for name in ["new", "same", "gone", "absent"] {
        let found = once.stderr.lines().filter(|line| line.contains(&format!("nodes.{name}"))).count();
        assert_eq!(found, 1, "a line for each node: {}", once.stderr);
    }
    assert_eq!((host.read("new").unwrap(), host.read("gone")), (b"/new".to_vec(), None));
}

#[test]
fn once_exits_1_and_names_failed_nodes_and_serves_others() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "x").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("good", "/flags").node("bad", "/flags");
    fs::create_dir_all(host.file("bad")).unwrap();
    let once = host.once().run(SOON);
    assert_eq!(once.code, Some(1), "{}", once.stderr);
    assert_eq!(host.read("good").unwrap(), b"x");
    assert_eq!(once.stderr.matches("nodes.bad: ").count(), 1, "told once: {}", once.stderr);
    let (flags, dest) = (zookeeper.path("/flags"), host.file("bad"));
    let bad = format!("nodes.bad: {flags} -> '{0}': {0} is a directory", dest.display());
    assert!(once.stderr.contains(&bad), "{}", once.stderr);
    assert!(once.stderr.contains("2 nodes: 1 updated, 0 unchanged, 0 removed, 0 absent, 1 failed"));
    assert!(!once.stderr.contains("nodes.good: "), "{}", once.stderr);
}

#[test]
fn once_exits_1_and_names_nodes_not_reached_in_time() {
    // A reserved port without a listener.
    let server = Server::prepare(ServerOptions::default());
    let host = Host::new(server.connect_string()).node("a", "/a").node("b", "/b");
    fs::create_dir_all(host.file("a").parent().unwrap()).unwrap();
    fs::write(host.file("a"), "good").unwrap();
    let start = Instant::now();
    let once = host.once().args(["--timeout", "2"]).run(SOON);
    assert!(start.elapsed() >= Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(once.code, Some(1), "{}", once.stderr);
    for name in ["a", "b"] {
        let line = format!("nodes.{name}: /{name} -> '{}': not reached in time", host.file(name).display());
        assert!(once.stderr.contains(&line), "{}", once.stderr);
    }
    assert!(once.stderr.contains("gave up after 2 s (see --timeout)"), "{}", once.stderr);
    assert_eq!(host.read("a").unwrap(), b"good", "the file on disk stays");
}

#[test]
fn strict_fails_for_absent_nodes_and_warnings_only() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "x").unwrap();
    let good = || Host::new(zookeeper.connect_string()).node("flags", "/flags");
    let strict = |host: Host| host.once().arg("--strict").run(SOON);
    let once = strict(good());
    assert_eq!(once.code, Some(0), "{}", once.stderr);
    assert!(once.stderr.ends_with("1 node: 1 updated, 0 unchanged, 0 removed, 0 absent, 0 failed\n"));

    let once = strict(good().node("typo", "/flgas"));
    assert_eq!(once.code, Some(1), "{}", once.stderr);
    let absent = format!("nodes.typo: /flgas does not exist in {}; ", zookeeper.connect_string());
    assert_eq!(once.stderr.matches("nodes.typo").count(), 1, "told once: {}", once.stderr);
    assert!(once.stderr.contains(&absent), "{}", once.stderr);
    assert!(once.stderr.contains("--strict: 1 node absent, 0 warnings, 0 errors\n"), "{}", once.stderr);

    // A trailing slash is repaired with a warning.
    let warned = good().node("other", "/flags/");
    assert_eq!(warned.once().run(SOON).code, Some(0));
    let once = strict(warned);
    assert_eq!(once.code, Some(1), "{}", once.stderr);
    assert!(once.stderr.contains("--strict: 0 nodes absent, 1 warning, 0 errors\n"), "{}", once.stderr);
}

#[test]
fn strict_leaves_the_file_of_an_absent_node_alone() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "x").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("typo", "/flgas");
    fs::create_dir_all(host.path("live")).unwrap();
    fs::write(host.file("typo"), "good").unwrap();
    let before = host.mtime("typo");
    let once = host.once().arg("--strict").run(SOON);
    assert_eq!(once.code, Some(1), "{}", once.stderr);
    assert_eq!((host.read("typo").unwrap(), host.mtime("typo")), (b"good".to_vec(), before));
    assert!(once.stderr.contains("1 node: 0 updated, 0 unchanged, 0 removed, 1 absent, 0 failed\n"));
    // Without it the stale file is removed, as by the original.
    assert_eq!(host.once().run(SOON).code, Some(0));
    assert_eq!(host.read("typo"), None);
}

#[test]
fn strict_fails_for_a_credential_that_cannot_be_read() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "x").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags").credentials(&["user:password"]);
    fs::remove_file(host.path("secrets.json")).unwrap();
    let once = host.once().arg("--strict").run(SOON);
    assert_eq!(once.code, Some(1), "{}", once.stderr);
    assert!(once.stderr.contains("No such file or directory"), "{}", once.stderr);
    assert!(once.stderr.contains("; going on without credentials\n"), "{}", once.stderr);
    assert!(once.stderr.contains("--strict: 0 nodes absent, 0 warnings, 1 error\n"), "{}", once.stderr);
}

#[test]
fn once_with_few_descriptors_succeeds_slowly() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "x").unwrap();
    let mut host = Host::new(zookeeper.connect_string());
    for index in 0..300 {
        let dest = host.path(&format!("live/{index}/file"));
        host = host
            .setting(&format!("nodes.n{index}.source"), "/flags")
            .setting(&format!("nodes.n{index}.dest"), dest.to_str().unwrap());
    }
    let once = host.once().limit("nofile", 32).run(3 * SOON);
    assert_eq!(once.code, Some(0), "{}", once.stderr);
    let summary = "300 nodes: 300 updated, 0 unchanged, 0 removed, 0 absent, 0 failed\n";
    assert!(once.stderr.ends_with(summary), "{}", once.stderr);
}

#[test]
fn once_without_nodes_exits_0() {
    let server = Server::prepare(ServerOptions::default());
    let once = Host::new(server.connect_string()).once().run(SOON);
    assert_eq!(once.code, Some(0), "{}", once.stderr);
    assert!(once.stderr.contains("0 nodes: "), "{}", once.stderr);
}

#[test]
fn once_that_gives_up_on_a_check_ends_it() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "x").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags");
    let check = SleepingCheck::new(&host);
    let host = host.setting("nodes.flags.check", check.program());
    // Shorter than the time limit of a check.
    let once = host.once().args(["--timeout", "5"]).start();
    check.wait_until_running();
    assert_eq!(once.wait(SOON).code(), Some(1), "{}", once.stderr());
    assert!(once.stderr().contains("not reached in time"), "{}", once.stderr());
    check.wait_until_gone();
    assert_eq!(fs::read_dir(host.path("live")).unwrap().count(), 0);
}
