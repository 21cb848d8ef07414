//! Faults of the machine under one watcher: what hangs, and what is refused.

use std::fs;
use std::time::{Duration, Instant, SystemTime};

use ld_testkit::Daemon;

use super::{ensemble, watcher};
use crate::kind::Kind;
use crate::peace::Scope;
use crate::schedule::{Event, NODES};
use crate::site::OWNED;
use crate::verdict::Violation;
use crate::world::World;

/// How long a watcher's first session may take while nothing is in its way.
const START_LIMIT: Duration = Duration::from_secs(8);
/// A file that is silent for this long has no heartbeat: they come every 0.5 s.
const SILENCE: Duration = Duration::from_secs(4);
/// A limit that a running watcher has reached already, and one that it never reaches.
const NO_DESCRIPTORS: u64 = 3;
const ENOUGH_DESCRIPTORS: u64 = 1024;

/// What such a fault concerns; `None` for another kind of fault.
pub(super) fn scope(event: &Event) -> Option<Scope> {
    match event.kind {
        Kind::DestinationHangs | Kind::SecretsHang | Kind::ThreadsRefused | Kind::DescriptorsRefused => {
            Some(Scope::Watcher(event.watcher))
        }
        // The names of the others are no names: nothing of them is looked up.
        Kind::UsersHang => Some(Scope::File(event.watcher, OWNED)),
        Kind::ErrorUnread => Some(Scope::Nothing),
        _ => None,
    }
}

pub(super) fn happen(world: &World, event: &Event) -> Result<(), String> {
    let site = &world.sites[event.watcher];
    let faults = site.faults();
    wait_until_started(world, event);
    match event.kind {
        Kind::DestinationHangs => {
            faults.hang_files(&[site.live()]);
            world.pause(event.hold);
            faults.release_files();
        }
        Kind::SecretsHang => {
            faults.hang_files(&[site.secrets()]);
            // The next session opens with what is known of them.
            let closed = watcher::close_session(world, event);
            world.pause(event.hold);
            faults.release_files();
            closed?;
        }
        Kind::UsersHang => {
            faults.hang_users();
            world.pause(event.hold);
            faults.release_users();
        }
        Kind::ThreadsRefused => {
            faults.refuse_threads();
            site.reset_connections();
            world.pause(event.hold);
            faults.allow_threads();
        }
        Kind::DescriptorsRefused => {
            with_watcher(world, event, |daemon| daemon.limit("nofile", NO_DESCRIPTORS))?;
            site.reset_connections();
            world.pause(event.hold);
            with_watcher(world, event, |daemon| daemon.limit("nofile", ENOUGH_DESCRIPTORS))?;
        }
        _ => leave_unread(world, event)?,
    }
    start_again(world, event);
    Ok(())
}

/// Waits for the watcher's session, as long as that may take: the ensemble may be down.
fn wait_until_started(world: &World, event: &Event) {
    let start = Instant::now();
    while start.elapsed() < START_LIMIT && !world.tally.shall_stop() {
        let watcher = world.sites[event.watcher].watcher();
        if watcher.as_ref().is_none_or(|daemon| daemon.stderr().contains("session 0x")) {
            return;
        }
        drop(watcher);
        world.pause(Duration::from_millis(20));
    }
}

/// Starts a watcher again that ended because it was refused what a start needs, as its host would.
fn start_again(world: &World, event: &Event) {
    let site = &world.sites[event.watcher];
    let refused = |daemon: &Daemon| {
        let log = daemon.stderr();
        !daemon.is_running() && log.contains("cannot start") && !log.contains("session 0x")
    };
    let ended = site.watcher().as_ref().is_some_and(refused);
    if ended {
        site.start();
    }
}

/// Nothing else happens meanwhile: every file goes on to change, or at least to have its heartbeat.
fn leave_unread(world: &World, event: &Event) -> Result<(), String> {
    let files: Vec<_> = (0..NODES).map(|node| world.sites[event.watcher].file(node)).collect();
    let times = || -> Vec<Option<SystemTime>> {
        files.iter().map(|file| fs::metadata(file).and_then(|found| found.modified()).ok()).collect()
    };
    ensemble::stilled(world, || Ok(()))?;
    with_watcher(world, event, Daemon::pause_stderr)?;
    world.pause(event.hold.saturating_sub(SILENCE));
    let before = times();
    world.pause(SILENCE);
    let silent: Vec<_> = before.iter().zip(times()).map(|(before, after)| *before == after).collect();
    with_watcher(world, event, Daemon::resume_stderr)?;
    let silent: Vec<_> = (0..NODES).filter(|node| silent[*node]).collect();
    if !silent.is_empty() && !world.tally.shall_stop() {
        let said = world.sites[event.watcher].said(None);
        let what = format!("nodes {silent:?} of watcher {} for {SILENCE:?}; {said}", event.watcher);
        world.tally.violation(world.clock.now(), Violation::Silent, &what);
    }
    Ok(())
}

/// A watcher that has ended is found at the end of the run, too.
fn with_watcher(world: &World, event: &Event, act: impl FnOnce(&Daemon)) -> Result<(), String> {
    let watcher = world.sites[event.watcher].watcher();
    let daemon = watcher.as_ref().filter(|daemon| daemon.is_running());
    daemon.map(act).ok_or_else(|| format!("watcher {} has ended by itself", event.watcher))
}
