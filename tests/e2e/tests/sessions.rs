//! Sessions that come late, end early, and are closed at the end.

use std::fs;
use std::io::ErrorKind;
use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::{
    Daemon, Host, Namespace, Proxy, ProxyMode, SOON, Server, ServerOptions, Session, wait_until,
};

/// A namespace with one node, a proxy in front of it, and a host that knows only the proxy.
fn behind_a_proxy() -> (Namespace, Proxy, Host) {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "first").unwrap();
    let proxy = Proxy::start(zookeeper.server().address());
    let host = Host::new(format!("{}{}", proxy.connect_string(), zookeeper.chroot())).node("flags", "/flags");
    (zookeeper, proxy, host)
}

#[test]
fn a_zookeeper_that_starts_20_s_late_is_awaited() {
    let server = Server::prepare(ServerOptions::default());
    let host = Host::new(server.connect_string()).node("flags", "/flags").node("gone", "/gone");
    fs::create_dir_all(host.file("flags").parent().unwrap()).unwrap();
    for name in ["flags", "gone"] {
        fs::write(host.file(name), "from before").unwrap();
    }
    let (watcher, start) = (host.watcher().start(), Instant::now());
    watcher.wait_for_stderr("no ZooKeeper session, trying again: ", SOON);
    // The original gives up after 16 s.
    thread::sleep(Duration::from_secs(20).saturating_sub(start.elapsed()));
    assert!(watcher.is_running(), "{}", watcher.stderr());
    for name in ["flags", "gone"] {
        assert_eq!(host.read(name).unwrap(), b"from before");
    }
    server.launch();
    server.wait_ready();
    server.admin().create("/flags", "at last").unwrap();
    host.wait_for_within("flags", "at last", 2 * SOON);
    host.wait_until_gone("gone");
}

#[test]
fn a_new_session_after_an_expiry_misses_no_change() {
    let (zookeeper, proxy, host) = behind_a_proxy();
    let flags = zookeeper.path("/flags");
    let _watcher = host.watcher().start();
    host.wait_for("flags", "first");
    for content in ["second", "third"] {
        let inode = host.inode("flags");
        // The watches of the old session are gone, so none reports this change.
        let session = Session::expire(&proxy, zookeeper.server().address(), || {
            zookeeper.admin().set(&flags, content).unwrap();
        });
        host.wait_for_within("flags", content, 2 * SOON);
        assert_ne!(host.inode("flags"), inode);
        wait_until("a new session", SOON, || proxy.last_session() != session);
    }
}

#[test]
fn identical_content_is_left_alone_by_a_new_session() {
    let (zookeeper, proxy, host) = behind_a_proxy();
    let watcher = host.watcher().start();
    host.wait_for("flags", "first");
    let (inode, mtime) = (host.inode("flags"), host.mtime("flags"));
    let session = Session::expire(&proxy, zookeeper.server().address(), || {});
    wait_until("the file to be touched by the new session", 2 * SOON, || host.mtime("flags") > mtime);
    assert_ne!(proxy.last_session(), session);
    assert_eq!(host.inode("flags"), inode);
    assert_eq!(watcher.stderr().matches("Updating").count(), 1, "{}", watcher.stderr());
}

#[test]
fn a_reset_connection_resumes_its_session_without_a_loss() {
    let (zookeeper, proxy, host) = behind_a_proxy();
    let _watcher = host.watcher().start();
    host.wait_for("flags", "first");
    let session = proxy.last_session();
    for content in ["second", "third"] {
        proxy.reset_connections();
        zookeeper.admin().set(&zookeeper.path("/flags"), content).unwrap();
        host.wait_for("flags", content);
    }
    assert_eq!(proxy.last_session(), session);
}

#[test]
fn a_restarted_server_is_found_again() {
    let server = Server::start();
    let admin = server.admin();
    admin.create("/flags", "first").unwrap();
    let host = Host::new(server.connect_string()).node("flags", "/flags");
    let watcher = host.watcher().start();
    host.wait_for("flags", "first");
    for content in ["second", "third"] {
        server.kill();
        server.restart();
        admin.set("/flags", content).unwrap();
        host.wait_for_within("flags", content, 2 * SOON);
    }
    watcher.wait_for_stderr("1 of 1 files are current after ", SOON);
}

/// Ends a watcher by a signal after its first sync.
fn end(signal: impl Fn(&Daemon), word: &str) {
    let (zookeeper, proxy, host) = behind_a_proxy();
    let watcher = host.watcher().start();
    host.wait_for("flags", "first");
    signal(&watcher);
    assert_eq!(watcher.wait(SOON).code(), Some(0), "{}", watcher.stderr());
    watcher.wait_for_stderr(&format!("{word}: ending"), SOON);
    assert!(!watcher.stderr().contains("abandoned"), "{}", watcher.stderr());
    for session in proxy.sessions() {
        let closed = session.close(zookeeper.server().address()).unwrap_err();
        assert_eq!(closed.kind(), ErrorKind::NotConnected, "the watcher has closed its session");
    }
    assert_eq!(host.read("flags").unwrap(), b"first");
}

#[test]
fn sigterm_closes_the_sessions_and_exits_0() {
    end(Daemon::terminate, "SIGTERM");
}

#[test]
fn sigint_closes_the_sessions_and_exits_0() {
    end(Daemon::interrupt, "SIGINT");
}

#[test]
fn sigterm_exits_0_soon_without_an_answering_zookeeper() {
    let server = Server::prepare(ServerOptions::default());
    let host = Host::new(server.connect_string()).node("flags", "/flags");
    let watcher = host.watcher().start();
    watcher.wait_for_stderr("no ZooKeeper session", SOON);
    watcher.terminate();
    assert_eq!(watcher.wait(SOON).code(), Some(0));

    let (_zookeeper, proxy, host) = behind_a_proxy();
    let watcher = host.watcher().start();
    host.wait_for("flags", "first");
    proxy.set_mode(ProxyMode::Blackhole);
    let start = Instant::now();
    watcher.terminate();
    assert_eq!(watcher.wait(SOON).code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(10), "1 s is the limit: {:?}", start.elapsed());
}

#[test]
fn the_writer_and_once_close_their_sessions() {
    let (zookeeper, proxy, host) = behind_a_proxy();
    assert_eq!(host.writer("new", "/flags").run(SOON).code, Some(0));
    assert_eq!(host.writer("new", "/missing").run(SOON).code, Some(1));
    assert_eq!(host.once().run(SOON).code, Some(0));
    assert_eq!(proxy.sessions().len(), 3);
    for session in proxy.sessions() {
        assert!(session.close(zookeeper.server().address()).is_err());
    }
}

#[test]
fn reconnects_are_few_and_at_most_seconds_apart() {
    let (zookeeper, proxy, host) = behind_a_proxy();
    let host = host.setting("zookeeper.timeout", "2 seconds");
    let _watcher = host.watcher().start();
    host.wait_for("flags", "first");
    let before = proxy.counts().connections;
    proxy.set_mode(ProxyMode::Reset);
    let outage = Duration::from_secs(15);
    thread::sleep(outage);
    let connections = proxy.counts().connections - before;
    // A client without a backoff makes tens of thousands a second.
    assert!((2..200).contains(&connections), "{connections} connections in {outage:?}");
    zookeeper.admin().set(&zookeeper.path("/flags"), "second").unwrap();
    proxy.set_mode(ProxyMode::Pass);
    // The longest delay is 10 s. In the original it is 120 s.
    host.wait_for_within("flags", "second", 2 * SOON);
}
