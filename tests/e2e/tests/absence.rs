//! Missing nodes: which ones remove their file, and which do not.

use std::fs;
use std::time::Duration;

use ld_testkit::{Host, Namespace, SOON, Server};

/// Writes a file as an earlier watcher left it.
fn write_old_file(host: &Host, name: &str) {
    fs::create_dir_all(host.file(name).parent().unwrap()).unwrap();
    fs::write(host.file(name), "from before").unwrap();
}

#[test]
fn a_stale_file_is_removed_at_start_when_its_node_is_missing() {
    let zookeeper = Namespace::new();
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags");
    write_old_file(&host, "flags");
    let watcher = host.watcher().start();
    host.wait_until_gone("flags");
    let line = format!("Removing '{}'; watched node deleted. (nodes.", host.file("flags").display());
    watcher.wait_for_stderr(&line, SOON);
}

#[test]
fn a_missing_chroot_is_one_error_and_leaves_the_files() {
    let zookeeper = Namespace::new();
    let host = Host::new(format!("{}/missing", zookeeper.connect_string())).node("a", "/a").node("b", "/b");
    let host = host.setting("watcher.heartbeat_interval", "50 milliseconds");
    write_old_file(&host, "a");
    write_old_file(&host, "b");
    let before = host.mtime("a");
    let watcher = host.watcher().start();
    let error = format!("the chroot {} does not exist in this ensemble", zookeeper.path("/missing"));
    watcher.wait_for_stderr(&error, SOON);
    for name in ["a", "b"] {
        let path = zookeeper.path(&format!("/missing/{name}"));
        watcher.wait_for_stderr(&format!("nodes.{name}: {path} -> "), SOON);
    }
    let once = host.once().run(SOON);
    assert_eq!(once.code, Some(1), "{}", once.stderr);
    assert!(once.stderr.contains("0 absent, 2 failed"), "{}", once.stderr);
    for name in ["a", "b"] {
        assert_eq!(host.read(name).unwrap(), b"from before");
    }
    assert_eq!(host.mtime("a"), before, "no heartbeat");
    let errors = watcher.stderr().lines().filter(|line| line.starts_with(&error)).count();
    assert_eq!(errors, 1, "{}", watcher.stderr());

    zookeeper.admin().create_all(&zookeeper.path("/missing/a"), "here").unwrap();
    host.wait_for("a", "here");
    // Now the ensemble holds data, so a missing node counts as deleted.
    host.wait_until_gone("b");
}

#[test]
fn an_empty_ensemble_is_one_error_and_leaves_the_files() {
    let server = Server::start();
    let host = Host::new(server.connect_string()).node("a", "/a").node("b", "/b");
    write_old_file(&host, "a");
    write_old_file(&host, "b");
    let watcher = host.watcher().start();
    watcher.wait_for_stderr("this ensemble holds no data at all", SOON);
    watcher.wait_for_stderr("nodes.b: /b -> ", SOON);
    let once = host.once().run(SOON);
    assert_eq!(once.code, Some(1), "{}", once.stderr);
    let errors = watcher.stderr().lines().filter(|line| line.starts_with("this ensemble holds no")).count();
    assert_eq!(errors, 1, "{}", watcher.stderr());
    assert_eq!(
        (host.read("a").unwrap(), host.read("b").unwrap()),
        (b"from before".to_vec(), b"from before".to_vec())
    );
    server.admin().create("/a", "here").unwrap();
    host.wait_for("a", "here");
    host.wait_until_gone("b");
}

#[test]
fn an_ensemble_wiped_at_run_time_removes_no_file() {
    let server = Server::start();
    server.admin().create("/flags", "good").unwrap();
    let host = Host::new(server.connect_string()).node("flags", "/flags");
    let host = host.setting("zookeeper.timeout", "2 seconds");
    let watcher = host.watcher().start();
    host.wait_for("flags", "good");
    server.kill();
    server.wipe();
    server.restart();
    watcher.wait_for_stderr("this ensemble holds no data at all", 3 * SOON);
    watcher.wait_for_stderr("the node is missing, and this ensemble holds no data", SOON);
    assert_eq!(host.read("flags").unwrap(), b"good");
    server.admin().create("/flags", "again").unwrap();
    host.wait_for("flags", "again");
}

#[test]
fn an_ensemble_restored_from_an_older_backup_is_followed() {
    let server = Server::start();
    let admin = server.admin();
    admin.create("/flags", "old").unwrap();
    let backup = server.backup();
    // The watcher sees zxids far ahead of the backup. A server refuses a client with a later zxid.
    let host = Host::new(server.connect_string()).node("flags", "/flags");
    let host = host.setting("zookeeper.timeout", "2 seconds");
    let _watcher = host.watcher().start();
    for round in 0..10 {
        admin.set("/flags", format!("new {round}")).unwrap();
    }
    host.wait_for("flags", "new 9");
    server.restore(&backup);
    server.restart();
    host.wait_for_within("flags", "old", Duration::from_secs(60));
    admin.set("/flags", "after").unwrap();
    host.wait_for("flags", "after");
}

#[test]
fn the_root_of_a_chroot_may_be_watched() {
    let zookeeper = Namespace::new();
    let host = Host::new(zookeeper.connect_string()).node("root", "/");
    let _watcher = host.watcher().start();
    host.wait_for("root", "");
    zookeeper.admin().set(zookeeper.chroot(), "content").unwrap();
    host.wait_for("root", "content");
}
