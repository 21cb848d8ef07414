//! The tables of exit codes in docs/config.md, row by row.

use std::fs;
use std::path::Path;

use ld_testkit::{Acl, Host, Namespace, SOON, TempDir, TestCommand, binary};

#[track_caller]
fn exits(command: TestCommand, code: i32, reason: &str) {
    let output = command.run(SOON);
    assert_eq!(output.code, Some(code), "{reason}: {}", output.stderr);
    assert!(output.stderr.contains(reason), "{reason} in {}", output.stderr);
}

fn named(name: &str, arguments: &[&Path]) -> TestCommand {
    arguments.iter().fold(TestCommand::new(binary(name)), |command, argument| command.arg(argument))
}

/// A namespace with `/flags` and `/closed`, of which only the first may be read.
fn namespace() -> Namespace {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "old").unwrap();
    let closed = [Acl::anyone(Acl::WRITE)];
    zookeeper.admin().create_with_acl(&zookeeper.path("/closed"), "old", &closed).unwrap();
    zookeeper
}

#[test]
fn the_watcher_ends_with_0() {
    let zookeeper = namespace();
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags").node("absent", "/absent");
    exits(host.once(), 0, "2 nodes: 1 updated, 0 unchanged, 0 removed, 1 absent, 0 failed");
    let watcher = host.watcher().start();
    watcher.wait_for_stderr("session", SOON);
    watcher.terminate();
    assert_eq!(watcher.wait(SOON).code(), Some(0));
}

#[test]
fn the_watcher_fails_with_1() {
    let zookeeper = namespace();
    let host = || Host::new(zookeeper.connect_string()).node("flags", "/flags");
    exits(host().setting("nodes.flags.mode", "9").watcher(), 1, "nodes.flags.mode: ");
    exits(host().setting("nodes.flags.mode", "9").once(), 1, "nodes.flags.mode: ");
    exits(host().watcher().limit("nofile", 10), 1, "cannot start: ");
    exits(host().node("closed", "/closed").once(), 1, "not authorized");
    exits(host().setting("nodes.flags.format", "json").once(), 1, "the content is rejected: ");
    let away = Host::new("127.0.0.1:1").node("flags", "/flags");
    exits(away.once().args(["--timeout", "1s"]), 1, "not reached in time");
    exits(host().node("absent", "/absent").once().arg("--strict"), 1, "--strict: 1 node absent");
}

#[test]
fn the_writer_ends_with_0() {
    let zookeeper = namespace();
    let host = Host::new(zookeeper.connect_string());
    exits(host.writer("old", "/flags"), 0, "No changes detected. Not writing.\n");
    exits(host.writer("new", "/flags").arg("--dry-run"), 0, "Dry run. Not writing.\n");
    exits(host.writer("new", "/flags"), 0, "Wrote data to Zookeeper.\n");
    exits(host.writer("", "/flags"), 0, "Wrote data to Zookeeper.\n");
}

#[test]
fn the_writer_fails_with_1() {
    let zookeeper = namespace();
    let host = || Host::new(zookeeper.connect_string());
    exits(Host::new("127.0.0.1:99999").writer("new", "/flags"), 1, "zookeeper.hosts: ");
    let guarded = host().node("flags", "/flags").setting("nodes.flags.format", "json");
    exits(guarded.writer("{", "/flags"), 1, "it is not JSON");
    let misspelt = host().node("flags", "/flags").setting("nodes.flags.format", "jsn");
    exits(misspelt.writer("{}", "/flags"), 1, "nodes.flags.format: 'jsn'");
    exits(host().setting("zookeeper.max_node_bytes", "2").writer("new", "/flags"), 1, "2 bytes");
    let without_secret = host().credentials(&["user:password"]);
    fs::remove_file(without_secret.path("secrets.json")).unwrap();
    exits(without_secret.writer("new", "/flags"), 1, "nothing was written: ");
    let piped = host();
    let config = piped.config();
    let from_stdin = || named("live-data-writer", &[&config, Path::new("-"), Path::new("/flags")]);
    exits(from_stdin().stdin(""), 1, "is empty; nothing was written");
    let away = Host::new("127.0.0.1:1");
    exits(away.writer("new", "/flags").args(["--timeout", "1s"]), 1, "127.0.0.1:1");
    exits(host().writer("new", "/missing"), 1, "Target node does not exist.");
    exits(host().writer("new", "/closed"), 1, "not authorized to read /closed");
    assert_eq!(zookeeper.admin().get(&zookeeper.path("/flags")).unwrap().0, b"old");
}

#[test]
fn wrong_usage_and_files_that_cannot_be_opened_exit_2() {
    let directory = TempDir::new();
    let (missing, directory) = (directory.join("missing.ini"), directory.path().to_owned());
    let host = Host::new("127.0.0.1:1");
    let config = host.config();
    let (null, dest, stdin) = (Path::new("/dev/null"), Path::new("/dest"), Path::new("-"));
    exits(named("live-data-watcher", &[]), 2, "Usage: ");
    exits(named("live-data-writer", &[null]), 2, "Usage: ");
    exits(named("live-data-writer", &[stdin, stdin, dest]), 2, "cannot both be standard input");
    for unopenable in [&missing, &directory] {
        let reason = unopenable.to_str().unwrap();
        exits(named("live-data-watcher", &[unopenable]), 2, reason);
        exits(named("live-data-watcher", &[Path::new("check"), unopenable]), 2, reason);
        exits(named("live-data-writer", &[unopenable, null, dest]), 2, reason);
    }
    exits(named("live-data-writer", &[&config, &missing, dest]), 2, "cannot read ");
}
