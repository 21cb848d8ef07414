//! Faults of the secrets: a wrong password, and a rotation. Nothing is restarted.

use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::{Acl, Admin, Namespace};

use crate::bounds::{LOADED_MACHINE, OUTAGE, PATIENCE, UNTOLD};
use crate::content::of_version;
use crate::harness::tests;
use crate::rig::{NAME, NODE, Rig, WORDS, bare_host, report};

tests! {
    a_wrong_password_corrected_in_the_secrets_file_is_taken_up: 40,
    rotated_credentials_are_taken_up: 60,
}

const OLD: &str = "fleet:planted-old-password";
const NEW: &str = "fleet:planted-new-password";

/// A watcher with the secrets `credential`, of a node that belongs to [`OLD`]. Does not wait for the file.
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

fn a_wrong_password_corrected_in_the_secrets_file_is_taken_up() {
    let (_namespace, rig) = rig_with("fleet:planted-wrong-password");
    rig.watcher.wait_for_stderr("not authorized", PATIENCE);
    // Long enough for the secrets to be looked at as rarely as they ever are.
    thread::sleep(Duration::from_secs(20));
    assert!(rig.file.symlink_metadata().is_err());
    rig.host.write_secrets(&[OLD]);
    rig.converges("wrong password, then corrected", OUTAGE);
    finish(rig);
}

fn rotated_credentials_are_taken_up() {
    let (namespace, rig) = rig_with(OLD);
    let rig = rig.settled();
    let node = namespace.path(NODE);
    // As a rotation goes: both may read, then the hosts get the new secret, then the old one is shut out.
    let old = Admin::new(namespace.server().address()).with_digest(OLD);
    let new = Admin::new(namespace.server().address()).with_digest(NEW);
    old.set_acl(&node, &[Acl::anyone(Acl::ALL)]).expect("the owner may set it");
    rig.host.write_secrets(&[NEW]);
    new.set_acl(&node, &[Acl::creator(Acl::ALL)]).expect("anybody may set it");
    let since = Instant::now();
    rig.write_untold(&new);
    rig.watcher.wait_for_stderr("not authorized", UNTOLD + LOADED_MACHINE);
    rig.acknowledge();
    report("credentials rotated: noticed", UNTOLD, since.elapsed());
    rig.converges("credentials rotated", OUTAGE);
    finish(rig);
}
