//! Replies that make the ZooKeeper crate allocate without a limit.
//!
//! A memory limit of the system ends the process. The files stay, and the next process follows the
//! nodes. docs/upstream/ has the reports.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use ld_testkit::hostile::{CONNECT, HostileServer, ISRO, Rule, flood, huge_count};
use ld_testkit::{SOON, operation};

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

#[test]
fn a_node_of_64_mib_beyond_max_bytes_is_rejected() {
    let mut target = Target::start_with(|host| host.setting("nodes.flags.max_bytes", "1000"));
    let before = target.resident();
    target.server.set("/flags", vec![b'x'; 64 << 20]);
    target.watcher.wait_for_stderr("max_bytes", SOON);
    let (now, peak) = (target.resident().saturating_sub(before), target.peak().saturating_sub(before));
    println!("a node of 64 MiB: {now} KiB, and {peak} KiB at its peak");
    assert!(peak < 4 * (64 << 10), "{peak} KiB");
    assert_eq!(target.host.read("flags").unwrap(), b"version 0");
    target.assert_followed("a large node");
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
