//! Secrets that change at run time: a wrong password that is corrected, and a rotation.

use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::{Acl, Admin, Namespace};

use crate::bounds::{LOADED_MACHINE, NO_EVENT, OUTAGE, PATIENCE};
use crate::content::of_version;
use crate::harness::tests;
use crate::rig::{NAME, NODE, Rig, WORDS, bare_host, report};

tests! {
    a_corrected_password_is_used: 40,
    rotated_credentials_are_used: 60,
}

const OLD: &str = "fleet:planted-old-password";
const NEW: &str = "fleet:planted-new-password";

/// A watcher with the secret `credential`, on a node that belongs to [`OLD`].
///
/// It does not wait for the file.
fn rig_with(credential: &str) -> (Namespace, Rig) {
    let namespace = Namespace::new();
    let admin = || Admin::new(namespace.server().address()).with_digest(OLD).with_digest(NEW);
    let node = namespace.path(NODE);
    let owner = Admin::new(namespace.server().address()).with_digest(OLD);
    owner.create_with_acl(&node, of_version(1, WORDS), &[Acl::creator(Acl::ALL)]).expect("a new node");
    let host = bare_host(namespace.connect_string()).credentials(&[credential]).node(NAME, NODE);
    let (command, file) = (host.watcher().arg("--debug"), host.file(NAME));
    let rig = Rig::launch(host, &command, |_| file, admin(), node);
    (namespace, rig)
}

fn finish(rig: Rig) {
    let log = rig.watcher.stderr();
    assert!(!log.contains("planted"), "a password in the log:\n{log}");
    rig.finish();
}

fn a_corrected_password_is_used() {
    let (_namespace, rig) = rig_with("fleet:planted-wrong-password");
    rig.watcher.wait_for_stderr("not authorized", PATIENCE);
    // Long enough for the longest interval between two reads of the secrets.
    thread::sleep(Duration::from_secs(20));
    assert!(rig.file.symlink_metadata().is_err());
    rig.host.write_secrets(&[OLD]);
    rig.converges("wrong password, then corrected", OUTAGE);
    finish(rig);
}

fn rotated_credentials_are_used() {
    let (namespace, rig) = rig_with(OLD);
    let rig = rig.settled();
    let node = namespace.path(NODE);
    // The steps of a rotation: both may read, the hosts get the new secret, the old one is removed.
    let old = Admin::new(namespace.server().address()).with_digest(OLD);
    let new = Admin::new(namespace.server().address()).with_digest(NEW);
    old.set_acl(&node, &[Acl::anyone(Acl::ALL)]).expect("the owner may set it");
    rig.host.write_secrets(&[NEW]);
    new.set_acl(&node, &[Acl::creator(Acl::ALL)]).expect("anybody may set it");
    let since = Instant::now();
    rig.write_without_event(&new);
    rig.watcher.wait_for_stderr("not authorized", NO_EVENT + LOADED_MACHINE);
    rig.acknowledge();
    report("credentials rotated: noticed", NO_EVENT, since.elapsed());
    rig.converges("credentials rotated", OUTAGE);
    finish(rig);
}
