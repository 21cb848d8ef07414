//! Faults of nodes and of destinations.

use std::fs::{self, File};
use std::io::{self, Write};
use std::sync::PoisonError;
use std::time::Duration;

use ld_testkit::{Acl, Error, Step};

use crate::disk::Disk;
use crate::document::{self, EDIT};
use crate::judge::BOUND;
use crate::kind::Kind;
use crate::peace::Scope;
use crate::schedule::Event;
use crate::site::credential;
use crate::verdict::Violation;
use crate::world::{Hand, World, path};

const TAKE_INTERVAL: Duration = Duration::from_millis(20);
/// How late the acknowledgement of a write may come on a busy machine.
const ACKNOWLEDGED: Duration = Duration::from_secs(2);

/// What a fault of this track concerns.
pub(super) fn scope(event: &Event) -> Scope {
    match event.kind {
        Kind::NodeDeleted | Kind::NodeRecreated | Kind::AclTaken | Kind::CredentialsRotated => {
            Scope::Node(event.node)
        }
        Kind::DirectoryRemoved | Kind::DiskFull | Kind::InodesExhausted => Scope::Watcher(event.watcher),
        _ => Scope::File(event.watcher, event.node),
    }
}

pub(super) fn happen(
    world: &World,
    event: &Event,
    hand: &mut Hand<'_>,
    watcher: usize,
    node: usize,
) -> Result<(), String> {
    let site = &world.sites[watcher];
    let file = site.file(node);
    match event.kind {
        Kind::NodeDeleted => delete(world, event, hand),
        Kind::NodeRecreated => recreate(world, event, hand),
        Kind::AclTaken => take_right(world, event, hand),
        Kind::DiskFull => exhaust(world, event, site.disk()?, Disk::fill),
        Kind::InodesExhausted => exhaust(world, event, site.disk()?, Disk::take_inodes),
        Kind::CredentialsRotated => rotate(world, event, hand),
        Kind::FileEdited | Kind::FileDeleted => {
            // Nobody writes the node meanwhile: only a repair can put the file right.
            let _pen = world.pens[node].lock().unwrap_or_else(PoisonError::into_inner);
            // The file may be replaced in the same moment: then the edit is gone, as a person's would be.
            let outcome = match event.kind {
                Kind::FileDeleted => fs::remove_file(&file),
                _ => File::options().append(true).open(&file).and_then(|mut file| file.write_all(EDIT)),
            };
            missing_is_fine(outcome).map_err(|error| format!("cannot touch the file: {error}"))?;
            world.pause(event.hold);
            Ok(())
        }
        Kind::FileIsDirectory => put_directory(world, event, &file),
        _ => {
            site.remove_directory().map_err(|error| format!("cannot remove the directory: {error}"))?;
            world.pause(event.hold);
            site.plant().map_err(|error| format!("cannot put the foreign files back: {error}"))
        }
    }
}

/// Whatever becomes free meanwhile is taken again.
fn exhaust(
    world: &World,
    event: &Event,
    disk: &Disk,
    take: impl Fn(&Disk) -> io::Result<()>,
) -> Result<(), String> {
    let end = world.clock.now() + event.hold;
    let mut outcome = Ok(());
    while outcome.is_ok() && world.clock.now() < end && !world.tally.shall_stop() {
        outcome = take(disk);
        world.pause(TAKE_INTERVAL);
    }
    let cleared = disk.clear();
    outcome.and(cleared).map_err(|error| format!("cannot exhaust a disk: {error}"))
}

fn take_right(world: &World, event: &Event, hand: &mut Hand<'_>) -> Result<(), String> {
    let path = path(event.node);
    let allow = |permissions| [Acl::anyone(permissions)];
    let from = world.clock.now();
    world.peace.set_unreadable(event.node, from, Duration::MAX);
    hand.insist("to take the read right away", |admin| admin.set_acl(&path, &allow(Acl::ALL - Acl::READ)))?;
    world.pause(event.hold);
    hand.insist("to give the read right back", |admin| admin.set_acl(&path, &allow(Acl::ALL)))?;
    // The acknowledgement of a write may come later than those of the right.
    world.peace.set_unreadable(event.node, from, world.clock.now() + ACKNOWLEDGED);
    Ok(())
}

/// The node may be read with credentials that the watchers do not have yet. The one of the last rotation is everybody's again.
fn rotate(world: &World, event: &Event, hand: &mut Hand<'_>) -> Result<(), String> {
    let node = event.node;
    let mut secured = world.secured.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(last) = secured.1.take() {
        let open = [Acl::anyone(Acl::ALL)];
        hand.insist("to open the node of the last rotation", |admin| admin.set_acl(&path(last), &open))?;
    }
    let credential = credential(secured.0 + 1);
    let closed = [Acl::anyone(Acl::ALL - Acl::READ), Acl::creator(Acl::READ)];
    let from = world.clock.now();
    world.peace.set_unreadable(node, from, Duration::MAX);
    Hand::authenticated(world, &credential)
        .insist("to demand new credentials", |admin| admin.set_acl(&path(node), &closed))?;
    world.pause(event.hold);
    for site in &world.sites {
        site.set_credential(&credential).map_err(|error| format!("cannot rotate the secrets: {error}"))?;
    }
    *secured = (secured.0 + 1, Some(node));
    world.peace.set_unreadable(node, from, world.clock.now() + BOUND);
    Ok(())
}

fn missing_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn delete(world: &World, event: &Event, hand: &mut Hand<'_>) -> Result<(), String> {
    let node = event.node;
    let _pen = world.pens[node].lock().unwrap_or_else(PoisonError::into_inner);
    let deletion = world.ledger.begin_deletion(node);
    hand.insist("to delete", |admin| match admin.delete(&path(node)) {
        Err(Error::NoNode { .. }) => Ok(()),
        outcome => outcome,
    })?;
    world.ledger.held(node, deletion, world.clock.now());
    world.pause(event.hold);
    let version = world.ledger.begin(node);
    let data = document::encode(world.seed, node, version);
    hand.insist("to create", |admin| match admin.create(&path(node), &data) {
        Err(Error::NodeExists { .. }) => Ok(()),
        outcome => outcome,
    })?;
    world.ledger.held(node, version, world.clock.now());
    Ok(())
}

fn recreate(world: &World, event: &Event, hand: &mut Hand<'_>) -> Result<(), String> {
    let node = event.node;
    let _pen = world.pens[node].lock().unwrap_or_else(PoisonError::into_inner);
    let version = world.ledger.begin(node);
    let data = document::encode(world.seed, node, version);
    let steps = [Step::delete(path(node)), Step::create(path(node), data)];
    hand.insist("to recreate", |admin| admin.transaction(&steps))?;
    world.ledger.held(node, version, world.clock.now());
    Ok(())
}

/// Puts a directory into the file's place, with a file in it that must still be there at the end.
fn put_directory(world: &World, event: &Event, file: &std::path::Path) -> Result<(), String> {
    let explain = |error: io::Error| format!("cannot put a directory into a file's place: {error}");
    // The watcher may put its file there again in the same moment.
    let mut result = Ok(());
    for _ in 0..100 {
        result = missing_is_fine(fs::remove_file(file)).and_then(|()| fs::create_dir(file));
        if result.is_ok() {
            break;
        }
    }
    result.map_err(explain)?;
    let inner = file.join("somebody's");
    fs::write(&inner, "not the watcher's").map_err(explain)?;
    world.pause(event.hold);
    if !inner.exists() {
        let what = format!("{} is gone", inner.display());
        world.tally.violation(world.clock.now(), Violation::ForeignRemoved, &what);
        return Ok(());
    }
    fs::remove_dir_all(file).map_err(explain)
}
