//! Ten thousand nodes of long paths.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::{Admin, Daemon, Host, Namespace, Proxy, ProxyMode, Step, wait_until};

use crate::bounds::{AT_ONCE, LOADED_MACHINE, OUTAGE, PATIENCE};
use crate::harness::tests;
use crate::rig::report;

tests! {
    ten_thousand_nodes_survive_resets_and_lost_sessions: 60,
}

const NODES: usize = 10_000;
/// Nodes that one transaction creates.
const PART: usize = 500;
/// Most bytes of watched paths in one session.
const SESSION_PATH_BYTES: usize = 96 << 10;
/// Threads of a watcher with any number of nodes: the reactor, blocking ones, the client's.
const THREADS: usize = 12;

/// About 100 bytes with the chroot.
fn path(index: usize) -> String {
    format!(
        "/{}/{index:08}",
        "a-directory-whose-name-is-as-long-as-names-of-directories-get-in-a-large-company"
    )
}

fn threads(watcher: &Daemon) -> usize {
    fs::read_dir(format!("/proc/{}/task", watcher.id())).map_or(0, Iterator::count)
}

fn ten_thousand_nodes_survive_resets_and_lost_sessions() {
    let namespace = Namespace::new();
    let admin = Admin::new(namespace.server().address());
    let full = |index| namespace.path(&path(index));
    let (parent, _) =
        path(0).rsplit_once('/').map(|(parent, name)| (parent.to_owned(), name.len())).expect("two names");
    admin.create_all(&namespace.path(&parent), b"").expect("the namespace is empty");
    for part in (0..NODES).collect::<Vec<_>>().chunks(PART) {
        let steps: Vec<_> = part.iter().map(|index| Step::create(full(*index), "one")).collect();
        admin.transaction(&steps).expect("the namespace is empty");
    }
    let proxy = Proxy::start(namespace.server().address());
    let mut host = Host::new(format!("{}{}", proxy.connect_string(), namespace.chroot()))
        // Keep heartbeats and drift rounds out of the counts below.
        .setting("watcher.drift_interval", "1 hour")
        .setting("watcher.heartbeat_interval", "1 hour")
        .setting("zookeeper.timeout", "10 seconds");
    for index in 0..NODES {
        let name = format!("node{index}");
        host = host.node(&name, &path(index)).setting(&format!("nodes.{name}.fsync"), "false");
    }
    let live = host.path("live");
    let files = || fs::read_dir(&live).map_or(0, Iterator::count);
    let start = Instant::now();
    let watcher = host.watcher().start();
    wait_until("every file", PATIENCE, || files() == NODES);
    println!("  10,000 nodes of long paths: every file after {:.1} s", start.elapsed().as_secs_f64());
    for index in (0..NODES).step_by(997) {
        host.wait_for(&format!("node{index}"), "one");
    }

    let lanes = proxy.sessions().len();
    // Ask the server: requests of the audit look like requests that set watches.
    let below = format!("{}/", namespace.path(&parent));
    let watched = || {
        let paths = namespace.server().ask("wchp");
        paths.lines().filter(|path| path.starts_with(&below)).count()
    };
    wait_until("every watch", PATIENCE, || watched() == NODES);
    let needed = NODES * full(0).len() / SESSION_PATH_BYTES;
    assert!((needed..needed + 5).contains(&lanes), "{lanes} sessions for paths that need {needed}");
    let before = threads(&watcher);
    for round in 0..3 {
        let requests = proxy.counts().requests;
        proxy.reset_connections();
        let changed: Vec<_> = (0..NODES).skip(round).step_by(500).collect();
        let content = format!("round {round}");
        for index in &changed {
            admin.set(&full(*index), &content).expect("the server is never disturbed");
        }
        let healed = Instant::now();
        for index in &changed {
            host.wait_for(&format!("node{index}"), &content);
        }
        report("10,000 nodes of long paths and a reset", AT_ONCE, healed.elapsed());
        // A late request would be seen in the count.
        thread::sleep(Duration::from_secs(2));
        let requests = usize::try_from(proxy.counts().requests - requests).expect("a small number");
        println!("  {requests} requests after the reset, {lanes} sessions, {} threads", threads(&watcher));
        // Two requests a changed node, setWatches of each session, and an audit of 4 of its nodes.
        let allowed = changed.len() * 2 + lanes * (10 + 4);
        assert!(requests <= allowed, "{requests} requests after a reset, {allowed} are allowed");
    }
    assert_eq!(proxy.sessions().len(), lanes, "a reset ends no session");

    proxy.set_mode(ProxyMode::Refuse);
    for session in proxy.sessions() {
        session.close(namespace.server().address()).expect("the session lives");
    }
    let requests = proxy.counts().requests;
    let changed: Vec<_> = (0..NODES).step_by(500).collect();
    for index in &changed {
        admin.set(&full(*index), "after the sessions").expect("the server is never disturbed");
    }
    proxy.set_mode(ProxyMode::Pass);
    let healed = Instant::now();
    for index in &changed {
        host.wait_for_within(&format!("node{index}"), "after the sessions", OUTAGE + LOADED_MACHINE);
    }
    report("10,000 nodes of long paths and every session lost", OUTAGE, healed.elapsed());
    let read = |requests: u64| usize::try_from(proxy.counts().requests - requests).expect("a small number");
    wait_until("every node to be read again", PATIENCE, || read(requests) >= 2 * NODES);
    thread::sleep(Duration::from_secs(2));
    println!("  {} requests after the loss of {lanes} sessions", read(requests));
    let allowed = 2 * NODES + NODES / 10;
    assert!(read(requests) <= allowed, "each node is measured and read once: {} requests", read(requests));
    assert_eq!(proxy.sessions().len(), 2 * lanes);
    assert!(threads(&watcher) <= THREADS, "{} threads, {before} before the resets", threads(&watcher));
    watcher.terminate();
    watcher.wait(PATIENCE);
}
