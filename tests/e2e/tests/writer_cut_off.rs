//! A writer that loses the answer to its write: its report about the node is true and stays true.

use std::fs;
use std::time::{Duration, Instant};

use ld_testkit::{HeldWriter, Host, Namespace, Proxy, ProxyMode, SOON, operation, wait_until};

/// Longer than any test.
const NEVER: Duration = Duration::from_secs(3_600);
/// The request times out after 15 s, the check of the node after 15 s, the close after 1 s.
const WRITER_LIMIT: Duration = Duration::from_secs(31);
const LOOKING: &str = "looking whether it was written, for 15 seconds at most\n";
const NOT_WRITTEN: &str = "; the node is unchanged, run again";

/// Asserts that the writer ends with exit 0, and that its last line names the node's version.
#[track_caller]
fn ends_with_the_write_found(held: &HeldWriter) {
    let (code, line) = held.end();
    assert_eq!(code, Some(0), "{}", held.writer.stderr());
    assert!(line.contains(" is now version 1, mzxid 0x"), "{line}");
    assert!(held.writer.stderr().contains("\nWrote data to Zookeeper.\n"), "{}", held.writer.stderr());
}

/// Delays the bytes that the client sends.
fn hold(to_server: Duration) -> ProxyMode {
    ProxyMode::Delay { to_server, to_client: Duration::ZERO }
}

#[test]
fn a_write_with_a_lost_answer_is_found_written_exit_0() {
    let held = HeldWriter::start("5 seconds", |host| host);
    held.proxy.set_mode(ProxyMode::OnlyToServer);
    held.send();
    wait_until("the write to be done", SOON, || held.version() == 1);
    assert!(held.writer.is_running());
    held.proxy.reset_connections();
    held.proxy.set_mode(ProxyMode::Pass);
    ends_with_the_write_found(&held);
    assert!(held.writer.stderr().contains(LOOKING), "{}", held.writer.stderr());
    assert_eq!(held.version(), 1);
}

#[test]
fn a_half_open_connection_is_noticed_and_the_write_found_exit_0() {
    let held = HeldWriter::start("5 seconds", |host| host);
    held.proxy.set_mode(ProxyMode::OnlyToServer);
    held.send();
    held.writer.wait_for_stderr(LOOKING, SOON);
    held.proxy.set_mode(ProxyMode::Pass);
    ends_with_the_write_found(&held);
    assert_eq!(held.version(), 1);
}

#[test]
fn a_write_that_is_lost_on_the_way_is_not_written_exit_1() {
    let held = HeldWriter::start("10 seconds", |host| host);
    held.proxy.set_mode(hold(NEVER));
    held.send();
    held.proxy.reset_connections();
    held.proxy.set_mode(ProxyMode::Pass);
    let (code, line) = held.end();
    assert_eq!(code, Some(1), "{}", held.writer.stderr());
    assert!(line.starts_with("not written: ") && line.ends_with(NOT_WRITTEN), "{line}");
    assert_eq!(held.version(), 0);
}

#[test]
fn another_write_in_place_of_the_lost_one_exits_1() {
    let held = HeldWriter::start("10 seconds", |host| host);
    held.proxy.set_mode(hold(NEVER));
    held.send();
    held.admin.set(&held.path, "theirs").unwrap();
    held.proxy.reset_connections();
    held.proxy.set_mode(ProxyMode::Pass);
    assert_eq!(held.end(), (Some(1), "The data in ZooKeeper changed unexpectedly.".to_owned()));
    assert_eq!(held.version(), 1);
}

#[test]
fn without_a_connection_the_outcome_is_unknown_exit_1() {
    let held = HeldWriter::start("5 seconds", |host| host);
    held.proxy.set_mode(hold(NEVER));
    let start = Instant::now();
    held.send();
    held.proxy.set_mode(ProxyMode::Blackhole);
    let (code, line) = held.end();
    assert_eq!(code, Some(1), "{}", held.writer.stderr());
    assert!(line.starts_with("unknown whether it was written: "), "{line}");
    assert!(line.ends_with("it may have been written, run again"), "{line}");
    assert!(start.elapsed() < WRITER_LIMIT + SOON, "{:?}", start.elapsed());
}

#[test]
fn an_unchanged_node_in_another_session_proves_nothing() {
    let held = HeldWriter::start("4 seconds", |host| host);
    held.proxy.set_mode(hold(NEVER));
    held.send();
    held.proxy.set_mode(ProxyMode::Refuse);
    held.writer.wait_for_stderr("the ZooKeeper session ended: it expired", SOON);
    held.proxy.set_mode(ProxyMode::Pass);
    let (code, line) = held.end();
    assert_eq!(code, Some(1), "{}", held.writer.stderr());
    assert!(line.starts_with("unknown whether it was written: "), "{line}");
}

#[test]
fn a_write_reported_as_not_written_does_not_come_later() {
    let held = HeldWriter::start("20 seconds", |host| host);
    // Delivered after the writer has closed the connection (12 s), and before the server expires
    // the session (20 s).
    held.proxy.set_mode(hold(Duration::from_secs(16)));
    held.send();
    held.proxy.set_mode(ProxyMode::Pass);
    let (code, line) = held.end();
    assert_eq!(code, Some(1), "{}", held.writer.stderr());
    assert!(line.starts_with("not written: ") && line.ends_with(NOT_WRITTEN), "{line}");
    wait_until("the late write to be delivered or refused", SOON, || held.proxy.open_connections() == 0);
    // The server handles this request after the late write.
    assert_eq!(held.version(), 0);
}

#[test]
fn a_delayed_write_is_awaited_beside_another_session() {
    let zookeeper = Namespace::new();
    let path = zookeeper.path("/flags");
    zookeeper.admin().create(&path, "old").unwrap();
    let version = || zookeeper.admin().exists(&path).unwrap().unwrap().version;
    let proxy = Proxy::start(zookeeper.server().address());
    let host = Host::new(format!("{}{}", proxy.connect_string(), zookeeper.chroot()))
        .setting("zookeeper.timeout", "30 seconds")
        .credentials(&["user:password"]);
    // The writer can read the credentials when it starts, but not when it connects.
    proxy.set_mode(ProxyMode::Refuse);
    let writer = host.writer(HeldWriter::content(), "/flags").pause_stdout().start();
    writer.wait_for_stderr("Writing to /flags in ZooKeeper...\n", SOON);
    fs::remove_file(host.path("secrets.json")).unwrap();
    writer.wait_for_stderr("the ZooKeeper credential secret/zookeeper/0 cannot be read", SOON);
    proxy.set_mode(ProxyMode::Pass);
    writer.wait_for_stdout("--- old", SOON);
    proxy.set_mode(hold(Duration::from_secs(12)));
    writer.resume_stdout();
    wait_until("the write", SOON, || proxy.requests_of(operation::SET_DATA) == 1);
    proxy.set_mode(ProxyMode::Pass);
    // Changed credentials open another session, which replaces the session that wrote.
    host.write_secrets(&["user:changed"]);
    wait_until("a second session", SOON, || proxy.sessions().len() == 2);
    assert_eq!(version(), 0);
    writer.interrupt();
    assert_eq!(writer.wait(3 * SOON).code(), Some(0), "{}", writer.stderr());
    assert!(writer.stderr().contains("\nWrote data to Zookeeper.\n"), "{}", writer.stderr());
    assert_eq!(version(), 1);
}
