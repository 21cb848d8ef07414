//! `cargo dev chaos`: watchers, writers and a seeded schedule of faults, and an observer that trusts nobody.
//!
//! docs/chaos.md says what it proves and how to read it.

mod broken;
mod clock;
mod disk;
mod document;
mod ending;
mod engine;
mod faults;
mod judge;
mod kind;
mod ledger;
mod links;
mod observer;
mod peace;
mod schedule;
mod site;
mod verdict;
mod world;
mod writers;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use clap::Args;

use ld_workspace::Failure;
use ld_workspace::{cargo, setup};

pub use broken::{Breakage, run as run_broken};
use engine::Engine;
use kind::Kind;
use schedule::{NODES, Schedule, WATCHERS};
use verdict::Counts;
use world::World;
use writers::WRITERS;

/// The run that is part of `cargo dev test`.
const SUITE: Options = Options { seed: Some(1), minutes: None, seconds: None, engine: Engine::Watcher };
const SUITE_LENGTH: Duration = Duration::from_secs(90);
/// How long a run may be.
const LONGEST_MINUTES: u64 = 7 * 24 * 60;

/// What a run is to be like.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// The seed of the schedule; the same seed and length make the same run. A random one without it.
    #[arg(long)]
    seed: Option<u64>,
    /// The length of the schedule. From 5 minutes on it has all kinds of faults.
    #[arg(long, conflicts_with = "seconds", value_parser = clap::value_parser!(u64).range(1..=LONGEST_MINUTES))]
    minutes: Option<u64>,
    /// The same in seconds; 90 by default.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=LONGEST_MINUTES * 60))]
    seconds: Option<u64>,
    /// The watcher to drive: the real one, or one that is broken on purpose, whose run ends at the violation it must show.
    #[arg(long, value_enum, default_value = "watcher")]
    engine: Engine,
}

/// Runs what `cargo dev test` includes.
pub fn run_in_suite() -> Result<(), Failure> {
    run(&SUITE)
}

/// Runs chaos, prints what happened, and fails on any violation.
pub fn run(options: &Options) -> Result<(), Failure> {
    setup::for_chaos()?;
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    let length = match (options.minutes, options.seconds) {
        (Some(minutes), _) => Duration::from_secs(60 * minutes),
        (None, Some(seconds)) => Duration::from_secs(seconds),
        (None, None) => SUITE_LENGTH,
    };
    let schedule = Schedule::new(seed, length, &Kind::of_a_run(length));
    if needs_whole_hosts(&schedule, options.engine) {
        setup::for_fake_clocks()?;
        setup::needs_root("a long run's names and disks of its own")?;
        disk::enter_namespace()?;
    }
    println!(
        "chaos: seed {seed}, {} s, {} faults of {} kinds, {WATCHERS} watchers, {NODES} nodes",
        length.as_secs(),
        schedule.events(),
        schedule.kinds.len()
    );
    cargo::run(cargo::command(&["build", "--quiet", "--workspace", "--bins", "--locked"]))?;
    let reproduce = format!("cargo dev chaos --seed {seed} --seconds {}", length.as_secs());
    // A panic of the test kit (a server that does not start) must name the seed, too.
    let counts = thread::scope(|scope| scope.spawn(|| drive(seed, length, &schedule, options.engine)).join())
        .map_err(|_| Failure::new(format!("the run broke down; seed {seed}, again with: {reproduce}")))??;
    print!("\n{counts}");
    if let Some(violation) = options.engine.breaks().filter(|violation| counts.of(*violation) > 0) {
        let violated = counts.violated().join("; ");
        return Err(Failure::new(format!(
            "chaos FAILED with a broken engine, as it must ({violation}): {violated}; seed {seed}"
        )));
    }
    let failures = counts.failures(&schedule.kinds);
    if failures.is_empty() {
        println!("chaos: passed, seed {seed}");
        return Ok(());
    }
    Err(Failure::new(format!("chaos FAILED: {}; seed {seed}, again with: {reproduce}", failures.join("; "))))
}

/// A broken watcher is too simple for names, and its run ends before it matters.
fn needs_whole_hosts(schedule: &Schedule, engine: Engine) -> bool {
    engine.breaks().is_none() && schedule.kinds.iter().any(|kind| kind.needs_whole_hosts())
}

/// One run: the schedule, until all of it has happened and `length` is over, then the last convergence.
fn drive(seed: u64, length: Duration, schedule: &Schedule, engine: Engine) -> Result<Counts, Failure> {
    let world = World::start(seed, engine, needs_whole_hosts(schedule, engine))?;
    println!("   0.00 s  ensemble, nodes and watchers are there");
    let (written, over) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        let (world, written, over) = (&world, &written, &over);
        let observer = scope.spawn(move || observer::observe(world, over));
        let writers: Vec<_> =
            (0..WRITERS).map(|writer| scope.spawn(move || writers::write(world, writer, written))).collect();
        let tracks: Vec<_> =
            schedule.tracks.iter().map(|events| scope.spawn(move || faults::happen(world, events))).collect();
        join(world, tracks);
        world.pause(length.saturating_sub(world.clock.now()));
        written.store(true, Ordering::SeqCst);
        join(world, writers);
        if !world.tally.shall_stop() {
            ending::check(world);
        }
        over.store(true, Ordering::SeqCst);
        join(world, [observer]);
    });
    Ok(world.tally.into_counts())
}

/// Waits for threads of the run; one that panicked (a server that does not start) has proved nothing.
fn join<'scope>(world: &World, threads: impl IntoIterator<Item = ScopedJoinHandle<'scope, ()>>) {
    for thread in threads {
        if thread.join().is_err() {
            world.tally.obstacle("a thread of the run panicked, see above".to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::verdict::Violation;
    use super::*;

    /// A run of a broken watcher ends at the violation that it must show.
    fn counts(engine: Engine, kinds: &[Kind]) -> Counts {
        let length = Duration::from_secs(60);
        drive(1, length, &Schedule::new(1, length, kinds), engine).unwrap()
    }

    #[test]
    fn a_watcher_that_writes_in_place_is_caught() {
        let counts = counts(Engine::InPlace, &[]);
        assert!(counts.of(Violation::Torn) > 0, "{counts}");
    }

    #[test]
    fn a_watcher_whose_heartbeat_verifies_nothing_is_caught() {
        let counts = counts(Engine::BlindHeartbeat, &[Kind::Blackhole, Kind::AclTaken]);
        assert!(counts.of(Violation::FalseHeartbeat) > 0, "{counts}");
        assert_eq!(counts.of(Violation::Torn), 0, "it replaces files as it should: {counts}");
    }
}
