//! `check` and `print-config`: a configuration is looked at, and nothing is changed.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use ld_testkit::{
    Daemon, Host, Namespace, SOON, SleepingCheck, Snapshot, TempDir, TestCommand, TestOutput, binary,
};

const GOOD: &str = "[live-data]\nzookeeper.hosts = zk\nnodes.a.source = /a\nnodes.a.dest = /tmp/a\n";

fn run(arguments: &[&str], text: &str) -> TestOutput {
    let directory = TempDir::new();
    let path = directory.join("config.ini");
    fs::write(&path, text).unwrap();
    TestCommand::new(binary("live-data-watcher")).args(arguments).arg(&path).run(SOON)
}

#[test]
fn a_good_configuration_passes() {
    let output = run(&["check"], GOOD);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(output.stdout.contains("has no problem"), "{}", output.stdout);
}

#[test]
fn every_problem_is_told_with_its_place() {
    let text = format!("{GOOD}  nodes.b.source = /b\nnodes.a.mode = 9\nnodes.a.typo = x\n");
    let output = run(&["check"], &text);
    assert_eq!(output.code, Some(1));
    assert!(
        output.stdout.contains("error: ") && output.stdout.contains(":6: nodes.a.mode: "),
        "{}",
        output.stdout
    );
    assert!(output.stdout.contains("warning: "), "{}", output.stdout);
    let json = run(&["check", "--json"], &text).stdout;
    assert!(json.contains(r#""valid":false"#) && json.contains(r#""key":"nodes.a.mode""#), "{json}");
    assert!(json.contains(r#""line":6"#) && json.contains(r#""severity":"error""#), "{json}");
}

#[test]
fn a_warning_fails_only_a_strict_check() {
    let text = format!("{GOOD}nodes.a.typo = x\n");
    assert_eq!(run(&["check"], &text).code, Some(0));
    assert_eq!(run(&["check", "--strict"], &text).code, Some(1));
}

#[test]
fn a_file_that_cannot_be_opened_is_wrong_usage() {
    let output = TestCommand::new(binary("live-data-watcher")).args(["check", "/no/such.ini"]).run(SOON);
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    assert!(output.stderr.contains("/no/such.ini"), "{}", output.stderr);
}

#[test]
fn the_effective_configuration_is_printed_with_defaults_marked() {
    let output = run(&["print-config"], &format!("{GOOD}nodes.a.mode = 0440\n"));
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(output.stdout.contains("# default\nwatcher.drift_interval = "), "{}", output.stdout);
    assert!(output.stdout.contains("\nnodes.a.mode = 0440\n"), "{}", output.stdout);
}

#[test]
fn a_configuration_named_check_is_written_with_its_directory() {
    let directory = TempDir::new();
    let path = directory.join("check");
    fs::write(&path, format!("{GOOD}nodes.a.mode = 9\n")).unwrap();
    let output = TestCommand::new(binary("live-data-watcher")).arg(path).run(SOON);
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    assert!(output.stderr.contains("nodes.a.mode: "), "{}", output.stderr);
}

fn connect(host: &Host, arguments: &[&str]) -> TestOutput {
    let command = TestCommand::new(binary("live-data-watcher")).args(["check", "--connect"]);
    command.args(arguments).arg(host.config()).run(SOON)
}

/// A host with a node in each state that a node can be found in without a watcher.
fn many_states(zookeeper: &Namespace) -> Host {
    let create =
        |path: &str, content: &str| zookeeper.admin().create(&zookeeper.path(path), content).unwrap();
    for (path, content) in [("/new", "new"), ("/right", "right"), ("/bad", "no json"), ("/blocked", "x")] {
        create(path, content);
    }
    let mut host = Host::new(zookeeper.connect_string());
    for name in ["new", "right", "gone", "kept", "bad", "blocked", "unowned"] {
        host = host.node(name, &format!("/{}", name.replace("unowned", "right")));
    }
    let host = host
        .setting("nodes.bad.format", "json")
        .setting("nodes.kept.on_delete", "keep")
        .setting("nodes.unowned.owner", "no-such-user");
    // An earlier run left these files.
    fs::create_dir(host.path("live")).unwrap();
    for (name, content) in [("right", "right"), ("gone", "gone"), ("kept", "kept")] {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true).mode(0o400);
        options.open(host.file(name)).unwrap().write_all(content.as_bytes()).unwrap();
    }
    fs::create_dir(host.file("blocked")).unwrap();
    host
}

#[test]
fn a_connected_check_says_what_would_happen_to_each_node() {
    let zookeeper = Namespace::new();
    let host = many_states(&zookeeper);
    let output = connect(&host, &[]);
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    for (name, what) in [
        ("new", "would write 3 bytes (mzxid 0x"),
        ("right", "the file is right (mzxid 0x"),
        ("gone", "the node does not exist: would remove the file"),
        ("kept", "the node does not exist: would leave the file (on_delete = keep)"),
        ("bad", "would leave the file: the content is rejected: "),
        ("blocked", "could not make the file right: "),
        ("unowned", "could not make the file right: no user is called 'no-such-user'"),
    ] {
        let line = output.stdout.lines().find(|line| line.starts_with(&format!("nodes.{name}: ")));
        assert!(line.is_some_and(|line| line.contains(&format!("': {what}"))), "{name}: {}", output.stdout);
    }
    assert!(output.stdout.contains("ACL world:anyone:cdrwa)") && !output.stdout.contains("no json"));

    let json = connect(&host, &["--json"]).stdout;
    for part in [
        r#""name":"new","outcome":"write""#,
        r#""name":"bad","outcome":"rejected""#,
        r#""acl":["world:anyone:cdrwa"],"bytes":3"#,
    ] {
        assert!(json.contains(part), "{part}: {json}");
    }
}

#[test]
fn max_bytes_is_not_about_the_pointer_itself() {
    let zookeeper = Namespace::new();
    let pointer = r#"{"live_data_watcher_load_type": "S3", "bucket_name": "b", "file_key": "k",
        "region_name": null}"#;
    for (path, content) in [("/pointer", pointer), ("/plain", "0123456789")] {
        zookeeper.admin().create(&zookeeper.path(path), content).unwrap();
    }
    let host = Host::new(zookeeper.connect_string()).node("pointer", "/pointer").node("plain", "/plain");
    let host = host.setting("nodes.pointer.max_bytes", "9").setting("nodes.plain.max_bytes", "9");
    let output = connect(&host, &["--json"]).stdout;
    for part in [r#""name":"pointer","outcome":"pointer""#, r#""name":"plain","outcome":"rejected""#] {
        assert!(output.contains(part), "{part}: {output}");
    }
    assert!(output.contains("it has 10 bytes, and max_bytes is 9"), "{output}");
}

#[test]
fn a_connected_check_changes_nothing() {
    let zookeeper = Namespace::new();
    let host = many_states(&zookeeper).setting("nodes.new.check", "/bin/true");
    let before = Snapshot::of(host.path("live"));
    connect(&host, &[]);
    before.assert_same(&Snapshot::of(host.path("live")));
}

#[test]
fn a_connected_check_exits_by_what_it_found() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/new"), "new").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("new", "/new");
    assert_eq!(connect(&host, &["--strict"]).code, Some(0));
    let host = host.node("gone", "/gone");
    assert_eq!((connect(&host, &[]).code, connect(&host, &["--strict"]).code), (Some(0), Some(1)));
}

#[test]
fn a_connected_check_says_that_a_host_may_not_report() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/new"), "new").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("new", "/new").credentials(&["host:old-password"]);
    let host = host.setting("fleet.report", "true");
    let missing = connect(&host, &[]);
    missing.assert_ends(1, "");
    assert!(missing.stdout.contains("/live-data/hosts does not exist"), "{}", missing.stdout);
    host.init(&["--readers", "world:anyone"]);
    connect(&host, &[]).assert_ends(0, "");
    let directory = zookeeper.path("/live-data/hosts");
    let before = zookeeper.admin().exists(&directory).unwrap();

    // The new password may read the directory all the same.
    host.write_secrets(&["host:new-password"]);
    let refused = connect(&host, &[]);
    refused.assert_ends(1, "");
    let why =
        "fleet.report: this host could not report: this watcher may not create nodes below /live-data/hosts";
    assert!(refused.stdout.contains(why), "{}", refused.stdout);
    let json = connect(&host, &["--json"]).stdout;
    assert!(json.contains(r#""report_obstacle":"this watcher may not"#), "{json}");
    assert_eq!(zookeeper.admin().exists(&directory).unwrap(), before);
}

#[test]
fn a_connected_check_without_zookeeper_ends_in_time_with_3() {
    let host = Host::new("127.0.0.1:1").node("a", "/a");
    let output = connect(&host, &["--timeout", "500ms"]);
    assert_eq!(output.code, Some(3), "{}", output.stdout);
    assert!(output.stderr.contains("127.0.0.1:1"), "{}", output.stderr);
}

#[test]
fn a_connected_check_rejects_a_pointer_that_is_not_valid() {
    let zookeeper = Namespace::new();
    let mut host = Host::new(zookeeper.connect_string());
    for (name, key) in [("valid", r#""key""#), ("wrong", "5")] {
        let pointer = format!(
            r#"{{"live_data_watcher_load_type": "S3", "bucket_name": "bkt", "file_key": {key},
                "region_name": "us-east-1"}}"#
        );
        let path = format!("/{name}");
        zookeeper.admin().create(&zookeeper.path(&path), &pointer).unwrap();
        host = host.node(name, &path);
    }
    let output = connect(&host, &["--json"]);
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    for part in [
        r#""name":"valid","outcome":"pointer""#,
        r#""name":"wrong","outcome":"rejected""#,
        "rejected: the pointer to S3 is not valid: 'file_key' is not a string",
    ] {
        assert!(output.stdout.contains(part), "{part}: {}", output.stdout);
    }
}

/// Starts a connected check, has `end` end it while its check program runs, and asserts that
/// nothing of it is left.
#[track_caller]
fn with_a_running_check_program(arguments: &[&str], end: impl FnOnce(&Daemon)) {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "new").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags");
    let program = SleepingCheck::new(&host);
    let host = host.setting("nodes.flags.check", program.program());
    let temporary = host.path("tmp");
    fs::create_dir(&temporary).unwrap();
    let command = TestCommand::new(binary("live-data-watcher")).args(["check", "--connect"]).args(arguments);
    let check = command.arg(host.config()).env("TMPDIR", &temporary).start();
    program.wait_until_running();

    end(&check);
    assert_eq!(check.wait(SOON).code(), Some(1), "{}", check.stderr());
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0, "{}", check.stderr());
    program.wait_until_gone();
}

#[test]
fn a_signal_ends_a_connected_check_with_its_program() {
    for signal in [Daemon::interrupt, Daemon::terminate, Daemon::hang_up] {
        with_a_running_check_program(&[], |check| {
            signal(check);
            check.wait_for_stderr(": ending\n", SOON);
        });
    }
}

#[test]
fn a_connected_check_leaves_no_file_at_its_limit() {
    with_a_running_check_program(&["--timeout", "3s"], |_| {});
}
