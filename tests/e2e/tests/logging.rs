//! Log lines: what they look like, and that they are lost only if standard error is not read, which
//! blocks nothing else.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use ld_testkit::{
    Host, Namespace, SOON, Server, ServerOptions, Step, TestCommand, binary, http_get, wait_for, wait_until,
};

/// Capacity of a pipe in bytes.
const PIPE: usize = 64 << 10;

/// A named pipe that is full from the start, and is read only when the test says so.
struct FullPipe(File);

impl FullPipe {
    /// The pipe, and `command` with it as standard error.
    fn behind(host: &Host, command: TestCommand) -> (Self, TestCommand) {
        let path = host.path("stderr");
        assert_eq!(TestCommand::new("mkfifo").arg(&path).run(SOON).code, Some(0));
        let mut pipe = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        pipe.write_all(&[b'.'; PIPE]).unwrap();
        let script = format!("exec \"$@\" 2> {}", path.display());
        (Self(pipe), command.wrapped_by(["sh", "-c", &script, "sh"]))
    }

    /// Reads it from now on, until the end of the test process.
    fn drain(self) -> Arc<Mutex<Vec<u8>>> {
        let text = Arc::new(Mutex::new(Vec::new()));
        let read = Arc::clone(&text);
        thread::spawn(move || {
            let mut part = vec![0; PIPE];
            let mut pipe = self.0;
            while let Ok(count) = pipe.read(&mut part) {
                read.lock().unwrap().extend_from_slice(&part[..count]);
            }
        });
        text
    }
}

fn flags() -> (Namespace, Host) {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "one").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags");
    (zookeeper, host)
}

#[test]
fn an_unread_standard_error_blocks_no_update_and_no_exit() {
    let (zookeeper, host) = flags();
    let host = host.setting("watcher.heartbeat_interval", "100 milliseconds");
    let (_pipe, command) = FullPipe::behind(&host, host.watcher());
    let watcher = command.start();
    host.wait_for("flags", "one");
    zookeeper.admin().set(&zookeeper.path("/flags"), "two").unwrap();
    host.wait_for("flags", "two");
    for _ in 0..2 {
        let now = SystemTime::now();
        wait_until("a heartbeat", SOON, || host.mtime("flags") > now);
    }
    let start = Instant::now();
    watcher.terminate();
    assert_eq!(watcher.wait(SOON).code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn once_and_the_writer_end_with_an_unread_standard_error() {
    let (zookeeper, host) = flags();
    let (pipe, command) = FullPipe::behind(&host, host.once());
    assert_eq!(command.run(SOON).code, Some(0));
    assert_eq!(host.read("flags").unwrap(), b"one");
    drop(pipe);

    std::fs::remove_file(host.path("stderr")).unwrap();
    let (_pipe, command) = FullPipe::behind(&host, host.writer("two", "/flags"));
    assert_eq!(command.run(SOON).code, Some(0));
    assert_eq!(zookeeper.admin().get(&zookeeper.path("/flags")).unwrap().0, b"two");
}

#[test]
fn once_ends_after_its_timeout_with_an_unread_standard_error() {
    let server = Server::prepare(ServerOptions::default());
    let host = Host::new(server.connect_string()).node("flags", "/flags");
    let (_pipe, command) = FullPipe::behind(&host, host.once().args(["--timeout", "1.5s"]));
    assert_eq!(command.run(Duration::from_secs(10)).code, Some(1));
}

#[test]
fn dropped_lines_are_counted_once_standard_error_drains() {
    // Each node causes a warning with the configuration's path of 900 bytes. Together they are more
    // than twice the buffer, since the writing thread may hold a full buffer, too.
    const NODES: usize = 9_500;
    let server = Server::prepare(ServerOptions::default());
    let host = (0..NODES).fold(Host::new(server.connect_string()), |host, index| {
        host.node(&format!("n{index}"), "/repaired/with/a/warning/")
    });
    let socket = host.path("status.sock");
    let host = host
        .setting("status.per_node", "false")
        .setting("status.listen", format!("unix:{}", socket.display()));
    let directory = (0..4).fold(host.path(""), |path, _| path.join("d".repeat(225)));
    std::fs::create_dir_all(&directory).unwrap();
    let config = directory.join("config.ini");
    std::fs::rename(host.config(), &config).unwrap();
    let command = TestCommand::new(binary("live-data-watcher")).arg(&config);
    let (pipe, command) = FullPipe::behind(&host, command);
    let watcher = command.start();
    // All warnings come before the first session, and signals are handled after it.
    wait_until("the signals to be handled", SOON, || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", watcher.id())).unwrap_or_default();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:\t"));
        // SIGHUP is the lowest bit.
        caught.is_some_and(|caught| caught.ends_with(['1', '3', '5', '7', '9', 'b', 'd', 'f']))
    });
    let counted = wait_for("the metric of dropped lines", SOON, || {
        let metrics = metrics(&socket).ok()?;
        let sample =
            metrics.lines().find_map(|line| line.strip_prefix("live_data_log_lines_dropped_total "))?;
        sample.parse().ok().filter(|count: &usize| *count > 0)
    });
    // From now on a reload logs a few lines only.
    std::fs::write(&config, "").unwrap();
    watcher.hang_up();
    let text = pipe.drain();
    let dropped = || -> Option<usize> {
        let text = String::from_utf8_lossy(&text.lock().unwrap()).into_owned();
        let line = text.lines().find(|line| line.contains("dropped"))?.to_owned();
        line.strip_suffix(" log lines were dropped: standard error did not drain")?.parse().ok()
    };
    wait_until("the count of dropped lines", SOON, || dropped().is_some());
    watcher.hang_up();
    wait_until("a line after them", SOON, || {
        let text = String::from_utf8_lossy(&text.lock().unwrap()).into_owned();
        let after = text.split_once("log lines were dropped");
        after.is_some_and(|(_, after)| after.contains("stays in force\n"))
    });
    watcher.terminate();
    assert_eq!(watcher.wait(SOON).code(), Some(0));
    let text = String::from_utf8_lossy(&text.lock().unwrap()).into_owned();
    let warnings = text.lines().filter(|line| line.contains("source: ")).count();
    let lost = NODES - warnings;
    assert!(lost > 0 && dropped().unwrap() >= lost, "{lost} of {NODES} warnings, {:?}", dropped());
    assert!(counted <= dropped().unwrap(), "{counted} in the metrics, {:?} in the log", dropped());
}

fn metrics(socket: &Path) -> io::Result<String> {
    http_get(UnixStream::connect(socket)?, "/metrics")
}

#[test]
fn every_line_is_written_once_if_standard_error_is_read() {
    const NODES: usize = 2_000;
    let zookeeper = Namespace::new();
    for batch in (0..NODES).collect::<Vec<_>>().chunks(100) {
        let create = |index: &usize| Step::create(zookeeper.path(&format!("/n{index}")), "x");
        zookeeper.admin().transaction(&batch.iter().map(create).collect::<Vec<_>>()).unwrap();
    }
    let host = (0..NODES).fold(Host::new(zookeeper.connect_string()), |host, index| {
        host.node(&format!("n{index}"), &format!("/n{index}"))
    });
    let once = host.once().run(3 * SOON);
    let mut lines: Vec<_> = once.stderr.lines().filter(|line| line.starts_with("Updating '")).collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!((once.code, lines.len()), (Some(0), NODES));
    let summary = "2,000 nodes: 2000 updated, 0 unchanged, 0 removed, 0 absent, 0 failed";
    assert!(once.stderr.lines().any(|line| line == summary), "{}", once.stderr);
}

#[test]
fn a_plain_line_ends_with_what_identifies_the_change() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "x".repeat(1_204)).unwrap();
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags");
    let once = host.once().run(SOON);
    let mzxid = zookeeper.admin().get(&zookeeper.path("/flags")).unwrap().1.mzxid;
    let start =
        format!("Updating '{}' (nodes.flags, mzxid {mzxid:#x}, 1,204 bytes, ", host.file("flags").display());
    let line = once.stderr.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_default();
    assert!(line.ends_with(" ms)") || line.ends_with(" s)"), "{}", once.stderr);
}

#[test]
fn a_json_line_has_the_facts_of_the_change_as_fields() {
    let (zookeeper, host) = flags();
    let once = host.once().args(["--log-format", "json"]).run(SOON);
    assert!(once.stderr.lines().all(|line| line.starts_with("{\"timestamp\":\"") && line.ends_with('}')));
    let line = once.stderr.lines().find(|line| line.contains("Updating '")).unwrap_or_default();
    let mzxid = zookeeper.admin().get(&zookeeper.path("/flags")).unwrap().1.mzxid;
    let dest = host.file("flags");
    for field in [
        r#""level":"INFO""#,
        r#""node":"flags""#,
        r#""source":"/flags""#,
        &format!(r#""dest":"{}""#, dest.display()),
        &format!(r#""mzxid":{mzxid}"#),
        r#""bytes":3"#,
        r#""took":0."#,
    ] {
        assert!(line.contains(field), "{field}: {}", once.stderr);
    }
}

#[test]
fn a_full_line_has_time_level_and_target() {
    let (_zookeeper, host) = flags();
    let once = host.once().args(["--log-format", "full"]).run(SOON);
    let line = once.stderr.lines().find(|line| line.contains("Updating '")).unwrap_or_default();
    assert!(line.starts_with("20") && line.contains("Z  INFO ld_sync::node::outcome: Updating '"), "{line}");
    let writer = host.writer("two", "/flags").args(["--log-format", "full"]).run(SOON);
    assert!(
        writer.stderr.contains("Z  INFO ld_tool::publish: Wrote data to Zookeeper."),
        "{}",
        writer.stderr
    );
}

#[test]
fn rust_log_chooses_what_is_logged() {
    let (_zookeeper, host) = flags();
    let quiet = host.once().env("RUST_LOG", "warn").run(SOON);
    assert_eq!((quiet.code, &*quiet.stderr), (Some(0), ""));
    let some = host.once().env("RUST_LOG", "off,live_data_watcher=info").run(SOON);
    assert_eq!(
        some.stderr.lines().last(),
        Some("1 node: 0 updated, 1 unchanged, 0 removed, 0 absent, 0 failed")
    );
    assert!(!some.stderr.contains("ZooKeeper session"), "{}", some.stderr);
}

#[test]
fn a_strict_run_counts_warnings_that_are_filtered_out() {
    let (_zookeeper, host) = flags();
    let host = host.setting("nodes.flags.typo", "x");
    let once = host.once().arg("--strict").env("RUST_LOG", "off").run(SOON);
    assert_eq!((once.code, &*once.stderr), (Some(1), ""));
}
