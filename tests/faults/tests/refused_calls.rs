//! System calls on one node's file that are refused for a while: by a quota, or by a machine that
//! is out of descriptors.

use std::fs;

use ld_testkit::Host;
use ld_testkit::{Faults, Namespace};

use crate::bounds::{AT_ONCE, LOADED_MACHINE, PATIENCE};
use crate::harness::tests;
use crate::rig::bare_host;
use crate::serving::{Nodes, lines_with, with_node};

tests! {
    a_write_beyond_a_disk_quota_fails_its_node_alone_and_heals: 15,
    an_open_beyond_the_machines_files_fails_its_node_alone_and_heals: 20,
}

/// As of errno(3).
const ENFILE: i32 = 23;
const EDQUOT: i32 = 122;

/// One node's directory refuses, and another node goes on.
fn one_of_two_is_refused(refuse: impl FnOnce(&Faults, &Host), complaint: &str) {
    let (namespace, faults) = (Namespace::new(), Faults::new());
    let host = bare_host(namespace.connect_string());
    let (other, file) = (host.path("other").join("file"), host.file("file"));
    let host = with_node(with_node(host, "file", &file), "other", &other);
    let refused = Nodes::create(&namespace, vec![("file".to_owned(), file.clone())]);
    let healthy = Nodes::create(&namespace, vec![("other".to_owned(), other)]);
    let watcher = host.watcher().faults(&faults).start();
    [&refused, &healthy].iter().for_each(|nodes| nodes.converge(&watcher, "at start", PATIENCE));
    let before = fs::read(&file).expect("it is there");

    refuse(&faults, &host);
    refused.change();
    watcher.wait_until("a complaint", LOADED_MACHINE * 3, |watcher| {
        lines_with(watcher, &["nodes.file: ", complaint]) > 0
    });
    healthy.follow_for(&watcher, LOADED_MACHINE, complaint);
    assert_eq!(fs::read(&file).expect("the old file stays"), before);
    let complaints = lines_with(&watcher, &[complaint]);
    assert!(complaints <= 3, "{complaints} lines of the same:\n{}", watcher.stderr());
    faults.allow_files();
    refused.converge(&watcher, &format!("after: {complaint}"), AT_ONCE);
    let live = file.parent().expect("it has a directory");
    assert_eq!(fs::read_dir(live).expect("it can be listed").count(), 1, "no temporary file stays");
    watcher.terminate();
    assert_eq!(watcher.wait(PATIENCE).code(), Some(0), "{}", watcher.stderr());
}

fn a_write_beyond_a_disk_quota_fails_its_node_alone_and_heals() {
    let refuse = |faults: &Faults, host: &Host| faults.refuse_writes(EDQUOT, &[host.path("live")]);
    one_of_two_is_refused(refuse, "Disk quota exceeded");
}

fn an_open_beyond_the_machines_files_fails_its_node_alone_and_heals() {
    let refuse = |faults: &Faults, host: &Host| faults.refuse_opens(ENFILE, &[host.path("live")]);
    one_of_two_is_refused(refuse, "Too many open files in system");
}
