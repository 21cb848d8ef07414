//! `check` and `print-config`: a configuration is looked at without a connection.

use std::fs;

use ld_testkit::{SOON, TempDir, TestCommand, TestOutput, binary};

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
