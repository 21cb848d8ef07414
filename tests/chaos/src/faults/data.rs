//! Faults of nodes and of destinations.

use std::fs::{self, File};
use std::io::{self, Write};
use std::sync::PoisonError;
use std::time::Duration;

use ld_testkit::{Acl, Error, Step};

use crate::judge::{CONVERGENCE_LIMIT, Violation};
use crate::nodes::EDIT;
use crate::schedule::{Event, FaultKind};
use crate::testbed::{AdminPool, Disk, Rotation, Scope, Testbed, credential, path};

const EXHAUST_INTERVAL: Duration = Duration::from_millis(20);
/// Limit for the acknowledgement of a write on a busy machine.
const ACKNOWLEDGEMENT_LIMIT: Duration = Duration::from_secs(2);

/// The files that a fault of this track concerns.
pub(crate) fn scope(event: &Event) -> Scope {
    match event.kind {
        FaultKind::NodeDeleted
        | FaultKind::NodeRecreated
        | FaultKind::AclTaken
        | FaultKind::CredentialsRotated => Scope::Node(event.node),
        FaultKind::DirectoryRemoved | FaultKind::DiskFull | FaultKind::InodesExhausted => {
            Scope::Watcher(event.watcher)
        }
        _ => Scope::File(event.watcher, event.node),
    }
}

pub(crate) fn inject(testbed: &Testbed, event: &Event, admins: &mut AdminPool<'_>) -> Result<(), String> {
    let host = &testbed.hosts[event.watcher];
    let file = host.file(event.node);
    match event.kind {
        FaultKind::NodeDeleted => delete(testbed, event, admins),
        FaultKind::NodeRecreated => recreate(testbed, event, admins),
        FaultKind::AclTaken => remove_read_permission(testbed, event, admins),
        FaultKind::DiskFull => exhaust_disk(testbed, event, host.disk()?, Disk::fill),
        FaultKind::InodesExhausted => exhaust_disk(testbed, event, host.disk()?, Disk::take_inodes),
        FaultKind::CredentialsRotated => rotate(testbed, event, admins),
        FaultKind::FileEdited | FaultKind::FileDeleted => {
            // The node is not written meanwhile, so only a repair can put the file right.
            let _lock = testbed.node_locks[event.node].lock().unwrap_or_else(PoisonError::into_inner);
            // The watcher may replace the file at the same time. Then the edit is lost.
            let outcome = match event.kind {
                FaultKind::FileDeleted => fs::remove_file(&file),
                _ => File::options().append(true).open(&file).and_then(|mut file| file.write_all(EDIT)),
            };
            ignore_missing(outcome).map_err(|error| format!("cannot change the file: {error}"))?;
            testbed.pause(event.duration);
            Ok(())
        }
        FaultKind::FileIsDirectory => put_directory(testbed, event, &file),
        _ => {
            host.remove_directory().map_err(|error| format!("cannot remove the directory: {error}"))?;
            testbed.pause(event.duration);
            host.create_foreign_files().map_err(|error| format!("cannot restore the foreign files: {error}"))
        }
    }
}

/// Takes a resource of a disk again and again, since replaced files may free some.
fn exhaust_disk(
    testbed: &Testbed,
    event: &Event,
    disk: &Disk,
    exhaust: impl Fn(&Disk) -> io::Result<()>,
) -> Result<(), String> {
    let end = testbed.clock.now() + event.duration;
    let mut outcome = Ok(());
    while outcome.is_ok() && testbed.clock.now() < end && !testbed.recorder.should_stop() {
        outcome = exhaust(disk);
        testbed.pause(EXHAUST_INTERVAL);
    }
    let cleared = disk.clear();
    outcome.and(cleared).map_err(|error| format!("cannot exhaust a disk: {error}"))
}

fn remove_read_permission(
    testbed: &Testbed,
    event: &Event,
    admins: &mut AdminPool<'_>,
) -> Result<(), String> {
    let path = path(event.node);
    let allow = |permissions| [Acl::anyone(permissions)];
    let from = testbed.clock.now();
    testbed.disturbances.set_unreadable(event.node, from, Duration::MAX);
    admins.retry("remove the read permission", |admin| admin.set_acl(&path, &allow(Acl::ALL - Acl::READ)))?;
    testbed.pause(event.duration);
    admins.retry("restore the read permission", |admin| admin.set_acl(&path, &allow(Acl::ALL)))?;
    // The acknowledgement of a write may arrive after those of the permission.
    testbed.disturbances.set_unreadable(event.node, from, testbed.clock.now() + ACKNOWLEDGEMENT_LIMIT);
    Ok(())
}

/// Protects the node by credentials that the watchers get later. The node of the last rotation
/// becomes readable for all again.
fn rotate(testbed: &Testbed, event: &Event, admins: &mut AdminPool<'_>) -> Result<(), String> {
    let node = event.node;
    let mut rotation = testbed.rotation.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(last) = rotation.node.take() {
        let open = [Acl::anyone(Acl::ALL)];
        admins.retry("open the node of the last rotation", |admin| admin.set_acl(&path(last), &open))?;
    }
    let credential = credential(rotation.count + 1);
    let closed = [Acl::anyone(Acl::ALL - Acl::READ), Acl::creator(Acl::READ)];
    let from = testbed.clock.now();
    testbed.disturbances.set_unreadable(node, from, Duration::MAX);
    testbed
        .admins_as(&credential)
        .retry("require new credentials", |admin| admin.set_acl(&path(node), &closed))?;
    testbed.pause(event.duration);
    for host in &testbed.hosts {
        host.set_credential(&credential).map_err(|error| format!("cannot rotate the secrets: {error}"))?;
    }
    *rotation = Rotation { count: rotation.count + 1, node: Some(node) };
    testbed.disturbances.set_unreadable(node, from, testbed.clock.now() + CONVERGENCE_LIMIT);
    Ok(())
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn delete(testbed: &Testbed, event: &Event, admins: &mut AdminPool<'_>) -> Result<(), String> {
    let node = event.node;
    let _lock = testbed.node_locks[node].lock().unwrap_or_else(PoisonError::into_inner);
    let deletion = testbed.history.begin_deletion(node);
    admins.retry("delete a node", |admin| match admin.delete(&path(node)) {
        Err(Error::NoNode { .. }) => Ok(()),
        outcome => outcome,
    })?;
    testbed.history.acknowledge(node, deletion, testbed.clock.now());
    testbed.pause(event.duration);
    let version = testbed.history.begin(node);
    let data = testbed.content(node, version);
    admins.retry("create a node", |admin| match admin.create(&path(node), &data) {
        Err(Error::NodeExists { .. }) => Ok(()),
        outcome => outcome,
    })?;
    testbed.history.acknowledge(node, version, testbed.clock.now());
    Ok(())
}

fn recreate(testbed: &Testbed, event: &Event, admins: &mut AdminPool<'_>) -> Result<(), String> {
    let node = event.node;
    let _lock = testbed.node_locks[node].lock().unwrap_or_else(PoisonError::into_inner);
    let version = testbed.history.begin(node);
    let data = testbed.content(node, version);
    let steps = [Step::delete(path(node)), Step::create(path(node), data)];
    admins.retry("recreate a node", |admin| admin.transaction(&steps))?;
    testbed.history.acknowledge(node, version, testbed.clock.now());
    Ok(())
}

/// Replaces the file by a directory with a file in it. That file must still exist at the end.
fn put_directory(testbed: &Testbed, event: &Event, file: &std::path::Path) -> Result<(), String> {
    let explain = |error: io::Error| format!("cannot replace a file by a directory: {error}");
    // Fails if the watcher writes its file again at the same time.
    let mut result = Ok(());
    for _ in 0..100 {
        result = ignore_missing(fs::remove_file(file)).and_then(|()| fs::create_dir(file));
        if result.is_ok() {
            break;
        }
    }
    result.map_err(explain)?;
    let inner = file.join("foreign");
    fs::write(&inner, "not the watcher's").map_err(explain)?;
    testbed.pause(event.duration);
    if !inner.exists() {
        let what = format!("{} is gone", inner.display());
        testbed.recorder.violation(testbed.clock.now(), Violation::ForeignRemoved, &what);
        return Ok(());
    }
    fs::remove_dir_all(file).map_err(explain)
}
