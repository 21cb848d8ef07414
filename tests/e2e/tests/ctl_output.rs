//! What `live-data-ctl` says when nothing takes its standard output.

use ld_testkit::{Host, Namespace, SOON, TestCommand, TestOutput, binary};

const FULL: &str = "standard output cannot be written: No space left on device";
const MADE: &str = "what was changed stays: only its report could not be printed";

/// Runs a command with its standard output on a full disk.
fn on_a_full_disk(host: &Host, command: &[&str]) -> TestOutput {
    let config = host.config();
    let [name, arguments @ ..] = command else { panic!("a command has a name") };
    TestCommand::new("sh")
        .args(["-c", "exec \"$@\" > /dev/full", "sh"])
        .arg(binary("live-data-ctl"))
        .arg(name)
        .arg(config)
        .args(arguments)
        .run(SOON)
}

#[test]
fn a_full_disk_does_not_hide_that_a_change_is_made() {
    let zookeeper = Namespace::new();
    let host = Host::new(zookeeper.connect_string());
    let exists = |path: &str| zookeeper.admin().exists(&zookeeper.path(path)).unwrap().is_some();
    let made = |command: &[&str], done: &str| {
        let output = on_a_full_disk(&host, command);
        output.assert_ends(1, FULL);
        assert!(output.stderr.contains(done) && output.stderr.contains(MADE), "{}", output.stderr);
    };
    made(&["create", "/flags", "--acl", "world:anyone:all", "--json"], "Created /flags");
    assert!(exists("/flags"));
    made(&["delete", "/flags", "--yes", "--json"], "Removed /flags");
    assert!(!exists("/flags"));
    made(&["init"], "Created /live-data.");
}

#[test]
fn a_full_disk_is_named_where_nothing_changes() {
    let zookeeper = Namespace::new();
    let host = Host::new(zookeeper.connect_string());
    zookeeper.admin().create(&zookeeper.path("/flags"), "{}").unwrap();
    for command in [&["get", "/flags"][..], &["set-acl", "/flags", "--acl", "world:anyone:r"]] {
        let output = on_a_full_disk(&host, command);
        output.assert_ends(1, FULL);
        assert!(!output.stderr.contains(MADE), "{}", output.stderr);
    }
    let stat = zookeeper.admin().exists(&zookeeper.path("/flags")).unwrap().unwrap();
    assert_eq!(stat.aversion, 0);
}
