//! The end of a run: everything is healed and nobody writes, so every file must become what its node holds.

use std::sync::PoisonError;
use std::time::{Duration, Instant};
use std::{fs, thread};

use ld_testkit::Daemon;

use super::judge::BOUND;
use super::schedule::NODES;
use super::site::credential;
use super::verdict::Violation;
use super::world::{Hand, World, path};

/// How long temporary files of writes in hand may stand after the last write.
const STRAY_LIMIT: Duration = Duration::from_secs(10);
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// Compares every file with its node, and looks for what should not be there.
pub(super) fn check(world: &World) {
    let rotations = world.secured.lock().unwrap_or_else(PoisonError::into_inner).0;
    let mut hand = Hand::authenticated(world, &credential(rotations));
    let held: Result<Vec<Vec<u8>>, String> = (0..NODES)
        .map(|node| {
            hand.insist("to read what the ensemble holds", |admin| {
                admin.sync()?;
                admin.get(&path(node)).map(|(data, _)| data)
            })
        })
        .collect();
    let held = match held {
        Ok(held) => held,
        Err(obstacle) => return world.tally.obstacle(obstacle),
    };
    let start = Instant::now();
    let differing = within(BOUND, || differing(world, &held));
    println!("{:7.2} s  last convergence took {:.2} s", now(world), start.elapsed().as_secs_f64());
    for (watcher, node) in differing {
        let said = world.sites[watcher].said(Some(node));
        let what = format!("n{node} of watcher {watcher} is not what its node holds, at the end; {said}");
        world.tally.violation(world.clock.now(), Violation::Lost, &what);
    }
    let strays =
        within(STRAY_LIMIT, || world.sites.iter().flat_map(super::site::Site::temporaries).collect());
    for stray in strays {
        world.tally.violation(world.clock.now(), Violation::Stray, &stray);
    }
    for (watcher, site) in world.sites.iter().enumerate() {
        if !site.watcher().as_ref().is_some_and(Daemon::is_running) {
            let what = format!("watcher {watcher} has ended by itself; {}", site.said(None));
            world.tally.violation(world.clock.now(), Violation::Died, &what);
        }
    }
}

/// Looks until nothing is found, at most for `limit`; gives what is still found then.
fn within<T>(limit: Duration, look: impl Fn() -> Vec<T>) -> Vec<T> {
    let start = Instant::now();
    loop {
        let found = look();
        if found.is_empty() || start.elapsed() > limit {
            return found;
        }
        thread::sleep(LOOK_INTERVAL);
    }
}

fn differing(world: &World, held: &[Vec<u8>]) -> Vec<(usize, usize)> {
    let mut differing = Vec::new();
    for (watcher, site) in world.sites.iter().enumerate() {
        let right =
            |(node, data): &(usize, &Vec<u8>)| fs::read(site.file(*node)).is_ok_and(|bytes| bytes == **data);
        let nodes = held.iter().enumerate().filter(|node| !right(node));
        differing.extend(nodes.map(|(node, _)| (watcher, node)));
    }
    differing
}

fn now(world: &World) -> f64 {
    world.clock.now().as_secs_f64()
}
