//! Replies that make the ZooKeeper crate allocate without a limit.
//!
//! A memory limit of the system ends the process. The files stay, and the next process follows the
//! nodes. docs/upstream/ has the reports.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use ld_testkit::hostile::{CONNECT, HostileServer, ISRO, Rule, flood, huge_count};
use ld_testkit::{Host, SOON, Server, ServerOptions, operation};

use crate::target::{Target, host};

/// Address space of an attacked process. Its threads reserve about 300 MiB of it.
const LIMIT: u64 = 768 << 20;
/// More than [`LIMIT`].
const FLOOD: u64 = 2 << 30;
/// SIGABRT.
const ABORT: i32 = 6;

/// Whether a process ended for lack of memory: by an abort, or with exit code 1.
fn is_orderly(status: ExitStatus) -> bool {
    status.code() == Some(1) || status.signal() == Some(ABORT)
}

/// Attacks a watcher with a memory limit until it ends.
///
/// Then asserts that its file is intact and that the next watcher follows the node.
fn ends_and_comes_back(attack: impl FnOnce(&HostileServer)) {
    let mut target = Target::start();
    target.watcher.terminate();
    target.watcher.wait(SOON);
    attack(&target.server);
    target.watcher = target.host.watcher().limit("core", 0).limit("as", LIMIT).start();
    let status = target.watcher.wait(3 * SOON);
    let log = target.watcher.stderr();
    assert!(is_orderly(status), "{status}: {log}");
    assert_eq!(target.host.read("flags").unwrap(), b"version 0", "{log}");
    target.server.be_honest();
    target.watcher = target.host.watcher().start();
    target.assert_followed("its restart");
}

fn lie_about_children(server: &HostileServer) {
    for operation in [operation::GET_CHILDREN, operation::GET_CHILDREN2] {
        server.add(Rule::on(operation, huge_count));
    }
}

#[test]
fn a_huge_count_of_children_ends_the_watcher_and_files_stay() {
    ends_and_comes_back(lie_about_children);
}

#[test]
fn a_huge_count_of_children_ends_the_writer_and_the_node_stays() {
    let server = HostileServer::start();
    server.set("/flags", "old");
    lie_about_children(&server);
    let host = host(&server);
    let writer = host.writer("new", "/flags").limit("core", 0).limit("as", LIMIT).start();
    let status = writer.wait(SOON);
    // The attack fails if the writer does not list children.
    let expected = if status.success() { b"new" } else { b"old" };
    assert!(status.success() || is_orderly(status), "{status}: {}", writer.stderr());
    assert_eq!(server.data("/flags").unwrap(), expected);
    server.be_honest();
    let writer = host.writer("newer", "/flags").run(SOON);
    assert_eq!((writer.code, server.data("/flags").unwrap()), (Some(0), b"newer".to_vec()));
}

#[test]
fn an_endless_frame_ends_the_watcher_and_files_stay() {
    ends_and_comes_back(|server| server.add(Rule::on(operation::GET_DATA, flood(i32::MAX, FLOOD))));
}

#[test]
fn an_endless_line_ends_the_watcher_and_files_stay() {
    ends_and_comes_back(|server| {
        // The last byte of a handshake says that the server is read-only.
        server.add(Rule::on(CONNECT, |_, reply| reply.body[36] = 1));
        server.add(Rule::on(ISRO, flood(i32::from_be_bytes(*b"rwrw"), FLOOD)));
    });
}

#[test]
fn events_for_unwatched_paths_cost_bounded_memory() {
    const EVENTS: u64 = 300_000;
    let mut target = Target::start();
    let before = target.resident();
    target.server.send_events(3, "/never/watched", EVENTS);
    target.assert_followed_within("many events", 3 * SOON);
    let growth = target.resident().saturating_sub(before);
    println!("{EVENTS} events: {growth} KiB");
    assert!(growth < 192 << 10, "{growth} KiB");
}

/// Two nodes that become too large, one for its guard and one for what is read.
#[test]
fn a_node_beyond_its_limit_is_rejected_unread() {
    const SIZE: usize = 48 << 20;
    // In KiB: a third of one node.
    const GROWTH: u64 = 16 << 10;
    let options = ServerOptions { max_buffer: Some(64 << 20), heap: 1024, ..ServerOptions::default() };
    let server = Server::start_with(options);
    let admin = server.admin();
    let host = Host::new(server.connect_string()).node("guarded", "/guarded").node("plain", "/plain");
    let host = host.setting("nodes.guarded.max_bytes", "1000");
    let host = host.setting("watcher.heartbeat_interval", "100 milliseconds");
    for node in ["guarded", "plain"] {
        admin.create(&format!("/{node}"), "small").unwrap();
    }
    let watcher = host.watcher().start();
    for node in ["guarded", "plain"] {
        host.wait_for(node, "small");
    }
    let before = watcher.memory("VmHWM");
    for (node, reason) in [
        ("guarded", "it has 50,331,648 bytes, and max_bytes is 1000"),
        ("plain", "it has 50,331,648 bytes, and zookeeper.max_read_bytes is 16777216"),
    ] {
        admin.set(&format!("/{node}"), vec![b'x'; SIZE]).unwrap();
        watcher.wait_for_stderr(reason, SOON);
        assert_eq!(host.read(node).unwrap(), b"small");
    }
    let last = host.mtime("plain");
    watcher.wait_until("other work", SOON, |_| {
        let growth = watcher.memory("VmHWM").saturating_sub(before);
        assert!(growth < GROWTH, "{growth} KiB");
        last.elapsed().is_ok_and(|elapsed| elapsed > Duration::from_secs(1))
    });
    assert_eq!(host.mtime("plain"), last, "no heartbeat");
    for node in ["guarded", "plain"] {
        admin.set(&format!("/{node}"), "small again").unwrap();
        host.wait_for(node, "small again");
    }
    let growth = watcher.memory("VmHWM").saturating_sub(before);
    println!("two nodes of 48 MiB: {growth} KiB at the peak");
    assert!(growth < GROWTH, "{growth} KiB");
}

#[test]
fn forty_thousand_children_beside_a_node_do_no_harm() {
    let mut target = Target::start();
    for child in 0..40_000 {
        target.server.set(&format!("/child-of-the-root-{child}"), "");
    }
    target.server.expire_sessions();
    target.assert_followed("40,000 children");
    let resident = target.resident();
    assert!(resident < 128 << 10, "{resident} KiB");
}
