//! A user database that does not answer, as LDAP or sssd behind the C library.

use std::fs;
use std::time::Duration;

use ld_testkit::{Daemon, Faults, Host, Namespace, SOON, wait_until};

use crate::bounds::{AT_ONCE, DRIFT, LOADED_MACHINE, OUTAGE, PATIENCE};
use crate::harness::tests;
use crate::rig::bare_host;
use crate::serving::{Nodes, lines_with, with_node};

tests! {
    a_hung_user_database_at_start_delays_only_nodes_with_names: 25,
    a_hung_user_database_delays_only_unknown_names: 35,
}

/// Names that every Debian system has; more than the threads that look names up.
const USERS: [&str; 6] = ["daemon", "bin", "sys", "games", "mail", "news"];
/// After this time without a result a node is failing.
const HUNG: Duration = Duration::from_secs(10);

/// The host with one more node, with a file that belongs to `user`.
fn owned_by(host: Host, name: &str, user: &str) -> Host {
    let dest = host.file(name);
    with_node(host, name, &dest)
        .setting(&format!("nodes.{name}.owner"), user)
        .setting(&format!("nodes.{name}.group"), user)
}

fn files(host: &Host, names: &[&str]) -> Vec<(String, std::path::PathBuf)> {
    names.iter().map(|name| ((*name).to_owned(), host.file(name))).collect()
}

fn is_reported(watcher: &Daemon, name: &str) -> bool {
    lines_with(watcher, &[name, "has hung since"]) > 0
}

fn a_hung_user_database_at_start_delays_only_nodes_with_names() {
    let (namespace, faults) = (Namespace::new(), Faults::new());
    let host = bare_host(namespace.connect_string());
    let dest = host.file("plain");
    let host = USERS.iter().fold(with_node(host, "plain", &dest), |host, user| owned_by(host, user, user));
    let plain = Nodes::create(&namespace, files(&host, &["plain"]));
    let owned = Nodes::create(&namespace, files(&host, &USERS));
    faults.hang_users();
    let watcher = host.watcher().faults(&faults).start();
    plain.converge(&watcher, "at start beside a hung user database", AT_ONCE);
    wait_until("a look-up to hang", SOON, || faults.hung() > 0);
    plain.follow_for(&watcher, HUNG, "started beside a hung user database");
    let complaint = |_: &Daemon| USERS.iter().all(|user| is_reported(&watcher, user));
    watcher.wait_until("the hang to be reported", HUNG + LOADED_MACHINE, complaint);
    assert!(USERS.iter().all(|user| !host.file(user).exists()), "no file without its owner");
    faults.release_users();
    owned.converge(&watcher, "after the user database answers", OUTAGE);
    watcher.terminate();
    assert_eq!(watcher.wait(PATIENCE).code(), Some(0), "{}", watcher.stderr());
}

fn a_hung_user_database_delays_only_unknown_names() {
    let (namespace, faults) = (Namespace::new(), Faults::new());
    let host = bare_host(namespace.connect_string());
    let dest = host.file("plain");
    let host = owned_by(with_node(host, "plain", &dest), "known", "root");
    let host = USERS.iter().fold(host, |host, user| owned_by(host, user, user));
    let served = Nodes::create(&namespace, files(&host, &["plain", "known"]));
    let watcher = host.watcher().faults(&faults).start();
    served.converge(&watcher, "at start", PATIENCE);

    faults.hang_users();
    let owned = Nodes::create(&namespace, files(&host, &USERS));
    served.follow_for(&watcher, HUNG + DRIFT, "beside a hung user database");
    faults.release_users();
    owned.converge(&watcher, "after the user database answers", OUTAGE);
    let found = fs::metadata(host.file("daemon")).expect("the file is there");
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&found), 1, "it belongs to daemon");
    watcher.terminate();
    assert_eq!(watcher.wait(PATIENCE).code(), Some(0), "{}", watcher.stderr());
}
