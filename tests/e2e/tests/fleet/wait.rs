//! `live-data-writer --wait`.

use std::net::TcpListener;

use ld_testkit::{Host, Namespace, SOON, TestCommand, binary, wait_until};
use serde_json::Value;

use super::{hosts, reporting, wait_for_report, with_flags};

#[test]
fn the_writer_waits_until_the_hosts_have_it() {
    let zookeeper = with_flags("one");
    let reporters = ["web-1", "web-2"]
        .map(|name| reporting(zookeeper.connect_string(), name).setting("zookeeper.timeout", "20 seconds"));
    let watchers = reporters.each_ref().map(|host| host.watcher().start());
    for name in ["web-1", "web-2"] {
        wait_for_report(&zookeeper, name, |node| node["state"] == "current");
    }
    let writer = |content: &str| reporters[0].writer(content, "/flags").args(["--wait", "100%"]);
    let output = writer("two").run(2 * SOON);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(output.stderr.contains("2 of 2 hosts have it."), "{}", output.stderr);
    assert!(reporters.iter().all(|host| host.read("flags").unwrap() == b"two"));

    // A host that is frozen keeps its session for a while, and lags.
    watchers[1].freeze();
    let late = writer("three").args(["--wait-timeout", "1s"]).run(2 * SOON);
    watchers[1].thaw();
    assert_eq!(late.code, Some(4), "{}", late.stderr);
    assert!(late.stderr.contains("1 of 2 hosts have it: 100% were not reached within 1s"), "{}", late.stderr);
    assert!(late.stderr.contains("web-2: lagging: has another version"), "{}", late.stderr);
    assert_eq!(zookeeper.admin().get(&zookeeper.path("/flags")).unwrap().0, b"three");

    // The same content again is not written, and waited for all the same.
    wait_until("the change", SOON, || reporters[1].read("flags").unwrap() == b"three");
    let again = writer("three").run(2 * SOON);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert!(again.stderr.contains("Not writing."), "{}", again.stderr);
}

#[test]
fn a_terminal_shows_how_many_hosts_have_it() {
    let zookeeper = with_flags("one");
    let host = reporting(zookeeper.connect_string(), "web-1");
    let _watcher = host.watcher().start();
    wait_for_report(&zookeeper, "web-1", |node| node["state"] == "current");
    let source = host.path("new");
    std::fs::write(&source, "two").unwrap();
    let (writer, config) = (binary("live-data-writer"), host.config());
    let line = format!("{} --wait 100% {} {} /flags", writer.display(), config.display(), source.display());
    let writer =
        TestCommand::new("script").args(["-qefc", &line, "/dev/null"]).env("TERM", "xterm").run(2 * SOON);
    assert_eq!(writer.code, Some(0), "{}", writer.stdout);
    assert!(writer.stdout.contains("/1 hosts have it, "), "{}", writer.stdout);
}

#[test]
fn watched_hosts_are_printed_again_until_a_signal() {
    let zookeeper = with_flags("{}");
    let host = reporting(zookeeper.connect_string(), "web-1").setting("nodes.flags.format", "json");
    let _watcher = host.watcher().start();
    let watching = host.ctl("hosts").args(["/flags", "--watch"]).start();
    watching.wait_for_stdout("1 host: 1 good, 0 lagging, 0 bad", 2 * SOON);
    zookeeper.admin().set(&zookeeper.path("/flags"), "no json").unwrap();
    watching.wait_for_stdout("1 host: 0 good, 0 lagging, 1 bad", 2 * SOON);
    assert!(!watching.stdout().contains('\x1b'), "{}", watching.stdout());
    watching.interrupt();
    assert_eq!(watching.wait(SOON).code(), Some(0), "{}", watching.stderr());
}

#[test]
fn watched_hosts_end_with_their_reader() {
    let zookeeper = with_flags("one");
    let host = reporting(zookeeper.connect_string(), "web-1");
    let (ctl, config) = (binary("live-data-ctl"), host.config());
    for json in ["", "--json"] {
        let line = format!("{} hosts {} --watch {json} | head -1", ctl.display(), config.display());
        let output = TestCommand::new("bash").args(["-o", "pipefail", "-c", &line]).run(2 * SOON);
        assert_eq!(output.code, Some(0), "{}", output.stderr);
    }
}

#[test]
fn hosts_that_were_not_shown_are_not_good() {
    // A server that takes connections and does not answer.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = Host::new(format!("{}/", silent.local_addr().unwrap()));
    for watch in [None, Some("--watch")] {
        let ctl = TestCommand::new(binary("live-data-ctl"));
        let hosts = ctl.args(["--timeout", "60s", "hosts"]).arg(host.config()).args(watch).start();
        let (_connection, _) = silent.accept().unwrap();
        hosts.terminate();
        assert_eq!(hosts.wait(SOON).code(), Some(1), "{}", hosts.stderr());
        assert!(hosts.stderr().contains("interrupted before the hosts were shown"), "{}", hosts.stderr());
    }
}

#[test]
fn a_limit_is_one_of_the_json_too() {
    let zookeeper = with_flags("one");
    let reporters = ["web-1", "web-2"].map(|name| reporting(zookeeper.connect_string(), name));
    let _watchers = reporters.each_ref().map(|host| host.watcher().start());
    for name in ["web-1", "web-2"] {
        wait_for_report(&zookeeper, name, |node| node["state"] == "current");
    }
    let output = hosts(&zookeeper, &["--json", "--limit", "1"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let fleet: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!((fleet["hosts"].as_array().unwrap().len(), &fleet["good"]), (1, &2.into()), "{fleet}");
}

#[test]
fn hosts_that_reject_the_content_are_named() {
    let zookeeper = with_flags("{}");
    let host = reporting(zookeeper.connect_string(), "web-1").setting("nodes.flags.format", "json");
    let _watcher = host.watcher().start();
    wait_for_report(&zookeeper, "web-1", |node| node["state"] == "current");
    // The writer's configuration has no guard.
    let writer = reporting(zookeeper.connect_string(), "web-1");
    let output =
        writer.writer("no json", "/flags").args(["--wait", "50%", "--wait-timeout", "2s"]).run(2 * SOON);
    assert_eq!(output.code, Some(4), "{}", output.stderr);
    assert!(
        output.stderr.contains("web-1: bad: rejected: the content is rejected: it is not JSON"),
        "{}",
        output.stderr
    );
}

#[test]
fn reports_that_may_not_be_read_are_told_from_none() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "one").unwrap();
    let credentials = ["ops:ops-password", "fleet:fleet-password"];
    let [publishers, reporters] = ["digest-secret:secret/zookeeper/0", "digest-secret:secret/zookeeper/1"];
    let admin = Host::new(zookeeper.connect_string()).credentials(&credentials);
    admin.init(&["--publishers", publishers, "--reporters", reporters]);
    let watcher = reporting(zookeeper.connect_string(), "web-1").credentials(&credentials[1..]);
    let _watcher = watcher.watcher().start();
    let publisher =
        |credentials: &[&str]| reporting(zookeeper.connect_string(), "web-1").credentials(credentials);
    let report = zookeeper.path("/live-data/hosts/web-1");
    let admin = || zookeeper.server().admin().with_digest(credentials[1]);
    wait_until("the report", 2 * SOON, || {
        admin().get(&report).is_ok_and(|(report, _)| String::from_utf8(report).unwrap().contains("current"))
    });
    let output = publisher(&credentials[..1]).writer("two", "/flags").args(["--wait", "99%"]).run(SOON);
    assert_eq!(output.code, Some(4), "{}", output.stderr);
    let expected = "no host reports /flags, and 1 report cannot be read: not authorized to read \
                    /live-data/hosts/web-1: zookeeper.credentials need a user with the permission r \
                    (a report: a user of its watcher)";
    assert!(output.stderr.contains(expected), "{}", output.stderr);

    // With the remedy, beside a report that is none.
    admin().create(&zookeeper.path("/live-data/hosts/garbage"), "garbage").unwrap();
    let output = publisher(&credentials).writer("three", "/flags").args(["--wait", "99%"]).run(2 * SOON);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(output.stderr.contains("1 of 1 host have it."), "{}", output.stderr);
    assert!(
        output.stderr.contains("1 report cannot be read, and their hosts do not count"),
        "{}",
        output.stderr
    );
}

#[test]
fn without_a_report_the_writer_does_not_wait() {
    let zookeeper = with_flags("one");
    let writer = reporting(zookeeper.connect_string(), "web-1");
    let output = writer.writer("two", "/flags").args(["--wait", "99%"]).run(SOON);
    assert_eq!(output.code, Some(4), "{}", output.stderr);
    assert!(output.stderr.contains("no host reports /flags"), "{}", output.stderr);
    assert_eq!(zookeeper.admin().get(&zookeeper.path("/flags")).unwrap().0, b"two");
    for wrong in ["99", "0%", "101%"] {
        assert_eq!(writer.writer("x", "/flags").args(["--wait", wrong]).run(SOON).code, Some(2));
    }
}

#[test]
fn another_publishers_content_is_not_waited_for() {
    let zookeeper = with_flags("one");
    let limits = zookeeper.path("/limits");
    zookeeper.admin().create(&limits, "one").unwrap();
    let host = reporting(zookeeper.connect_string(), "web-1")
        .node("limits", "/limits")
        .setting("zookeeper.timeout", "20 seconds");
    let watcher = host.watcher().start();
    wait_for_report(&zookeeper, "web-1", |node| node["state"] == "current");
    host.wait_for("limits", "one");
    watcher.freeze();
    let source = host.path("limits.new");
    std::fs::write(&source, "two").unwrap();
    let also = format!("{}=/limits", source.display());
    let writer = host.writer("two", "/flags").args(["--wait", "100%", "--also", &also]).start();
    wait_until("the write", SOON, || zookeeper.admin().get(&limits).unwrap().0 == b"two");
    zookeeper.admin().set(&limits, "of another").unwrap();
    watcher.thaw();
    assert_eq!(writer.wait(4 * SOON).code(), Some(4), "{}", writer.stderr());
    let said = writer.stderr();
    assert!(said.contains("1 of 1 host have it."), "{said}");
    assert!(said.contains("have it: the node was given other content meanwhile"), "{said}");
    assert_eq!(said.matches("have it.").count(), 1, "{said}");
}
