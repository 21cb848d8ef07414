//! Faults of the ensemble.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use ld_testkit::Server;

use crate::judge::BOUND;
use crate::kind::Kind;
use crate::schedule::{Event, NODES};
use crate::site::CHROOT;
use crate::world::{Hand, INSIST_LIMIT, World, path};

use ld_testkit::{Acl, Error, Step};

/// How long all files may take to be right before a fault that needs the world for itself.
const SETTLE_LIMIT: Duration = Duration::from_secs(40);

pub(super) fn happen(world: &World, event: &Event, hand: &mut Hand<'_>) -> Result<(), String> {
    let ensemble = &world.ensemble;
    match event.kind {
        Kind::ServerKilled => kill(world, event, follower(world, event)?),
        Kind::LeaderKilled => kill(world, event, ensemble.leader()),
        Kind::ServerFrozen => freeze(world, event, follower(world, event)?)?,
        Kind::LeaderFrozen => freeze(world, event, ensemble.leader())?,
        Kind::QuorumLost => {
            let _survivor = ensemble.lose_quorum();
            world.pause(event.hold);
            ensemble.start_missing();
        }
        Kind::RollingRestart => ensemble.rolling_restart(),
        Kind::EnsembleDown => {
            ensemble.kill_all();
            world.pause(event.hold);
            ensemble.start_missing();
        }
        Kind::Restored => restore(world, event, hand)?,
        Kind::Wiped => wipe(world, event, hand)?,
        _ => remove_chroot(world, event, hand)?,
    }
    Ok(())
}

fn follower<'a>(world: &'a World, event: &Event) -> Result<&'a Server, String> {
    let mut followers = world.ensemble.followers();
    if followers.is_empty() {
        // A member was just restarted, or an election is on: having a leader, it has a follower.
        let _leader = world.ensemble.leader();
        followers = world.ensemble.followers();
    }
    if followers.is_empty() {
        return Err("no server follows".to_owned());
    }
    Ok(followers[event.pick % followers.len()])
}

fn kill(world: &World, event: &Event, server: &Server) {
    world.set_victim(server, true);
    server.kill();
    world.pause(event.hold);
    server.restart();
    world.set_victim(server, false);
}

fn freeze(world: &World, event: &Event, server: &Server) -> Result<(), String> {
    world.set_victim(server, true);
    server.freeze();
    world.pause(event.hold);
    server.thaw();
    // It believes for a moment that it is what it was. The next fault would cost a quorum that nobody knows to be lost.
    let (admin, start) = (server.admin(), Instant::now());
    while let Err(error) = admin.sync() {
        if start.elapsed() > INSIST_LIMIT {
            return Err(format!("the thawed server does not come back: {error}"));
        }
    }
    world.set_victim(server, false);
    Ok(())
}

/// No version is written meanwhile, and no file is on its way.
pub(super) fn stilled<T>(world: &World, act: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let _pens: Vec<_> =
        world.pens.iter().map(|pen| pen.lock().unwrap_or_else(PoisonError::into_inner)).collect();
    if !world.settle(SETTLE_LIMIT) {
        return Err("the files are not right before it".to_owned());
    }
    act()
}

fn restore(world: &World, event: &Event, hand: &mut Hand<'_>) -> Result<(), String> {
    let backups = world.ensemble.backup();
    world.ensemble.servers().iter().for_each(Server::wait_ready);
    // What is written now will be undone.
    world.pause(event.hold);
    stilled(world, || {
        world.peace.let_go_back(Duration::MAX);
        world.ensemble.restore(&backups);
        // Before a server serves the past, which is the truth from then on.
        world.ledger.forget();
        world.ensemble.restart_all();
        // The backup may ask for credentials that were rotated away since.
        let open = [Acl::anyone(Acl::ALL)];
        let outcome = (0..NODES).try_for_each(|node| {
            hand.insist("to open a restored node", |admin| match admin.set_acl(&path(node), &open) {
                // It was deleted at the moment of the backup.
                Err(Error::NoNode { .. }) => Ok(()),
                outcome => outcome,
            })
        });
        world.peace.let_go_back(world.clock.now() + BOUND);
        outcome
    })
}

fn wipe(world: &World, event: &Event, hand: &mut Hand<'_>) -> Result<(), String> {
    stilled(world, || {
        world.peace.set_void(true);
        world.ensemble.wipe();
        world.ledger.forget();
        world.ensemble.restart_all();
        world.pause(event.hold);
        world.peace.set_void(false);
        world.fill(hand)
    })
}

fn remove_chroot(world: &World, event: &Event, hand: &mut Hand<'_>) -> Result<(), String> {
    stilled(world, || {
        let paths = (0..NODES).map(path).chain([CHROOT.to_owned()]);
        let steps: Vec<Step> = paths.map(Step::delete).collect();
        let deletions: Vec<u64> = (0..NODES).map(|node| world.ledger.begin_deletion(node)).collect();
        hand.insist("to remove the chroot", |admin| match admin.transaction(&steps) {
            // The answer to an earlier attempt was lost.
            Err(Error::NoNode { .. }) => Ok(()),
            outcome => outcome,
        })?;
        let now = world.clock.now();
        deletions.iter().enumerate().for_each(|(node, deletion)| world.ledger.held(node, *deletion, now));
        world.pause(event.hold);
        world.fill(hand)
    })
}
