//! What a running watcher serves, and the `status` command that asks it.

use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use ld_testkit::{Daemon, Host, Namespace, Proxy, ProxyMode, SOON, TestCommand, binary, http_get, wait_for};

/// A host with a good node and one without a node in ZooKeeper that its file is for.
fn running(zookeeper: &Namespace, listen: &str) -> (Host, Daemon) {
    zookeeper.admin().create(&zookeeper.path("/good"), "good").unwrap();
    zookeeper.admin().create(&zookeeper.path("/bad"), "no json").unwrap();
    let host = Host::new(zookeeper.connect_string())
        .setting("status.listen", listen)
        .node("good", "/good")
        .node("bad", "/bad")
        .setting("nodes.good.on_change", "/bin/true")
        .setting("nodes.bad.format", "json");
    let watcher = host.watcher().start();
    host.wait_for("good", "good");
    watcher.wait_for_stderr("nodes.bad", SOON);
    (host, watcher)
}

pub(crate) fn status_address(watcher: &Daemon) -> String {
    let line = "the status is served at ";
    wait_for("the address", SOON, || {
        let log = watcher.stderr();
        let rest = &log[log.find(line)? + line.len()..];
        Some(rest.lines().next()?.to_owned())
    })
}

pub(crate) fn get(address: &str, path: &str) -> String {
    http_get(TcpStream::connect(address).unwrap(), path).unwrap()
}

#[test]
fn status_metrics_and_readiness_tell_of_each_node() {
    let zookeeper = Namespace::new();
    let (_host, watcher) = running(&zookeeper, "127.0.0.1:0");
    let address = status_address(&watcher);
    // The file is there a moment before its outcome is recorded.
    wait_for("readiness", SOON, || get(&address, "/readyz").starts_with("HTTP/1.1 200 ").then_some(()));
    let status = get(&address, "/status");
    assert!(status.contains(r#""name":"good""#) && status.contains(r#""state":"current""#), "{status}");
    assert!(status.contains(r#""state":"rejected""#) && !status.contains("no json"), "{status}");
    let samples = [
        "live_data_node_state{node=\"good\",state=\"current\"} 1\n",
        "live_data_nodes{state=\"rejected\"} 1",
        "live_data_node_bytes{node=\"good\"} 4",
        "live_data_sessions{state=\"connected\"} 1",
        "live_data_session_reconnects_total 0\n",
        "live_data_session_expiries_total 0\n",
        "live_data_session_failures_total{reason=\"no_server\"} 0\n",
        "live_data_failures_total{reason=\"rejected\"} 1",
        "live_data_rejections_total{guard=\"format\"} 1",
        "live_data_rejections_total{guard=\"pointer\"} 0",
        "live_data_config_last_reload_successful 1",
        "live_data_applies_total 1",
        "live_data_hook_runs_total{node=\"good\",result=\"succeeded\"} 1\n",
        "live_data_hooks_failing 0",
    ];
    // Counters follow the nodes a moment later.
    wait_for("all samples", SOON, || {
        let metrics = get(&address, "/metrics");
        samples.iter().all(|sample| metrics.contains(sample)).then_some(())
    });
    assert!(get(&address, "/healthz").starts_with("HTTP/1.1 200 "));
}

#[test]
fn the_metrics_are_those_that_are_documented() {
    let zookeeper = Namespace::new();
    let (_host, watcher) = running(&zookeeper, "127.0.0.1:0");
    let metrics = get(&status_address(&watcher), "/metrics");
    let document = include_str!("../../../docs/operations.md");
    let families: Vec<_> = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    assert!(families.len() > 10, "{metrics}");
    for family in families {
        let (name, kind) = family.split_once(' ').unwrap();
        let row = document.lines().find(|line| line.starts_with(&format!("| `{name}")));
        let row = row.unwrap_or_else(|| panic!("{name} is not in docs/operations.md"));
        assert!(row.contains(&format!("| {kind} |")), "{name} is a {kind}: {row}");
    }
    let documented = document.lines().filter_map(|line| line.strip_prefix("| `live_data_"));
    for name in documented.filter_map(|row| row.split(['`', '{']).next()) {
        let is_optional = ["node_mzxid", "node_last_applied"].iter().any(|start| name.starts_with(start));
        assert!(is_optional || metrics.contains(&format!("live_data_{name}")), "{name} is not served");
    }
}

#[test]
fn promtool_finds_no_fault_in_the_metrics() {
    let zookeeper = Namespace::new();
    let (_host, watcher) = running(&zookeeper, "127.0.0.1:0");
    let answer = get(&status_address(&watcher), "/metrics");
    let (_, metrics) = answer.split_once("\r\n\r\n").unwrap();
    let checked =
        TestCommand::new(tool("promtool", "prometheus")).args(["check", "metrics"]).stdin(metrics).run(SOON);
    assert_eq!(checked.code, Some(0), "{}{}", checked.stdout, checked.stderr);
    assert_eq!((checked.stdout.as_str(), checked.stderr.as_str()), ("", ""));
}

#[test]
fn the_page_shows_the_worst_node_first_in_a_browser() {
    let zookeeper = Namespace::new();
    let (host, watcher) = running(&zookeeper, "127.0.0.1:0");
    let address = status_address(&watcher);
    wait_for("readiness", SOON, || get(&address, "/readyz").starts_with("HTTP/1.1 200 ").then_some(()));
    let all = browse(&host, &format!("http://{address}/"));
    let (bad, good) = (all.find(">rejected<"), all.find(">current<"));
    assert!(bad.is_some() && bad < good, "{all}");
    assert!(all.contains("1 of 2 files are not as they should be"), "{all}");
    assert!(all.contains("not JSON") && !all.contains("no json"), "the reason without content: {all}");
    let filtered = browse(&host, &format!("http://{address}/#current"));
    assert!(!filtered.contains(">rejected<") && filtered.contains(">current<"), "{filtered}");
}

/// The picture in docs/operations.md is this one. After a change of the page copy it from
/// target/pictures.
#[test]
fn a_picture_of_the_page_is_taken() {
    let zookeeper = Namespace::new();
    let contents = [("flags", "{}"), ("limits", "{}"), ("experiments", "no json"), ("routes", "{}")];
    let mut host = Host::new(zookeeper.connect_string()).setting("status.listen", "127.0.0.1:0");
    for (name, content) in contents {
        zookeeper.admin().create(&zookeeper.path(&format!("/{name}")), content).unwrap();
        host = host
            .setting(&format!("nodes.{name}.source"), format!("/{name}"))
            .setting(&format!("nodes.{name}.dest"), format!("live/{name}.json"))
            .setting(&format!("nodes.{name}.format"), "json");
    }
    let host = host.setting("nodes.banners.source", "/banners").setting("nodes.banners.dest", "live/banners");
    let watcher = host.watcher().current_dir(host.path("")).start();
    let address = status_address(&watcher);
    wait_for("readiness", SOON, || get(&address, "/readyz").starts_with("HTTP/1.1 200 ").then_some(()));
    let pictures = binary("live-data-watcher").ancestors().nth(2).unwrap().join("pictures");
    std::fs::create_dir_all(&pictures).unwrap();
    let picture = pictures.join("status.png");
    let options = [
        "--hide-scrollbars".to_owned(),
        "--window-size=1360,400".to_owned(),
        format!("--screenshot={}", picture.display()),
    ];
    chromium(&host, &options, &format!("http://{address}/"));
    let bytes = std::fs::read(&picture).unwrap();
    assert!(bytes.starts_with(b"\x89PNG") && bytes.len() > 5_000, "{} bytes", bytes.len());
}

/// The page as a headless browser has it after its script ran.
pub(crate) fn browse(host: &Host, url: &str) -> String {
    chromium(host, &["--dump-dom".to_owned()], url)
}

fn chromium(host: &Host, options: &[String], url: &str) -> String {
    let profile = format!("--user-data-dir={}", host.path("browser").display());
    let output = TestCommand::new(tool("chromium", "chromium"))
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
        .args(["--virtual-time-budget=5000", &profile])
        .args(options)
        .arg(url)
        .run(Duration::from_secs(120));
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    output.stdout
}

/// A program of Debian's that the test cannot do without.
pub(crate) fn tool(name: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&path).map(|directory| directory.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{name} is missing: apt-get install {package}"))
}

#[test]
fn the_status_command_prints_a_table_and_exits_by_it() {
    let zookeeper = Namespace::new();
    let (host, watcher) = running(&zookeeper, "unix:/nowhere");
    drop(watcher);
    let socket = host.path("status.sock");
    let host = host.without("status.").setting("status.listen", format!("unix:{}", socket.display()));
    let status = || TestCommand::new(binary("live-data-watcher")).arg("status").arg(host.config()).run(SOON);
    let unreachable = status();
    assert_eq!(unreachable.code, Some(3), "{}", unreachable.stderr);
    assert!(unreachable.stderr.contains("cannot be asked"), "{}", unreachable.stderr);

    let watcher = host.watcher().start();
    wait_for("the socket", SOON, || UnixStream::connect(&socket).ok());
    watcher.wait_for_stderr("nodes.bad", SOON);
    let bad = status();
    assert_eq!(bad.code, Some(1), "{}", bad.stderr);
    assert!(bad.stdout.contains("rejected") && bad.stdout.contains("1 of 2 files"), "{}", bad.stdout);

    zookeeper.admin().set(&zookeeper.path("/bad"), "{}").unwrap();
    host.wait_for("bad", "{}");
    let good = wait_for("all to be good", SOON, || Some(status()).filter(|status| status.code == Some(0)));
    assert!(good.stdout.contains("2 of 2 files are as they should be"), "{}", good.stdout);
}

#[test]
fn files_that_nothing_confirms_are_stale() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "on").unwrap();
    let proxy = Proxy::start(zookeeper.server().address());
    let connect = format!("{}{}", proxy.connect_string(), zookeeper.chroot());
    let host = Host::new(connect).node("flags", "/flags").node("none", "/none");
    let socket = host.path("status.sock");
    let host = host
        .setting("status.listen", format!("unix:{}", socket.display()))
        .setting("watcher.heartbeat_interval", "500 ms");
    let _watcher = host.watcher().start();
    let status = |code| {
        let ask = || TestCommand::new(binary("live-data-watcher")).arg("status").arg(host.config()).run(SOON);
        wait_for("the exit code", SOON, || Some(ask()).filter(|status| status.code == Some(code)))
    };
    let fresh = status(0);
    assert!(fresh.stdout.contains("2 of 2 files") && !fresh.stdout.contains("stale"), "{}", fresh.stdout);

    proxy.set_mode(ProxyMode::Refuse);
    let stale = status(1);
    assert!(stale.stdout.contains("current") && stale.stdout.contains("stale: nothing"), "{}", stale.stdout);
    wait_for("both to be stale", SOON, || status(1).stdout.contains("0 of 2 files").then_some(()));

    proxy.set_mode(ProxyMode::Pass);
    assert!(status(0).stdout.contains("2 of 2 files"));
}

#[test]
fn without_status_listen_nothing_is_served() {
    let zookeeper = Namespace::new();
    let host = Host::new(zookeeper.connect_string());
    let output = TestCommand::new(binary("live-data-watcher")).arg("status").arg(host.config()).run(SOON);
    assert_eq!(output.code, Some(3));
    assert!(output.stderr.contains("sets no status.listen"), "{}", output.stderr);
}
