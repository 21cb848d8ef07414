//! `cargo dev chaos`: watchers, writers, a seeded schedule of faults, an independent observer.
//!
//! docs/chaos.md says what a run proves and how to read its output.

mod broken_watcher;
mod faults;
mod judge;
mod nodes;
mod observe;
mod rollouts;
mod run;
mod schedule;
mod testbed;
mod writers;

use std::time::Duration;

use clap::Args;

use ld_workspace::Failure;
use ld_workspace::{cargo, setup};

pub use broken_watcher::{Defect, run as run_broken_watcher};
use rollouts::ConductorProgram;
use schedule::{FaultKind, LONGEST_RUN_MINUTES, NODES, Schedule, WATCHERS};
use testbed::{Programs, WatcherProgram};

/// The run in `cargo dev test`.
const SUITE: Options = Options {
    seed: Some(1),
    minutes: None,
    seconds: None,
    watcher: WatcherProgram::LiveData,
    conductor: ConductorProgram::LiveData,
};
const DEFAULT_LENGTH: Duration = Duration::from_secs(90);

/// The options of a run.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// The seed of the schedule; random by default. The same seed and length make the same
    /// schedule.
    #[arg(long)]
    seed: Option<u64>,
    /// The length of the schedule in minutes. From 5 minutes on it has all kinds of faults.
    #[arg(
        long,
        conflicts_with = "seconds",
        value_parser = clap::value_parser!(u64).range(1..=LONGEST_RUN_MINUTES)
    )]
    minutes: Option<u64>,
    /// The length of the schedule in seconds; 90 by default.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=LONGEST_RUN_MINUTES * 60))]
    seconds: Option<u64>,
    /// The watcher under test. A broken one must violate an invariant, and its run ends there.
    #[arg(long, value_enum, default_value = "live-data")]
    watcher: WatcherProgram,
    /// The conductor of rollouts. A broken one must violate an invariant, and its run ends there.
    #[arg(long, value_enum, default_value = "live-data", conflicts_with = "watcher")]
    conductor: ConductorProgram,
}

/// Runs chaos as part of `cargo dev test`.
pub fn run_in_suite() -> Result<(), Failure> {
    run(&SUITE)
}

/// Runs chaos, prints what happens, and fails on any violation.
pub fn run(options: &Options) -> Result<(), Failure> {
    setup::for_chaos()?;
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    let length = match (options.minutes, options.seconds) {
        (Some(minutes), _) => Duration::from_secs(60 * minutes),
        (None, Some(seconds)) => Duration::from_secs(seconds),
        (None, None) => DEFAULT_LENGTH,
    };
    let schedule = Schedule::new(seed, length, &FaultKind::for_length(length));
    let programs = Programs { watcher: options.watcher, conductor: options.conductor };
    if run::needs_whole_hosts(&schedule, programs) {
        setup::for_fake_clocks()?;
        setup::needs_root("the names and disks of a long run")?;
        testbed::enter_namespace()?;
    }
    println!(
        "chaos: seed {seed}, {} s, {} faults of {} kinds, {WATCHERS} watchers, {NODES} nodes",
        length.as_secs(),
        schedule.events(),
        schedule.kinds.len()
    );
    cargo::run(cargo::command(&["build", "--quiet", "--workspace", "--bins", "--locked"]))?;
    let repeat = format!("cargo dev chaos --seed {seed} --seconds {}", length.as_secs());
    let counts = run::run_in_thread(seed, length, &schedule, programs).map_err(|failure| {
        Failure::new(format!("chaos FAILED: {failure}; seed {seed}, repeat with: {repeat}"))
    })?;
    print!("\n{counts}");
    if let Some(violation) = programs.expected_violation().filter(|it| counts.of(*it) > 0) {
        let violated = counts.violated().join("; ");
        return Err(Failure::new(format!(
            "chaos FAILED with a broken program, as it must ({violation}): {violated}; seed {seed}"
        )));
    }
    let failures = counts.failures(&schedule.kinds);
    if failures.is_empty() {
        println!("chaos: passed, seed {seed}");
        return Ok(());
    }
    let failures = failures.join("; ");
    Err(Failure::new(format!("chaos FAILED: {failures}; seed {seed}, repeat with: {repeat}")))
}
