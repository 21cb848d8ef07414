//! Faults of the machine under one watcher: what hangs, and what is refused.

use ld_testkit::Daemon;

use crate::chaos::kind::Kind;
use crate::chaos::peace::Scope;
use crate::chaos::schedule::Event;
use crate::chaos::site::OWNED;
use crate::chaos::world::World;

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
    match event.kind {
        Kind::DestinationHangs => {
            faults.hang_files(&[site.live()]);
            world.pause(event.hold);
            faults.release_files();
        }
        Kind::SecretsHang => {
            faults.hang_files(&[site.secrets()]);
            world.pause(event.hold);
            faults.release_files();
        }
        Kind::UsersHang => {
            faults.hang_users();
            world.pause(event.hold);
            faults.release_users();
        }
        Kind::ThreadsRefused => {
            faults.refuse_threads();
            world.pause(event.hold);
            faults.allow_threads();
        }
        Kind::DescriptorsRefused => {
            with_watcher(world, event, |daemon| daemon.limit("nofile", NO_DESCRIPTORS))?;
            world.pause(event.hold);
            with_watcher(world, event, |daemon| daemon.limit("nofile", ENOUGH_DESCRIPTORS))?;
        }
        _ => {
            with_watcher(world, event, Daemon::pause_stderr)?;
            world.pause(event.hold);
            with_watcher(world, event, Daemon::resume_stderr)?;
        }
    }
    Ok(())
}

/// A watcher that has ended is found at the end of the run, too.
fn with_watcher(world: &World, event: &Event, act: impl FnOnce(&Daemon)) -> Result<(), String> {
    let watcher = world.sites[event.watcher].watcher();
    let daemon = watcher.as_ref().filter(|daemon| daemon.is_running());
    daemon.map(act).ok_or_else(|| format!("watcher {} has ended by itself", event.watcher))
}
