//! Many nodes at once.

use std::fs;

use ld_testkit::{Daemon, Host, Namespace, Proxy, SOON, Session, Step, wait_until};

const NODES: usize = 1_000;
/// Steps of one transaction.
const BATCH: usize = 100;
/// The reactor and the threads for files, names and secrets. The original has one for each node.
const THREADS: usize = 12;

fn name(index: usize) -> String {
    format!("n{index}")
}

fn content(round: &str, index: usize) -> Vec<u8> {
    format!("{round} {index}").into_bytes()
}

/// Changes all nodes at nearly the same time.
fn transact(zookeeper: &Namespace, step: impl Fn(String, usize) -> Step) {
    for batch in (0..NODES).collect::<Vec<_>>().chunks(BATCH) {
        let steps: Vec<_> =
            batch.iter().map(|index| step(zookeeper.path(&format!("/{}", name(*index))), *index)).collect();
        zookeeper.admin().transaction(&steps).unwrap();
    }
}

fn threads(watcher: &Daemon) -> usize {
    fs::read_dir(format!("/proc/{}/task", watcher.id())).unwrap().count()
}

/// Waits until all files have the content of `round`. Returns the most threads meanwhile.
fn wait_for_all(host: &Host, watcher: &Daemon, round: &str) -> usize {
    let (mut left, mut most) = ((0..NODES).collect::<Vec<_>>(), 0);
    wait_until(&format!("all {NODES} files of round {round}"), 3 * SOON, || {
        most = most.max(threads(watcher));
        left.retain(|index| host.read(&name(*index)) != Some(content(round, *index)));
        left.is_empty()
    });
    most
}

#[test]
fn a_thousand_nodes_need_a_constant_number_of_threads() {
    let zookeeper = Namespace::new();
    transact(&zookeeper, |path, index| Step::create(path, content("first", index)));
    let proxy = Proxy::start(zookeeper.server().address());
    let hosts = format!("{}{}", proxy.connect_string(), zookeeper.chroot());
    let nodes = (0..NODES).map(name);
    let host = nodes.fold(Host::new(hosts), |host, name| host.node(&name, &format!("/{name}")));
    let watcher = host.watcher().start();
    let mut most = wait_for_all(&host, &watcher, "first");

    transact(&zookeeper, |path, index| Step::set(path, content("second", index)));
    most = most.max(wait_for_all(&host, &watcher, "second"));

    // Everything changes during a lost connection.
    proxy.reset_connections();
    transact(&zookeeper, |path, index| Step::set(path, content("third", index)));
    most = most.max(wait_for_all(&host, &watcher, "third"));

    // Everything changes after a lost session.
    Session::expire(&proxy, zookeeper.server().address(), || {
        transact(&zookeeper, |path, index| Step::set(path, content("fourth", index)));
    });
    most = most.max(wait_for_all(&host, &watcher, "fourth"));
    assert!(most <= THREADS, "{most} threads");

    transact(&zookeeper, |path, _| Step::delete(path));
    let directory = host.file("n0").parent().unwrap().to_owned();
    wait_until("all files to be gone", 3 * SOON, || fs::read_dir(&directory).unwrap().next().is_none());
}

#[test]
fn a_second_once_changes_no_file_of_a_thousand_nodes() {
    let zookeeper = Namespace::new();
    transact(&zookeeper, |path, index| Step::create(path, content("only", index)));
    let nodes = (0..NODES).map(name);
    let host =
        nodes.fold(Host::new(zookeeper.connect_string()), |host, name| host.node(&name, &format!("/{name}")));
    for counts in ["1000 updated, 0 unchanged", "0 updated, 1000 unchanged"] {
        let once = host.once().run(3 * SOON);
        assert_eq!(once.code, Some(0), "{}", once.stderr);
        assert!(once.stderr.contains(counts), "{}", once.stderr.lines().last().unwrap());
    }
}
