//! Injects the faults of a schedule, and heals each.

mod data;
mod ensemble;
mod machine;
mod objects;
mod reload;
mod watcher;

use std::sync::PoisonError;

use crate::schedule::{Event, Track};
use crate::testbed::{AdminPool, Scope, Testbed};

/// Injects the faults of one track, each at its time or as soon afterwards as possible.
pub(crate) fn run(testbed: &Testbed, events: &[Event]) {
    let mut admins = testbed.admins();
    for event in events {
        testbed.pause(event.at.saturating_sub(testbed.clock.now()));
        if testbed.recorder.should_stop() {
            return;
        }
        let outcome = if event.kind.is_exclusive() {
            let _exclusive = testbed.exclusive.write().unwrap_or_else(PoisonError::into_inner);
            inject(testbed, event, &mut admins)
        } else {
            let _shared = testbed.exclusive.read().unwrap_or_else(PoisonError::into_inner);
            inject(testbed, event, &mut admins)
        };
        match outcome {
            Ok(()) => testbed.recorder.with(|counts| *counts.faults.entry(event.kind).or_default() += 1),
            Err(obstacle) => testbed.recorder.obstacle(format!("{}: {obstacle}", event.kind)),
        }
    }
}

fn inject(testbed: &Testbed, event: &Event, admins: &mut AdminPool<'_>) -> Result<(), String> {
    let Event { kind, watcher, duration, .. } = event;
    let scope = scope(event);
    let concerned = match scope {
        Scope::Everything => "all".to_owned(),
        Scope::Watcher(watcher) => format!("watcher {watcher}"),
        Scope::Node(node) => format!("n{node}"),
        Scope::File(watcher, node) => format!("n{node} of watcher {watcher}"),
        Scope::Objects(watcher) => format!("pointers of watcher {watcher}"),
        Scope::Nothing => format!("watcher {watcher}, without an excuse"),
    };
    let now = testbed.clock.now().as_secs_f64();
    println!("{now:7.2} s  {kind}, {concerned}, {:.1} s", duration.as_secs_f64());
    testbed.disturbances.begin(scope);
    let outcome = match kind.track() {
        _ if machine::scope(event).is_some() => machine::inject(testbed, event),
        Track::Watcher => watcher::inject(testbed, event),
        Track::Ensemble => ensemble::inject(testbed, event, admins),
        Track::Data => data::inject(testbed, event, admins),
        Track::Objects => objects::inject(testbed, event),
    };
    testbed.disturbances.end(scope, testbed.clock.now());
    outcome
}

/// The files that a fault concerns.
fn scope(event: &Event) -> Scope {
    if let Some(scope) = machine::scope(event) {
        return scope;
    }
    match event.kind.track() {
        Track::Watcher => watcher::scope(event),
        Track::Ensemble => Scope::Everything,
        Track::Data => data::scope(event),
        Track::Objects => objects::scope(event),
    }
}
