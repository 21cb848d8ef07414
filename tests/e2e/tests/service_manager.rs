//! systemd's protocol, with a real notification socket.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use ld_testkit::{Daemon, Host, Namespace, SOON, TempDir, TestCommand, TestOutput, binary};

/// The socket that stands for the service manager's, and all that it was told.
struct Manager {
    socket: UnixDatagram,
    told: Vec<String>,
}

impl Manager {
    fn new(host: &Host) -> Self {
        let socket = UnixDatagram::bind(host.path("notify.sock")).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        Self { socket, told: Vec::new() }
    }

    fn start(host: &Host, watchdog: Option<Duration>) -> Daemon {
        let mut command = host.watcher().env("NOTIFY_SOCKET", host.path("notify.sock"));
        if let Some(limit) = watchdog {
            command = command.env("WATCHDOG_USEC", limit.as_micros().to_string());
        }
        command.start()
    }

    /// Waits until a message has a line that begins with `line`.
    fn wait_for(&mut self, line: &str) -> String {
        let deadline = Instant::now() + SOON;
        let mut buffer = [0; 4096];
        loop {
            if let Ok(length) = self.socket.recv(&mut buffer) {
                let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
                self.told.push(message.clone());
                if message.lines().any(|text| text.starts_with(line)) {
                    return message;
                }
            }
            assert!(Instant::now() < deadline, "waited in vain for {line}: {:?}", self.told);
        }
    }
}

#[test]
fn ready_comes_after_the_first_outcomes_and_stopping_at_the_end() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "on").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags");
    let mut manager = Manager::new(&host);
    let watcher = Manager::start(&host, None);
    // `systemctl start` returns at READY, and what shows the status next must not see files wait.
    let status = manager.wait_for("STATUS=1 of 1 files");
    assert!(status.contains("as they should be"), "{status}");
    manager.wait_for("READY=1");
    assert_eq!(host.read("flags").as_deref(), Some(&b"on"[..]));
    watcher.terminate();
    manager.wait_for("STOPPING=1");
}

#[test]
fn a_reload_is_told_with_its_time_and_its_end() {
    let zookeeper = Namespace::new();
    let host = Host::new(zookeeper.connect_string());
    let mut manager = Manager::new(&host);
    let watcher = Manager::start(&host, None);
    manager.wait_for("READY=1");
    watcher.hang_up();
    let reloading = manager.wait_for("RELOADING=1");
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    manager.wait_for("READY=1");
}

#[test]
fn the_watchdog_is_fed_while_the_engine_turns() {
    let zookeeper = Namespace::new();
    let host = Host::new(zookeeper.connect_string());
    let mut manager = Manager::new(&host);
    let watcher = Manager::start(&host, Some(Duration::from_millis(400)));
    for _ in 0..5 {
        manager.wait_for("WATCHDOG=1");
    }
    watcher.freeze();
    // What was sent before.
    while manager.socket.recv(&mut [0; 4096]).is_ok() {}
    assert!(manager.socket.recv(&mut [0; 4096]).is_err(), "it is fed by a process that stands still");
    watcher.thaw();
    manager.wait_for("WATCHDOG=1");
}

/// The shipped unit, with the built watcher in place of the installed one, looked at by systemd.
fn analyze(arguments: &[&str]) -> TestOutput {
    let unit = include_str!("../../../packaging/systemd/live-data-watcher.service");
    let watcher = binary("live-data-watcher");
    let directory = TempDir::new();
    let file = directory.join("live-data-watcher.service");
    fs::write(&file, unit.replace("/usr/bin/live-data-watcher", watcher.to_str().unwrap())).unwrap();
    TestCommand::new("systemd-analyze").args(arguments).arg(&file).run(SOON)
}

#[test]
fn the_shipped_unit_is_valid_and_bounds_memory() {
    let output = analyze(&["verify", "--man=no"]);
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""));
    assert!(include_str!("../../../packaging/systemd/live-data-watcher.service").contains("\nMemoryMax="));
}

#[test]
fn the_unit_of_an_instance_differs_by_its_name_only() {
    let unit = include_str!("../../../packaging/systemd/live-data-watcher.service");
    let instance = include_str!("../../../packaging/systemd/live-data-watcher@.service");
    let (about, instance) = instance.split_once("\n#\n").unwrap();
    assert!(about.contains("live-data-watcher@NAME"), "{about}");
    let by_name = [
        ("edit live-data-watcher@NAME`", "edit live-data-watcher`"),
        ("nodes (%i)", "nodes"),
        ("/%i.ini", "/live-data.ini"),
        ("=live-data-%i", "=live-data"),
    ];
    let renamed = by_name.iter().fold(instance.to_owned(), |text, (of, to)| text.replace(of, to));
    assert_eq!(renamed, unit);
}

#[test]
fn the_shipped_unit_exposes_little() {
    let output = analyze(&["security", "--offline=true", "--threshold=20"]);
    assert_eq!(output.code, Some(0), "{}{}", output.stdout, output.stderr);
}
