//! Faults of the node itself: it is deleted, created again, or may not be read.

use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::operation::GET_DATA;
use ld_testkit::{Acl, Admin, Host, Namespace, Proxy, ProxyMode, Step, wait_until};

use crate::bounds::{AT_ONCE, LOADED_MACHINE, NO_EVENT, OUTAGE, PATIENCE, SESSION, STANDSTILL};
use crate::content::of_version;
use crate::harness::tests;
use crate::rig::{NAME, NODE, Rig, bare_host, host, report};

tests! {
    a_chroot_removed_between_sessions_leaves_the_file: 45,
    a_chroot_removed_in_a_live_session_removes_the_file: 10,
    a_node_deleted_and_created_again_is_followed_each_time: 10,
    a_node_recreated_in_one_transaction_keeps_its_file: 10,
    an_unreadable_node_is_polled_slowly_until_it_is_readable: 75,
    no_heartbeat_relies_on_an_event_that_was_dropped: 30,
    three_hundred_unreadable_nodes_are_polled_ten_times_a_second: 45,
}

/// Shortest time between two polls of an unreadable node.
const POLL: Duration = Duration::from_secs(10);
/// Most polls a second of one process, for any number of nodes.
const POLLS_A_SECOND: u32 = 10;

struct Setup {
    namespace: Namespace,
    proxy: Proxy,
    rig: Rig,
}

impl Setup {
    fn start() -> Self {
        let namespace = Namespace::new();
        let proxy = Proxy::start(namespace.server().address());
        let host = host(format!("{}{}", proxy.connect_string(), namespace.chroot()));
        let admin = Admin::new(namespace.server().address());
        let rig = Rig::start(host, admin, namespace.path(NODE));
        Self { namespace, proxy, rig }
    }

    fn node(&self) -> String {
        self.namespace.path(NODE)
    }

    /// Creates the node with its next version.
    fn create(&self) {
        let content = self.rig.next();
        self.namespace.admin().create(&self.node(), content).expect("the node is not there");
        self.rig.acknowledge();
    }
}

fn a_chroot_removed_between_sessions_leaves_the_file() {
    let setup = Setup::start();
    let Setup { namespace, proxy, rig } = &setup;
    proxy.set_mode(ProxyMode::Refuse);
    // Wait until the session has expired: the next one knows nothing of the node.
    let session = proxy.last_session();
    thread::sleep(2 * SESSION);
    assert!(session.close(namespace.server().address()).is_err(), "the session has expired");
    namespace.admin().delete_all(namespace.chroot()).expect("the chroot can be deleted");
    proxy.set_mode(ProxyMode::Pass);
    let start = Instant::now();
    rig.watcher.wait_for_stderr("does not exist in this ensemble", OUTAGE + LOADED_MACHINE);
    rig.stays_silent(start, POLL);
    assert!(rig.is_current(), "the file stays");
    namespace.admin().create(namespace.chroot(), b"").expect("the chroot is gone");
    setup.create();
    rig.converges("chroot removed, then back", AT_ONCE);
    setup.rig.finish();
}

fn a_chroot_removed_in_a_live_session_removes_the_file() {
    let setup = Setup::start();
    let Setup { namespace, rig, .. } = &setup;
    rig.observer.allow_missing();
    namespace.admin().delete_all(namespace.chroot()).expect("the chroot can be deleted");
    rig.vanishes("chroot removed under a live session", AT_ONCE);
    namespace.admin().create(namespace.chroot(), b"").expect("the chroot is gone");
    setup.create();
    rig.converges("chroot removed under a live session, then back", AT_ONCE);
    setup.rig.finish();
}

fn a_node_deleted_and_created_again_is_followed_each_time() {
    let setup = Setup::start();
    let rig = &setup.rig;
    rig.observer.allow_missing();
    for _ in 0..3 {
        setup.namespace.admin().delete(&setup.node()).expect("the node is there");
        rig.vanishes("node deleted", AT_ONCE);
        setup.create();
        rig.converges("node created again", AT_ONCE);
    }
    for _ in 0..10 {
        setup.namespace.admin().delete(&setup.node()).expect("the node is there");
        setup.create();
    }
    rig.converges("node deleted and created again ten times in a row", AT_ONCE);
    setup.rig.finish();
}

fn a_node_recreated_in_one_transaction_keeps_its_file() {
    let setup = Setup::start();
    let rig = &setup.rig;
    for _ in 0..20 {
        let content = rig.next();
        let steps = [Step::delete(setup.node()), Step::create(setup.node(), content)];
        setup.namespace.admin().transaction(&steps).expect("the node is there");
        rig.acknowledge();
        rig.converges("node deleted and created in one transaction", AT_ONCE);
    }
    setup.rig.finish();
}

fn an_unreadable_node_is_polled_slowly_until_it_is_readable() {
    let setup = Setup::start();
    let Setup { namespace, proxy, rig } = &setup;
    let owner = Admin::new(namespace.server().address()).with_digest("owner:password");
    owner.set_acl(&setup.node(), &[Acl::creator(Acl::ALL)]).expect("every client may set it");
    let since = Instant::now();
    rig.write_without_event(&owner);
    rig.watcher.wait_for_stderr("not authorized", NO_EVENT + LOADED_MACHINE);
    rig.acknowledge();
    report("read ACL taken away: noticed", NO_EVENT, since.elapsed());
    let (since, polls) = (Instant::now(), proxy.requests_of(GET_DATA));
    rig.falls_silent(STANDSTILL);
    rig.stays_silent(since, 2 * POLL);
    let polls = proxy.requests_of(GET_DATA) - polls;
    assert!(polls <= 2, "{polls} polls in {:?}", since.elapsed());
    assert!(!rig.is_current(), "the file stays as it is");
    owner.set_acl(&setup.node(), &[Acl::anyone(Acl::ALL)]).expect("the owner may set it");
    rig.converges("read ACL taken away and given back", OUTAGE);
    setup.rig.finish();
}

fn no_heartbeat_relies_on_an_event_that_was_dropped() {
    // With so many nodes the regular audit takes minutes for a round. The heartbeats are rare, and
    // all nodes are audited before each of them.
    const OTHERS: usize = 300;
    const HEARTBEAT: Duration = Duration::from_secs(6);
    let namespace = Namespace::new();
    let mut host = Host::new(namespace.connect_string())
        .setting("watcher.heartbeat_interval", format!("{} seconds", HEARTBEAT.as_secs()));
    for index in 0..OTHERS {
        host = host.node(&format!("other{index}"), &format!("/other{index}"));
    }
    let admin = Admin::new(namespace.server().address());
    let rig = Rig::start(host.node(NAME, NODE), admin, namespace.path(NODE));
    let owner = Admin::new(namespace.server().address()).with_digest("owner:password");
    owner.set_acl(&namespace.path(NODE), &[Acl::creator(Acl::ALL)]).expect("every client may set it");
    // From now on the observer reports a heartbeat of the old version as a violation.
    rig.write_by(&owner);
    let since = Instant::now();
    rig.watcher.wait_for_stderr("not authorized", HEARTBEAT + AT_ONCE + LOADED_MACHINE);
    report(
        "an event dropped, one node of 300: noticed before a heartbeat",
        HEARTBEAT + AT_ONCE,
        since.elapsed(),
    );
    rig.stays_silent(since, 2 * HEARTBEAT);
    rig.finish();
}

fn three_hundred_unreadable_nodes_are_polled_ten_times_a_second() {
    const NODES: usize = 300;
    let namespace = Namespace::new();
    let proxy = Proxy::start(namespace.server().address());
    let owner = Admin::new(namespace.server().address()).with_digest("owner:password");
    let mut host = bare_host(format!("{}{}", proxy.connect_string(), namespace.chroot()));
    for index in 0..NODES {
        let name = format!("node{index}");
        owner
            .create_with_acl(&namespace.path(&format!("/{name}")), "secret", &[Acl::creator(Acl::ALL)])
            .expect("the namespace is empty");
        host = host.node(&name, &format!("/{name}"));
    }
    let watcher = host.watcher().start();
    wait_until("every node to be read once", PATIENCE, || proxy.requests_of(GET_DATA) >= NODES);
    let (since, before) = (Instant::now(), proxy.requests_of(GET_DATA));
    thread::sleep(3 * POLL);
    let polls = proxy.requests_of(GET_DATA) - before;
    let allowed = (since.elapsed().as_secs_f64() + 1.0) * f64::from(POLLS_A_SECOND);
    println!("  300 unreadable nodes: {polls} polls in {:.1} s", since.elapsed().as_secs_f64());
    assert!(polls as f64 <= allowed, "{polls} polls, {allowed} are allowed");
    assert!(polls > NODES / 2, "they are polled at all: {polls}");
    assert!(!watcher.stderr().contains("secret"), "content in the log");
    for index in 0..NODES {
        assert!(host.read(&format!("node{index}")).is_none());
    }
    // A node that becomes readable is found by the same polls.
    let (found, content) = (namespace.path("/node7"), of_version(1, 1));
    owner.set(&found, &content).expect("the owner may write");
    owner.set_acl(&found, &[Acl::anyone(Acl::ALL)]).expect("the owner may set it");
    let round =
        Duration::from_secs(u64::try_from(NODES).expect("a small number") / u64::from(POLLS_A_SECOND));
    let healed = Instant::now();
    host.wait_for_within("node7", content, round + OUTAGE + LOADED_MACHINE);
    report("one of 300 unreadable nodes readable again", round + OUTAGE, healed.elapsed());
    watcher.terminate();
    watcher.wait(PATIENCE);
}
