//! Configuration files: the errors, warnings and syntax of docs/config.md, as a user sees them.

use std::fs;

use ld_testkit::{Host, Namespace, SOON, TestCommand, binary};

#[test]
fn all_errors_of_a_file_are_reported_at_once_with_exit_1() {
    let host = Host::new("127.0.0.1:1").node("a", "/a").setting("nodes.a.mode", "9");
    let same = host.file("a");
    let host = host
        .setting("nodes.b.source", "/b/../c")
        .setting("nodes.b.dest", same.to_str().unwrap())
        .setting("nodes.c.source", "/c")
        .setting("nodes.d.source", "/d")
        .setting("nodes.d.dest", "/nowhere/d")
        .setting("nodes.d.owner", "-1")
        .setting("nodes.d.mode", "-400")
        .setting("zookeeper.timeout", "0 seconds")
        .setting("nodes.e.source", "/e")
        .setting("nodes.e.dest", "/nowhere/e")
        .setting("nodes.e.mode", "77777");
    let config = host.config();
    let output = host.watcher().run(SOON);
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{}", output.stderr);
    for (line, key, text) in [
        (5, "nodes.a.mode", "'9' is not an octal file mode"),
        (6, "nodes.b.source", "'.' and '..' are not allowed"),
        (7, "nodes.b.dest", "the destination of nodes.b is already that of nodes.a in line 4"),
        (8, "nodes.c.dest", "no value specified"),
        (11, "nodes.d.owner", "'-1' is not a valid user"),
        (12, "nodes.d.mode", "'-400' is not an octal file mode"),
        (13, "zookeeper.timeout", "allowed"),
        (16, "nodes.e.mode", "'77777' is not an octal file mode (allowed: 0 to 7777, such as 0400)"),
    ] {
        let start = format!("{}:{line}: {key}: ", config.display());
        let found = output.stderr.lines().find(|line| line.starts_with(&start));
        assert!(found.is_some_and(|line| line.contains(text)), "{start}{text} in\n{}", output.stderr);
    }
    let end = format!("'{}' cannot be used: 8 errors", config.display());
    assert_eq!(output.stderr.lines().last(), Some(&*end));
    assert_eq!(output.stderr.lines().count(), 9, "{}", output.stderr);
}

#[test]
fn doubtful_settings_warn_and_do_not_stop_the_watcher() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "x").unwrap();
    let host = Host::new(zookeeper.connect_string())
        .node("flags", "flags/")
        .setting("nodes.flags.mod", "0444")
        .setting("secrets.provider", "vualt")
        .setting("somebody.elses", "key");
    let once = host.once().run(SOON);
    assert_eq!(once.code, Some(0), "{}", once.stderr);
    assert_eq!(host.read("flags").unwrap(), b"x");
    for text in [
        "nodes.flags.source: 'flags/' is read as '/flags'",
        "nodes.flags.mod: unknown key, ignored (the nearest known key is 'nodes.flags.mode')",
        "secrets.provider: unknown provider 'vualt', read as 'vault'",
    ] {
        assert!(once.stderr.contains(text), "{text} in\n{}", once.stderr);
    }
    assert!(!once.stderr.contains("somebody"), "{}", once.stderr);
}

#[test]
fn the_syntax_is_that_of_the_original() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "x").unwrap();
    let host = Host::new(zookeeper.connect_string());
    let text = format!(
        "[DEFAULT]\r\nnodes.flags.MODE = 0o444\r\n[other]\nkey = 1\n[live-data]\n# a comment\n; another\n\
         ZooKeeper.Hosts : 127.0.0.1:1,\n    {}\nnodes.flags.source = $NODE\nnodes.flags.dest = ${{ROOT}}/100%$UNSET\n",
        zookeeper.connect_string()
    );
    let root = host.path("root");
    let once = TestCommand::new(binary("live-data-watcher")).args(["--once", "-"]).stdin(text);
    let once = once.env("NODE", "/flags").env("ROOT", &root).env_remove("UNSET").run(SOON);
    assert_eq!(once.code, Some(0), "{}", once.stderr);
    assert_eq!(fs::read(root.join("100%$UNSET")).unwrap(), b"x");
}

#[test]
fn without_nodes_the_watcher_waits_for_a_signal() {
    let zookeeper = Namespace::new();
    let host = Host::new(zookeeper.connect_string());
    let watcher = host.watcher().start();
    watcher.wait_for_stderr("no nodes are configured: nothing to do", SOON);
    watcher.wait_for_stderr("session", SOON);
    assert!(watcher.is_running());
    watcher.terminate();
    assert_eq!(watcher.wait(SOON).code(), Some(0));
}

#[test]
fn mistakes_in_nodes_do_not_stop_the_writer() {
    let zookeeper = Namespace::new();
    let flags = zookeeper.path("/flags");
    zookeeper.admin().create(&flags, "old").unwrap();
    let host = Host::new(zookeeper.connect_string())
        .setting("nodes.a.mode", "9")
        .setting("nodes.b.source", "/..")
        .setting("watcher.heartbeat_interval", "never");
    let output = host.writer("new", "/flags").run(SOON);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert_eq!(zookeeper.admin().get(&flags).unwrap().0, b"new");
    assert!(!output.stderr.contains("nodes."), "{}", output.stderr);
}

/// A node `/flags` that holds `old`, and a host with `lines` in the section for it.
fn with_section(lines: &[(&str, &str)]) -> (Namespace, Host) {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "old").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("f", "/flags");
    let host = lines.iter().fold(host, |host, (key, value)| host.setting(key, value));
    (zookeeper, host)
}

#[test]
fn a_guard_that_cannot_be_read_stops_the_writer_of_its_node() {
    let (zookeeper, host) = with_section(&[("nodes.f.format", "jsn")]);
    for dest in ["/flags", "flags", "//flags/"] {
        let output = host.writer("{}", dest).run(SOON);
        assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{}", output.stderr);
        assert!(output.stderr.contains(":5: nodes.f.format: 'jsn' is not known"), "{}", output.stderr);
        let last = "nothing was written: the guards of /flags cannot be read\n";
        assert!(output.stderr.ends_with(last), "{}", output.stderr);
    }
    assert_eq!(zookeeper.admin().get(&zookeeper.path("/flags")).unwrap().0, b"old");

    zookeeper.admin().create(&zookeeper.path("/other"), "old").unwrap();
    let output = host.writer("{}", "/other").run(SOON);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(!output.stderr.contains("nodes."), "{}", output.stderr);
}

#[test]
fn guards_hold_beside_other_mistakes_in_the_section() {
    let (zookeeper, host) = with_section(&[("nodes.f.format", "json"), ("nodes.f.mode", "9")]);
    let output = host.writer("{", "/flags").run(SOON);
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    assert!(output.stderr.contains("it is not JSON: it ends too early"), "{}", output.stderr);
    assert_eq!(zookeeper.admin().get(&zookeeper.path("/flags")).unwrap().0, b"old");
}

#[test]
fn a_misspelt_guard_and_one_without_source_warn_the_writer() {
    let misspelt = [("nodes.f.formt", "json"), ("nodes.b.format", "json")];
    let (zookeeper, host) = with_section(&misspelt);
    let output = host.writer("new", "/flags").run(SOON);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(output.stderr.contains("(the nearest known key is 'nodes.f.format')"), "{}", output.stderr);
    let unknown = "nodes.b.source: no value specified; guards of this node are not applied";
    assert!(output.stderr.contains(unknown), "{}", output.stderr);
    assert_eq!(zookeeper.admin().get(&zookeeper.path("/flags")).unwrap().0, b"new");
}

#[test]
fn a_wrong_zookeeper_setting_stops_the_writer_with_exit_1() {
    let host = Host::new("127.0.0.1:99999");
    let output = host.writer("new", "/flags").run(SOON);
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""));
    assert!(output.stderr.contains("config.ini:2: zookeeper.hosts: "), "{}", output.stderr);
}
