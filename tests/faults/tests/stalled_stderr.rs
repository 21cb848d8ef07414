//! Standard error that is not read.

use std::time::{Duration, Instant};

use ld_testkit::{Host, Namespace, TestCommand};

use crate::bounds::{AT_ONCE, LOADED_MACHINE, OUTAGE, PATIENCE};
use crate::harness::tests;
use crate::serving::{Nodes, with_node};

tests! {
    a_stalled_standard_error_stops_no_update_or_heartbeat: 20,
    a_standard_error_that_is_full_at_start_delays_no_file: 10,
    once_ends_in_time_with_a_standard_error_that_is_full: 10,
}

/// One round of updates logs a line for each node, which is more than the pipe holds.
const NODES: usize = 1000;
/// Number of updates of all nodes while nothing is read.
const ROUNDS: usize = 3;
/// A watcher must end within this time after SIGTERM.
const END: Duration = Duration::from_secs(2);

fn setup(namespace: &Namespace, count: usize) -> (Host, Nodes<'_>) {
    let host = Host::new(namespace.connect_string()).setting("watcher.heartbeat_interval", "1 second");
    let name = |node: usize| format!("node{node}");
    let host = (0..count).fold(host, |host, node| {
        let dest = host.file(&name(node));
        with_node(host, &name(node), &dest)
    });
    let files = (0..count).map(|node| (name(node), host.file(&name(node)))).collect();
    let nodes = Nodes::create(namespace, files);
    (host, nodes)
}

fn ends(command: &TestCommand, follow: impl FnOnce(&ld_testkit::Daemon)) {
    let watcher = command.start();
    follow(&watcher);
    watcher.terminate();
    let start = Instant::now();
    assert_eq!(watcher.wait(END + LOADED_MACHINE).code(), Some(0));
    println!("  SIGTERM with a stalled standard error: {:.2} s", start.elapsed().as_secs_f64());
}

fn a_stalled_standard_error_stops_no_update_or_heartbeat() {
    let namespace = Namespace::new();
    let (host, nodes) = setup(&namespace, NODES);
    ends(&host.watcher(), |watcher| {
        nodes.converge(watcher, "at start", PATIENCE);
        watcher.pause_stderr();
        for round in 0..ROUNDS {
            nodes.change();
            nodes.converge(watcher, &format!("standard error stalled, round {round}"), OUTAGE);
        }
        watcher.resume_stderr();
        watcher.wait_until("all lines, or the count of dropped ones", PATIENCE, |watcher| {
            let lines = watcher.stderr();
            let kept = lines.matches("Updating '").count() >= NODES * (1 + ROUNDS);
            kept || lines.contains("log lines were dropped")
        });
        watcher.pause_stderr();
        nodes.change();
        nodes.converge(watcher, "standard error stalled again", OUTAGE);
    });
}

fn a_standard_error_that_is_full_at_start_delays_no_file() {
    let namespace = Namespace::new();
    let (host, nodes) = setup(&namespace, 3);
    ends(&host.watcher().full_stderr(), |watcher| {
        nodes.converge(watcher, "standard error full at start", AT_ONCE);
        nodes.follow_for(watcher, Duration::from_secs(2), "standard error full at start");
    });
}

fn once_ends_in_time_with_a_standard_error_that_is_full() {
    let namespace = Namespace::new();
    const TIMEOUT: Duration = Duration::from_secs(15);
    let (host, nodes) = setup(&namespace, 100);
    let start = Instant::now();
    let once = host.once().arg("--timeout").arg(TIMEOUT.as_secs().to_string()).full_stderr().start();
    let code = once.wait(TIMEOUT + END + LOADED_MACHINE).code();
    println!("  --once with a full standard error: {:.2} s", start.elapsed().as_secs_f64());
    assert_eq!(code, Some(0));
    assert!(nodes.are_current());
}
