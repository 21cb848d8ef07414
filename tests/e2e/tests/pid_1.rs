//! Orphans of checks are reaped, by a watcher that is the first process of a container and by any
//! other.

use std::fs;

use ld_testkit::{Daemon, Host, Namespace, SOON, install_script, wait_for, wait_until};

/// A process namespace, as in a container.
pub(crate) const CONTAINER: [&str; 6] = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--"];

/// The fields after the name in a process's stat: state, parent and so on.
fn fields(process: &str) -> Vec<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().unwrap_or_default().split(' ').map(str::to_owned).collect()
}

/// The children of `parent`, with their states.
pub(crate) fn children(parent: &str) -> Vec<(String, String)> {
    let names =
        fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let children = names.filter_map(|name| {
        let fields = fields(&name);
        (fields.get(1).map(String::as_str) == Some(parent)).then(|| (name, fields[0].clone()))
    });
    children.collect()
}

/// A check that leaves two children: one ends in another session, one is killed with the check.
fn leaving_check(host: &Host, verdict: &str) -> String {
    let check = host.path("check");
    let text = format!("#!/bin/sh\nsetsid sleep 0.05 &\nsleep 600 &\n{verdict}\n");
    install_script(&check, 0o700, &text);
    check.to_str().unwrap().to_owned()
}

/// The id of a container's first process, as seen from outside.
pub(crate) fn first_process(container: &Daemon) -> String {
    wait_for("the first process of the container", SOON, || {
        children(&container.id().to_string()).pop().map(|(name, _)| name)
    })
}

#[test]
fn as_pid_1_it_reaps_orphans_and_reads_exits_of_checks() {
    let zookeeper = Namespace::new();
    let (good, bad) = (zookeeper.path("/good"), zookeeper.path("/bad"));
    zookeeper.admin().create(&good, "0").unwrap();
    zookeeper.admin().create(&bad, "0").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("good", "/good").node("bad", "/bad");
    let check = leaving_check(&host, "! grep -q poison \"$1\"");
    let host = host.setting("nodes.good.check", &check).setting("nodes.bad.check", &check);

    let container = host.watcher().wrapped_by(CONTAINER).start();
    host.wait_for("good", "0");
    host.wait_for("bad", "0");
    for round in 1..=10 {
        zookeeper.admin().set(&bad, format!("poison {round}")).unwrap();
        zookeeper.admin().set(&good, format!("{round}")).unwrap();
        host.wait_for("good", format!("{round}"));
    }
    container.wait_for_stderr("rejects it with exit code 1", SOON);
    assert_eq!(host.read("bad").unwrap(), b"0");
    assert!(!container.stderr().contains("cannot be checked"), "{}", container.stderr());
    let watcher = first_process(&container);
    wait_until("no child and no zombie to be left", SOON, || children(&watcher).is_empty());
}

#[test]
fn below_a_pid_1_that_reaps_nothing_no_zombie_stays() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "0").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags");
    let check = leaving_check(&host, "exit 0");
    let host = host.setting("nodes.flags.check", check);
    let beside = ["sh", "-c", "\"$@\" & exec sleep 600", "sh"];
    let container = host.watcher().wrapped_by(CONTAINER).wrapped_by(beside).start();
    for round in 0..5 {
        zookeeper.admin().set(&zookeeper.path("/flags"), format!("{round}")).unwrap();
        host.wait_for("flags", format!("{round}"));
    }
    let sleep = first_process(&container);
    wait_until("the watcher to be the only child, without children", SOON, || {
        let siblings = children(&sleep);
        siblings.len() == 1 && children(&siblings[0].0).is_empty()
    });
}
