//! The mtime of a file is the last time when it was known to be current. Drift is repaired.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::{Duration, SystemTime};

use ld_testkit::{Host, Namespace, SOON, Server, ServerOptions, TestCommand, binary, wait_until};

/// Long enough for several heartbeats.
const SILENCE: Duration = Duration::from_secs(2);

fn host(hosts: &str) -> Host {
    Host::new(hosts).node("flags", "/flags").setting("watcher.heartbeat_interval", "100 milliseconds")
}

/// A namespace with one node and a host with a short heartbeat.
fn flags() -> (Namespace, Host) {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "content").unwrap();
    let host = host(&zookeeper.connect_string());
    (zookeeper, host)
}

/// Waits for two heartbeats from now on.
#[track_caller]
fn wait_for_heartbeats(host: &Host, name: &str) {
    for _ in 0..2 {
        let now = SystemTime::now();
        wait_until(&format!("a heartbeat of {name}"), 2 * SOON, || host.mtime(name) > now);
    }
}

#[test]
fn a_heartbeat_moves_the_mtime_and_keeps_the_inode() {
    let (zookeeper, host) = flags();
    zookeeper.admin().create(&zookeeper.path("/other"), "other").unwrap();
    let host = host.node("other", "/other");
    let _watcher = host.watcher().start();
    host.wait_for("flags", "content");
    host.wait_for("other", "other");
    let inodes = [host.inode("flags"), host.inode("other")];
    wait_for_heartbeats(&host, "flags");
    wait_for_heartbeats(&host, "other");
    assert_eq!([host.inode("flags"), host.inode("other")], inodes);
}

#[test]
fn the_heartbeat_stops_while_the_server_is_frozen() {
    let server = Server::start_with(ServerOptions::default());
    server.admin().create("/flags", "content").unwrap();
    let host = host(&server.connect_string());
    let _watcher = host.watcher().start();
    host.wait_for("flags", "content");
    wait_for_heartbeats(&host, "flags");
    server.freeze();
    // A round trip that ended before the freeze may still touch the file.
    wait_until("the heartbeat to stop", SOON, || {
        let before = host.mtime("flags");
        thread::sleep(SILENCE);
        host.mtime("flags") == before
    });
    server.thaw();
    wait_for_heartbeats(&host, "flags");
    assert_eq!(host.read("flags").unwrap(), b"content");
}

#[test]
fn a_failed_write_is_retried_and_stops_only_its_heartbeat() {
    let zookeeper = Namespace::new();
    for name in ["/flags", "/other"] {
        zookeeper.admin().create(&zookeeper.path(name), "content").unwrap();
    }
    let host = host(&zookeeper.connect_string()).node("other", "/other");
    // No file larger than 4 KiB (8 blocks) can be written, as on a full disk. The limit's signal is
    // ignored.
    let limited = ["sh", "-c", "trap '' XFSZ; ulimit -S -f 8; exec \"$@\"", "sh"];
    let watcher = host.watcher().wrapped_by(limited).start();
    host.wait_for("flags", "content");
    host.wait_for("other", "content");
    zookeeper.admin().set(&zookeeper.path("/flags"), vec![b'x'; 5 << 10]).unwrap();
    watcher.wait_for_stderr("cannot write a temporary file for ", SOON);
    let stopped = host.mtime("flags");
    wait_for_heartbeats(&host, "other");
    assert_eq!((host.read("flags").unwrap(), host.mtime("flags")), (b"content".to_vec(), stopped));
    // Remove the limit.
    let id = watcher.id().to_string();
    let lifted = TestCommand::new("prlimit").args(["--pid", &id, "--fsize=unlimited:"]).run(SOON);
    assert_eq!(lifted.code, Some(0), "{}", lifted.stderr);
    host.wait_for("flags", vec![b'x'; 5 << 10]);
    wait_for_heartbeats(&host, "flags");
}

#[test]
fn a_file_edited_replaced_or_removed_by_hand_is_restored() {
    let (_zookeeper, host) = flags();
    let host = host.setting("watcher.drift_interval", "100 milliseconds");
    let watcher = host.watcher().start();
    host.wait_for("flags", "content");
    let file = host.file("flags");
    fs::remove_file(&file).unwrap();
    host.wait_for("flags", "content");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&file, "edited").unwrap();
    host.wait_for("flags", "content");
    let other = host.path("other");
    fs::write(&other, "replaced").unwrap();
    fs::rename(&other, &file).unwrap();
    host.wait_for("flags", "content");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    watcher.wait_until("the mode to be restored", SOON, |_| {
        fs::metadata(&file).is_ok_and(|file| file.permissions().mode() & 0o7777 == 0o400)
    });
    fs::remove_dir_all(file.parent().unwrap()).unwrap();
    host.wait_for("flags", "content");
    let line = format!("nodes.flags: another process changed '{}'", file.display());
    watcher.wait_for_stderr(&line, SOON);
    assert!(watcher.is_running());
}

#[test]
fn reported_drift_has_no_heartbeat_until_the_node_changes() {
    let (zookeeper, host) = flags();
    let host = host
        .setting("watcher.drift_interval", "100 milliseconds")
        .setting("nodes.flags.mode", "0600")
        .setting("nodes.flags.drift", "report");
    let watcher = host.watcher().start();
    host.wait_for("flags", "content");
    fs::write(host.file("flags"), "edited").unwrap();
    watcher.wait_for_stderr("another process changed the file, which stays so until the node changes", SOON);
    let edited = host.mtime("flags");
    thread::sleep(SILENCE);
    assert_eq!((host.read("flags").unwrap(), host.mtime("flags")), (b"edited".to_vec(), edited));
    zookeeper.admin().set(&zookeeper.path("/flags"), "changed").unwrap();
    host.wait_for("flags", "changed");
    wait_for_heartbeats(&host, "flags");
}

#[test]
fn an_interval_below_the_minimum_is_an_error_that_names_it() {
    let host = Host::new("127.0.0.1:1").setting("watcher.heartbeat_interval", "1 millisecond");
    let output = TestCommand::new(binary("live-data-watcher")).arg(host.config()).run(SOON);
    assert_eq!(output.code, Some(1));
    let line = "config.ini:3: watcher.heartbeat_interval: ";
    assert!(output.stderr.contains(line) && output.stderr.contains("10 milliseconds"), "{}", output.stderr);
}
