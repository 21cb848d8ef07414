//! The report of one watcher.

use ld_testkit::{Proxy, SOON, Server, Session, operation, wait_until};

use serde_json::Value;

use super::{host, hosts, reporting, wait_for_report, with_flags};

#[test]
fn a_report_follows_the_file_and_ends_with_the_watcher() {
    let zookeeper = with_flags("{}");
    let flags = zookeeper.path("/flags");
    let reporter = reporting(zookeeper.connect_string(), "web-1")
        .setting("nodes.flags.format", "json")
        .setting("zookeeper.timeout", "2 seconds");
    let watcher = reporter.watcher().start();
    let mzxid = zookeeper.admin().exists(&flags).unwrap().unwrap().mzxid;
    let node = wait_for_report(&zookeeper, "web-1", |node| node["mzxid"] == mzxid);
    assert_eq!((&node["state"], &node["standing"]), (&"current".into(), &"good".into()), "{node}");
    // printf '{}' | sha256sum
    assert_eq!(node["hash"], "44136fa355b3678a", "{node}");

    let mzxid = zookeeper.admin().set(&flags, "[1]").unwrap().mzxid;
    wait_for_report(&zookeeper, "web-1", |node| node["mzxid"] == mzxid);
    zookeeper.admin().set(&flags, "no json").unwrap();
    let node = wait_for_report(&zookeeper, "web-1", |node| node["state"] == "rejected");
    assert_eq!(node["mzxid"], mzxid, "the last good one: {node}");
    assert!(node["reason"].as_str().unwrap().contains("not JSON"), "{node}");
    let table = hosts(&zookeeper, &[]);
    assert_eq!(table.code, Some(1));
    assert!(table.stdout.contains("bad       web-1  1"), "{}", table.stdout);
    assert!(
        table.stdout.contains("/flags: rejected: the content is rejected: it is not JSON"),
        "{}",
        table.stdout
    );

    watcher.kill();
    wait_until("the report to end", 2 * SOON, || host(&zookeeper, "web-1").is_none());
}

#[test]
fn a_failed_hook_is_a_part_of_the_report() {
    let zookeeper = with_flags("good");
    let reporter = reporting(zookeeper.connect_string(), "web-1");
    let file = reporter.file("flags").display().to_string();
    let reporter = reporter
        .setting("nodes.flags.on_change", format!("/bin/grep -q good {file}"))
        .setting("nodes.flags.on_change_retries", "0");
    let _watcher = reporter.watcher().start();
    for (content, state, standing) in [("bad", "hook-failed", "bad"), ("good again", "current", "good")] {
        let mzxid = zookeeper.admin().set(&zookeeper.path("/flags"), content).unwrap().mzxid;
        let is_so = |node: &Value| node["mzxid"] == mzxid && node["state"] == state;
        let node = wait_for_report(&zookeeper, "web-1", is_so);
        assert_eq!(node["standing"], standing, "{node}");
    }
}

#[test]
fn a_removed_hook_is_no_part_of_the_report() {
    let zookeeper = with_flags("one");
    // No heartbeat gives the report an occasion.
    let host = reporting(zookeeper.connect_string(), "web-1")
        .setting("watcher.heartbeat_interval", "1 hour")
        .setting("nodes.flags.on_change", "/bin/false")
        .setting("nodes.flags.on_change_retries", "0");
    let watcher = host.watcher().start();
    wait_for_report(&zookeeper, "web-1", |node| node["state"] == "hook-failed");
    let host = host.without("nodes.flags.on_change");
    host.config();
    watcher.hang_up();
    wait_for_report(&zookeeper, "web-1", |node| node["state"] == "current");
}

#[test]
fn a_report_survives_its_session() {
    let zookeeper = with_flags("one");
    let proxy = Proxy::start(zookeeper.server().address());
    let reporter = reporting(format!("{}{}", proxy.connect_string(), zookeeper.chroot()), "web-1");
    let _watcher = reporter.watcher().start();
    wait_for_report(&zookeeper, "web-1", |node| node["state"] == "current");
    let mut mzxid = 0;
    Session::expire(&proxy, zookeeper.server().address(), || {
        mzxid = zookeeper.admin().set(&zookeeper.path("/flags"), "two").unwrap().mzxid;
    });
    wait_for_report(&zookeeper, "web-1", |node| node["mzxid"] == mzxid);
    // A user with the right to do so removes it.
    zookeeper.admin().delete(&zookeeper.path("/live-data/hosts/web-1")).unwrap();
    wait_for_report(&zookeeper, "web-1", |node| node["mzxid"] == mzxid);
}

#[test]
fn a_report_survives_a_restart_of_the_server() {
    let server = Server::start();
    let admin = server.admin();
    for path in ["/flags", "/live-data", "/live-data/hosts"] {
        admin.create(path, "one").unwrap();
    }
    let reporter = reporting(server.connect_string(), "web-1");
    let _watcher = reporter.watcher().start();
    let report =
        || admin.get("/live-data/hosts/web-1").ok().map(|(report, _)| String::from_utf8(report).unwrap());
    wait_until("the report", 2 * SOON, || report().is_some_and(|report| report.contains("\"current\"")));
    server.restart();
    server.wait_ready();
    let mzxid = admin.set("/flags", "two").unwrap().mzxid;
    wait_until("the new version", 4 * SOON, || {
        report().is_some_and(|report| report.contains(&format!("\"/flags\",{mzxid},")))
    });
}

#[test]
fn two_watchers_with_one_host_name_are_told() {
    let zookeeper = with_flags("one");
    let (first, second) = [(); 2]
        .map(|()| {
            let host = reporting(zookeeper.connect_string(), "web-1");
            host.setting("zookeeper.timeout", "2 seconds")
        })
        .into();
    let first_watcher = first.watcher().start();
    wait_for_report(&zookeeper, "web-1", |node| node["state"] == "current");
    let watcher = second.watcher().start();
    second.wait_for("flags", "one");
    watcher.wait_for_stderr("another watcher reports as 'web-1'", 4 * SOON);
    // It takes over when the first one ends.
    first_watcher.terminate();
    watcher.wait_for_stderr("this host reports as 'web-1' again", 4 * SOON);
    assert_eq!(watcher.stderr().matches("another watcher reports").count(), 1, "{}", watcher.stderr());
}

#[test]
fn without_init_a_watcher_works_and_warns_once() {
    let zookeeper = ld_testkit::Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "one").unwrap();
    let reporter = reporting(zookeeper.connect_string(), "web-1");
    let watcher = reporter.watcher().start();
    reporter.wait_for("flags", "one");
    let warning = "/live-data/hosts does not exist in ZooKeeper: make it with 'live-data-ctl init CONFIG'";
    watcher.wait_for_stderr(warning, SOON);
    zookeeper.admin().set(&zookeeper.path("/flags"), "two").unwrap();
    reporter.wait_for("flags", "two");
    assert_eq!(watcher.stderr().matches("does not report").count(), 1, "{}", watcher.stderr());
    let output = hosts(&zookeeper, &[]);
    assert_eq!(output.code, Some(1));
    assert!(output.stderr.contains("/live-data/hosts does not exist: make it with"), "{}", output.stderr);
}

#[test]
fn a_watcher_that_does_not_report_asks_nothing_of_it() {
    let zookeeper = with_flags("one");
    let requests = |reports: bool| {
        let proxy = Proxy::start(zookeeper.server().address());
        let connect_string = format!("{}{}", proxy.connect_string(), zookeeper.chroot());
        let host = reporting(connect_string, "web-1");
        let host = if reports { host } else { host.without("fleet.report ") };
        let host = host.setting("watcher.heartbeat_interval", "100 milliseconds");
        let _watcher = host.watcher().start();
        host.wait_for("flags", "one");
        let wait_for_heartbeats = || {
            for _ in 0..3 {
                let before = host.mtime("flags");
                wait_until("a heartbeat", SOON, || host.mtime("flags") > before);
            }
        };
        if reports {
            wait_for_report(&zookeeper, "web-1", |node| node["state"] == "current");
        }
        wait_for_heartbeats();
        let of = |code| proxy.requests_of(code);
        let before = [of(operation::AUTH), of(operation::CREATE2), of(operation::SET_DATA)];
        // Nothing is reported while nothing changes.
        wait_for_heartbeats();
        assert_eq!([of(operation::AUTH), of(operation::CREATE2), of(operation::SET_DATA)], before);
        before
    };
    assert_eq!(requests(false), [0, 0, 0]);
    let [auth, create, set] = requests(true);
    assert!(auth == 1 && create == 1 && set <= 2, "{auth} {create} {set}");
}
