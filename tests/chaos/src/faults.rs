//! Makes the faults of the schedule happen, and heals each.

mod data;
mod ensemble;
mod machine;
mod watcher;

use std::sync::PoisonError;

use super::kind::Track;
use super::peace::Scope;
use super::schedule::Event;
use super::world::{Hand, World};

/// Goes through the faults of one track, each at its time or as soon after it as possible.
pub(super) fn happen(world: &World, events: &[Event]) {
    let mut hand = Hand::new(world);
    for event in events {
        world.pause(event.at.saturating_sub(world.clock.now()));
        if world.tally.shall_stop() {
            return;
        }
        let outcome = if event.kind.is_exclusive() {
            let _alone = world.alone.write().unwrap_or_else(PoisonError::into_inner);
            one(world, event, &mut hand)
        } else {
            let _beside = world.alone.read().unwrap_or_else(PoisonError::into_inner);
            one(world, event, &mut hand)
        };
        match outcome {
            Ok(()) => world.tally.with(|counts| *counts.faults.entry(event.kind).or_default() += 1),
            Err(obstacle) => world.tally.obstacle(format!("{}: {obstacle}", event.kind)),
        }
    }
}

fn one(world: &World, event: &Event, hand: &mut Hand<'_>) -> Result<(), String> {
    let Event { kind, watcher, node, hold, .. } = event;
    let scope = scope(event);
    let concerns = match scope {
        Scope::Everything => "all".to_owned(),
        Scope::Watcher(watcher) => format!("watcher {watcher}"),
        Scope::Node(node) => format!("n{node}"),
        Scope::File(watcher, node) => format!("n{node} of watcher {watcher}"),
        Scope::Nothing => format!("watcher {watcher}, to go unnoticed"),
    };
    let now = world.clock.now().as_secs_f64();
    println!("{now:7.2} s  {kind}, {concerns}, {:.1} s", hold.as_secs_f64());
    world.peace.disturb(scope);
    let outcome = match kind.track() {
        _ if machine::scope(event).is_some() => machine::happen(world, event),
        Track::Watcher => watcher::happen(world, event),
        Track::Ensemble => ensemble::happen(world, event, hand),
        Track::Data => data::happen(world, event, hand, *watcher, *node),
    };
    world.peace.heal(scope, world.clock.now());
    outcome
}

/// What a fault concerns.
fn scope(event: &Event) -> Scope {
    if let Some(scope) = machine::scope(event) {
        return scope;
    }
    match event.kind.track() {
        Track::Watcher => Scope::Watcher(event.watcher),
        Track::Ensemble => Scope::Everything,
        Track::Data => data::scope(event),
    }
}
