//! A node's content reaches its file and stays there.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use ld_testkit::{Host, Namespace, SOON};

#[test]
fn the_file_follows_creation_change_and_deletion() {
    let zookeeper = Namespace::new();
    let flags = zookeeper.path("/flags");
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags");
    let watcher = host.watcher().start();
    watcher.wait_for_stderr("session", SOON);
    zookeeper.admin().create(&flags, "created while watched").unwrap();
    host.wait_for("flags", "created while watched");
    zookeeper.admin().set(&flags, "changed").unwrap();
    host.wait_for("flags", "changed");
    zookeeper.admin().delete(&flags).unwrap();
    host.wait_until_gone("flags");
    zookeeper.admin().create(&flags, "again").unwrap();
    host.wait_for("flags", "again");
    watcher.terminate();
    assert_eq!(watcher.wait(SOON).code(), Some(0));
    let log = watcher.stderr();
    let dest = host.file("flags");
    assert!(log.contains(&format!("Updating '{}' (nodes.flags, mzxid 0x", dest.display())), "{log}");
    assert!(log.contains(&format!("Removing '{}'; watched node deleted. (nodes.", dest.display())), "{log}");
    assert_eq!(host.read("flags").unwrap(), b"again", "the file outlives the watcher");
}

#[test]
fn directories_are_created_and_no_umask_changes_the_mode() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "x").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("deep/er/flags", "/flags");
    let host = host.setting("nodes.deep/er/flags.mode", "0666");
    let once = host.once().wrapped_by(["sh", "-c", "umask 077; exec \"$@\"", "sh"]).run(SOON);
    assert_eq!(once.code, Some(0), "{}", once.stderr);
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(host.file("deep/er/flags")), 0o666);
}
