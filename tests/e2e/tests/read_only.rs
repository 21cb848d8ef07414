//! A server without its quorum, which may serve old data.

use std::fs;
use std::thread;
use std::time::{Duration, SystemTime};

use ld_testkit::{Ensemble, Host, SOON, ServerMode, ServerOptions, wait_until};

const ELECTION: Duration = Duration::from_secs(90);
/// Long enough for several heartbeats.
const SILENCE: Duration = Duration::from_secs(2);

#[test]
fn a_read_only_server_gives_files_but_no_heartbeat_or_write() {
    // A server without a quorum opens sessions only if they may be local to it.
    let local = ["localSessionsEnabled=true", "localSessionsUpgradingEnabled=true"];
    let ensemble = Ensemble::start_with(ServerOptions {
        read_only_mode: true,
        extra_config: local.map(str::to_owned).to_vec(),
        ..ServerOptions::default()
    });
    ensemble.leader().admin().create("/flags", "content").unwrap();
    let host = || {
        Host::new(ensemble.connect_string())
            .node("flags", "/flags")
            .node("missing", "/missing")
            .setting("watcher.heartbeat_interval", "100 milliseconds")
    };
    let (running, fresh, stale) = (host(), host(), host());
    let watcher = running.watcher().start();
    running.wait_for("flags", "content");
    let now = SystemTime::now();
    wait_until("a heartbeat", SOON, || running.mtime("flags") > now);

    let survivor = ensemble.lose_quorum();
    wait_until("a read-only server", ELECTION, || survivor.mode() == Some(ServerMode::ReadOnly));
    watcher.wait_for_stderr("read-only ZooKeeper session", ELECTION);
    wait_until("the heartbeat to stop", SOON, || {
        let before = running.mtime("flags");
        thread::sleep(SILENCE);
        running.mtime("flags") == before
    });
    assert_eq!(running.read("flags").unwrap(), b"content");

    // A missing file is written. An existing file stays, since it may be newer than this server.
    let _fresh_watcher = fresh.watcher().start();
    fresh.wait_for_within("flags", "content", ELECTION);
    for name in ["flags", "missing"] {
        fs::create_dir_all(stale.file(name).parent().unwrap()).unwrap();
        fs::write(stale.file(name), "from before").unwrap();
    }
    let stale_watcher = stale.watcher().start();
    stale_watcher.wait_for_stderr("its version may be older than the file, so the file stays", ELECTION);
    stale_watcher
        .wait_for_stderr("the node is missing, and a read-only server says so; the file stays", SOON);
    for name in ["flags", "missing"] {
        assert_eq!(stale.read(name).unwrap(), b"from before");
    }

    let writer = fresh.writer("new", "/flags").args(["--timeout", "5"]).run(SOON);
    assert_eq!(writer.code, Some(1), "{}", writer.stderr);
    assert!(writer.stderr.contains("no ZooKeeper session with "), "{}", writer.stderr);

    ensemble.start_missing();
    stale.wait_for_within("flags", "content", ELECTION);
    stale.wait_until_gone("missing");
    ensemble.leader().admin().set("/flags", "after").unwrap();
    for host in [&running, &fresh, &stale] {
        host.wait_for_within("flags", "after", ELECTION);
    }
    let now = SystemTime::now();
    wait_until("the heartbeat to go on", ELECTION, || running.mtime("flags") > now);
}
