//! SIGHUP: the configuration is read again, and only what changed is touched.

use std::fs;
use std::io::Write as _;

use ld_testkit::{Daemon, Host, Namespace, SOON, Server, replace_by_fifo, wait_for};

/// A host with one node that holds its own name, and its watcher.
fn running(zookeeper: &Namespace, name: &str) -> (Host, Daemon) {
    zookeeper.admin().create(&zookeeper.path(&format!("/{name}")), name).unwrap();
    let host = Host::new(zookeeper.connect_string()).node(name, &format!("/{name}"));
    let watcher = host.watcher().start();
    host.wait_for(name, name);
    (host, watcher)
}

#[test]
fn nodes_are_added_and_removed_without_touching_others() {
    let zookeeper = Namespace::new();
    for name in ["goes", "comes"] {
        zookeeper.admin().create(&zookeeper.path(&format!("/{name}")), name).unwrap();
    }
    zookeeper.admin().create(&zookeeper.path("/stays"), "stays").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("stays", "/stays").node("goes", "/goes");
    let watcher = host.watcher().start();
    host.wait_for("stays", "stays");
    host.wait_for("goes", "goes");
    let before = (host.inode("stays"), host.mtime("stays"));

    let host = host.without("nodes.goes.").node("comes", "/comes");
    host.config();
    watcher.hang_up();
    host.wait_for("comes", "comes");
    watcher.wait_for_stderr("nodes.goes: removed from the configuration; its file stays\n", SOON);
    watcher.wait_for_stderr("reloaded: 1 node added, 1 removed, 0 changed\n", SOON);
    assert_eq!((host.inode("stays"), host.mtime("stays")), before);
    zookeeper.admin().set(&zookeeper.path("/goes"), "changed").unwrap();
    zookeeper.admin().set(&zookeeper.path("/stays"), "changed").unwrap();
    host.wait_for("stays", "changed");
    assert_eq!(host.read("goes").as_deref(), Some(&b"goes"[..]));
}

#[test]
fn a_broken_file_changes_nothing_and_says_why() {
    let zookeeper = Namespace::new();
    let (host, watcher) = running(&zookeeper, "flags");
    fs::write(host.path("config.ini"), "[live-data]\nzookeeper.hosts = zk:0\n").unwrap();
    watcher.hang_up();
    watcher.wait_for_stderr("zookeeper.hosts: '0' is not a valid port", SOON);
    watcher.wait_for_stderr("config.ini:2: zookeeper.hosts; the former", SOON);
    zookeeper.admin().set(&zookeeper.path("/flags"), "changed").unwrap();
    host.wait_for("flags", "changed");
}

#[test]
fn another_ensemble_is_followed_in_new_sessions() {
    let (zookeeper, other) = (Namespace::new(), Server::start());
    let (host, watcher) = running(&zookeeper, "flags");
    let before = host.inode("flags");
    for (path, content) in [("/flags", "flags"), ("/data", "")] {
        other.admin().create(path, content).unwrap();
    }
    let host = host.without("zookeeper.hosts").setting("zookeeper.hosts", other.connect_string());
    host.config();
    watcher.hang_up();
    watcher.wait_for_stderr("reloaded: new sessions with ", SOON);
    other.admin().set("/flags", "from the other ensemble").unwrap();
    host.wait_for("flags", "from the other ensemble");
    assert_ne!(host.inode("flags"), before);
    watcher.terminate();
    assert_eq!(watcher.wait(SOON).code(), Some(0), "{}", watcher.stderr());
}

#[test]
fn a_changed_mode_is_applied_to_its_file() {
    use std::os::unix::fs::PermissionsExt;
    let zookeeper = Namespace::new();
    let (host, watcher) = running(&zookeeper, "flags");
    let host = host.setting("nodes.flags.mode", "0440");
    host.config();
    watcher.hang_up();
    let mode = || fs::metadata(host.file("flags")).map(|file| file.permissions().mode() & 0o7777).ok();
    watcher.wait_until("the new mode", SOON, |_| mode() == Some(0o440));
    watcher.wait_for_stderr("reloaded: 0 nodes added, 0 removed, 1 changed\n", SOON);
}

#[test]
fn a_taken_status_address_changes_nothing() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/more"), "more").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags");
    zookeeper.admin().create(&zookeeper.path("/flags"), "flags").unwrap();
    let host = host.setting("status.listen", "127.0.0.1:0");
    let watcher = host.watcher().start();
    host.wait_for("flags", "flags");
    let address = crate::status::status_address(&watcher);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = host.without("status.listen").node("more", "/more");
    let host = host.setting("status.listen", taken.local_addr().unwrap().to_string());
    host.config();
    watcher.hang_up();
    watcher.wait_for_stderr("not reloaded: cannot serve the status at ", SOON);
    let status = crate::status::get(&address, "/status");
    assert!(status.contains("cannot serve the status at") && !status.contains("more"), "{status}");
    assert_eq!(host.read("more"), None);
    let started = |status: &str| status.split_once("\"started\":").unwrap().1[..26].to_owned();
    drop(taken);
    watcher.hang_up();
    host.wait_for("more", "more");
    let moved = wait_for("the new address", SOON, || {
        let log = watcher.stderr();
        let last =
            log.lines().filter_map(|line| line.strip_prefix("the status is served at ")).next_back()?;
        (last != address).then(|| last.to_owned())
    });
    let now = crate::status::get(&moved, "/status");
    assert_eq!(started(&now), started(&status), "the start of the process, not of the server");
}

#[test]
fn a_reload_reads_only_a_regular_file() {
    let zookeeper = Namespace::new();
    let (host, watcher) = running(&zookeeper, "flags");
    replace_by_fifo(host.path("config.ini"));
    watcher.hang_up();
    watcher.wait_for_stderr("not reloaded: the configuration is not a regular file; the former", SOON);
    fs::remove_file(host.path("config.ini")).unwrap();
    let host = host.setting("nodes.flags.mode", "0440");
    host.config();
    watcher.hang_up();
    watcher.wait_for_stderr("reloaded: 0 nodes added, 0 removed, 1 changed\n", SOON);
}

#[test]
fn a_signal_during_the_start_reloads_after_it() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "flags").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags");
    let command = host.watcher();
    let path = host.path("config.ini");
    let text = fs::read(&path).unwrap();
    replace_by_fifo(&path);
    let watcher = command.start();
    // Waits until the watcher opens it, which is before it has a runtime.
    let mut fifo = fs::File::options().write(true).open(&path).unwrap();
    watcher.hang_up();
    fifo.write_all(&text).unwrap();
    drop(fifo);
    host.wait_for("flags", "flags");
    watcher.wait_for_stderr("not reloaded: the configuration is not a regular file; the former", SOON);
}
