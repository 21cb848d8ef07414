//! What a watcher asks ZooKeeper, counted on the wire.

use ld_testkit::{Host, Namespace, Proxy, SOON, operation};

/// The requests of one watcher from its start to its end, after a change of one node.
#[derive(Debug, PartialEq, Eq)]
struct Requests {
    exists: usize,
    get_data: usize,
    sync: usize,
    /// At the end.
    close_session: usize,
    /// All of them, without pings. The end of the session may come before its watches are removed,
    /// so these are not counted.
    all: u64,
}

/// Runs a watcher of two nodes until one of them was changed and its file is written.
fn of_a_start_and_a_change(settings: &[(&str, &str)]) -> Requests {
    let zookeeper = Namespace::new();
    Host::new(zookeeper.connect_string()).init(&[]);
    let proxy = Proxy::start(zookeeper.server().address());
    let mut host = Host::new(format!("{}{}", proxy.connect_string(), zookeeper.chroot()));
    for name in ["flags", "limits"] {
        zookeeper.admin().create(&zookeeper.path(&format!("/{name}")), "old").unwrap();
        host = host.node(name, &format!("/{name}"));
    }
    // All rounds come after the end of this test.
    let rounds = [("watcher.heartbeat_interval", "1 hour"), ("watcher.drift_interval", "1 hour")];
    for (key, value) in rounds.iter().chain(settings) {
        host = host.setting(key, value);
    }
    let watcher = host.watcher().start();
    ["flags", "limits"].iter().for_each(|name| host.wait_for(name, "old"));
    zookeeper.admin().set(&zookeeper.path("/flags"), "new").unwrap();
    host.wait_for("flags", "new");
    watcher.terminate();
    assert_eq!(watcher.wait(SOON).code(), Some(0), "{}", watcher.stderr());
    Requests {
        exists: proxy.requests_of(operation::EXISTS),
        get_data: proxy.requests_of(operation::GET_DATA),
        sync: proxy.requests_of(operation::SYNC),
        close_session: proxy.requests_of(operation::CLOSE_SESSION),
        all: proxy.counts().requests - proxy.requests_of(operation::REMOVE_WATCHES) as u64,
    }
}

/// The watcher before `publish.root` existed, without rollouts, reports and signatures, made the
/// same requests.
#[test]
fn without_opt_in_a_watcher_makes_no_more_requests() {
    let expected = Requests { exists: 4, get_data: 3, sync: 1, close_session: 1, all: 9 };
    assert_eq!(of_a_start_and_a_change(&[]), expected);
    // What only tools read costs a watcher nothing.
    let of_tools = [("publish.history", "20"), ("publish.root", "/live-data")];
    assert_eq!(of_a_start_and_a_change(&of_tools), expected);
    // The count shows it when a node takes part.
    let taking_part = of_a_start_and_a_change(&[("nodes.flags.rollout", "true")]);
    assert!(taking_part.all > expected.all, "{taking_part:?}");
}
