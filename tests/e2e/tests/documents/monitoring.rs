//! The snippets of docs/monitoring.md, run as they stand.

use std::fs;

use ld_testkit::{Host, Namespace, SOON, TempDir, TestCommand, TestOutput, binary, wait_for};

use super::page::Page;
use crate::status::{get, status_address, tool};

const PAGE: &str = include_str!("../../../../docs/monitoring.md");

/// The command line of an NRPE command, with paths of this test.
fn nrpe_command(heading: &str, name: &str, paths: &[(&str, &str)]) -> String {
    let block = Page::new(PAGE).take("cfg", heading);
    let line = block.trim_end().strip_prefix(&format!("command[{name}]="));
    let line = line.unwrap_or_else(|| panic!("no command {name}: {block}")).to_owned();
    paths.iter().fold(line, |line, (documented, path)| {
        assert!(line.contains(documented), "{documented}: {line}");
        line.replace(documented, path)
    })
}

/// Runs a line as NRPE does.
fn run(line: &str) -> TestOutput {
    TestCommand::new("sh").args(["-c", line]).run(SOON)
}

fn set_age(file: &str, age: &str) {
    let touched = TestCommand::new("touch").args(["-d", age, file]).run(SOON);
    assert_eq!(touched.code, Some(0), "{}", touched.stderr);
}

#[track_caller]
fn assert_nagios(output: &TestOutput, code: i32, text: &str) {
    assert_eq!(output.code, Some(code), "{}{}", output.stdout, output.stderr);
    assert!(output.stdout.contains(text), "{text}: {}{}", output.stdout, output.stderr);
}

#[test]
fn nagios_asks_a_watcher_by_the_command_of_the_page() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "{}").unwrap();
    let host = Host::new(zookeeper.connect_string())
        .node("flags", "/flags")
        .setting("nodes.flags.format", "json")
        .setting("watcher.heartbeat_interval", "500 ms");
    let listen = format!("unix:{}", host.path("status.sock").display());
    let host = host.setting("status.listen", listen);
    let (program, config) = (binary("live-data-watcher"), host.config());
    let line = nrpe_command(
        "Nagios",
        "check_live_data",
        &[
            ("/usr/bin/live-data-watcher", program.to_str().unwrap()),
            ("/etc/live-data/live-data.ini", config.to_str().unwrap()),
        ],
    );
    assert_nagios(&run(&line), 2, "cannot be asked");

    let _watcher = host.watcher().start();
    host.wait_for("flags", "{}");
    let good = wait_for("OK", SOON, || Some(run(&line)).filter(|output| output.code == Some(0)));
    assert!(good.stdout.starts_with("1 of 1 files are as they should be"), "{}", good.stdout);

    zookeeper.admin().set(&zookeeper.path("/flags"), "no json").unwrap();
    let bad = wait_for("CRITICAL", SOON, || Some(run(&line)).filter(|output| output.code == Some(2)));
    assert_nagios(&bad, 2, "rejected");
}

#[test]
fn nagios_finds_old_and_missing_files_by_the_command() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "{}").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags");
    let file = host.file("flags");
    let file = file.to_str().unwrap();
    let line = nrpe_command("Without an endpoint", "check_flags", &[("/var/lib/live-data/flags.json", file)]);
    assert_nagios(&run(&line), 2, "File not found");

    let synced = host.once().run(SOON);
    assert_eq!(synced.code, Some(0), "{}", synced.stderr);
    assert_nagios(&run(&line), 0, "FILE_AGE OK");
    set_age(file, "16 minutes ago");
    assert_nagios(&run(&line), 1, "FILE_AGE WARNING");
    set_age(file, "31 minutes ago");
    assert_nagios(&run(&line), 2, "FILE_AGE CRITICAL");
    fs::write(file, "").unwrap();
    assert_nagios(&run(&line), 0, "FILE_AGE OK");
}

#[test]
fn the_check_without_an_endpoint_finds_old_and_missing_files() {
    let mut page = Page::new(PAGE);
    let directory = TempDir::new();
    let path = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    fs::write(path("check"), page.take("sh", "Without an endpoint")).unwrap();
    fs::write(path("ini"), format!("nodes.a.dest = {}\nnodes.b.dest: {}\n", path("a"), path("b"))).unwrap();
    let check = || TestCommand::new("sh").args([path("check"), path("ini"), "900".into()]).run(SOON);

    set_age(&path("a"), "now");
    let missing = check();
    assert_eq!(missing.code, Some(2), "{}", missing.stdout);
    assert_eq!(missing.stdout, format!("CRITICAL: {} is missing\n", path("b")));
    set_age(&path("b"), "16 minutes ago");
    let old = check();
    assert_eq!(old.code, Some(2), "{}", old.stdout);
    let expected = format!("CRITICAL: {} was last confirmed at ", path("b"));
    assert!(old.stdout.starts_with(&expected), "{}", old.stdout);
    set_age(&path("b"), "10 minutes ago");
    let good = check();
    assert_eq!(
        (good.code, good.stdout.as_str(), good.stderr.as_str()),
        (Some(0), "OK: all files are current\n", "")
    );
}

#[test]
fn prometheus_takes_the_configuration_of_the_page() {
    let directory = TempDir::new();
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/prometheus/live-data.rules.yml");
    fs::copy(rules, directory.join("live-data.rules.yml")).unwrap();
    let file = directory.join("prometheus.yml");
    fs::write(&file, Page::new(PAGE).take("yaml", "Prometheus")).unwrap();
    let command = TestCommand::new(tool("promtool", "prometheus")).args(["check", "config"]);
    let checked = command.arg(file).run(SOON);
    assert_eq!(checked.code, Some(0), "{}{}", checked.stdout, checked.stderr);
    assert!(checked.stdout.contains("rules found"), "{}", checked.stdout);
}

#[test]
fn each_metric_that_datadog_asks_for_is_served() {
    let zookeeper = Namespace::new();
    let host = Host::new(zookeeper.connect_string()).setting("status.listen", "127.0.0.1:0");
    let watcher = host.watcher().start();
    let metrics = get(&status_address(&watcher), "/metrics");
    let configuration = Page::new(PAGE).take("yaml", "Datadog");
    let asked: Vec<_> = configuration.lines().filter_map(|line| line.strip_prefix("      - ")).collect();
    assert!(asked.len() > 5, "{configuration}");
    for line in asked {
        let (name, renamed) = line.split_once(": ").unwrap();
        assert_eq!(format!("live_data_{renamed}"), name, "the namespace is the prefix");
        // The agent asks for a counter without its suffix.
        let served = |kind: &str, suffix: &str| metrics.contains(&format!("# TYPE {name}{suffix} {kind}\n"));
        let is_served = served("gauge", "") || served("histogram", "") || served("counter", "_total");
        assert!(is_served, "{name} is not served");
    }
}
