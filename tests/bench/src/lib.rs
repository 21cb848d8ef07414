//! `cargo dev bench`: our watcher, the original and a floor, side by side on one private ZooKeeper.
//!
//! docs/benchmarks.md says what each measure does and how to read the table.

mod arena;
mod change;
mod contestant;
mod fleet;
mod goal;
mod growth;
mod idle;
mod machine;
mod observer;
mod original;
mod outage;
mod plan;
mod report;
mod stage;
mod start;
mod statistics;
mod tree;
mod unit;
mod usage;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};

use arena::{Arena, Place, TMPFS};
use contestant::{Contestant, Programs};
pub use fleet::{Hosts, run_hosts};
use ld_workspace::Failure;
use ld_workspace::setup;
use plan::{Effort, MEASURES, Measure};
use report::{Report, Rounds};

/// What to measure.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Bench {
    #[command(subcommand)]
    other: Option<Other>,
    /// Run this measure only, in full unless `--quick` is there, too.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(plan::names()))]
    only: Option<String>,
    #[command(flatten)]
    options: Options,
}

/// Tables beside the main one.
#[derive(Debug, Subcommand)]
enum Other {
    /// Show how time, CPU, memory, requests and sessions grow from 1 to 100,000 nodes.
    Growth(Options),
    /// Show what thousands of hosts cost one server and an ensemble, and how they return when these were away.
    Fleet(fleet::Options),
}

/// How to measure.
#[derive(Debug, Clone, Args)]
struct Options {
    /// Take two minutes: fewer rounds, without what takes long.
    #[arg(long)]
    quick: bool,
    /// Write the table into this file, too, as Markdown.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

/// Measures and prints the table.
pub fn run(bench: &Bench) -> Result<(), Failure> {
    setup::for_demo()?;
    match &bench.other {
        None => side_by_side(bench.only.as_deref(), &bench.options),
        Some(Other::Growth(options)) => growth(options),
        Some(Other::Fleet(options)) => fleet::run(options),
    }
}

fn side_by_side(only: Option<&str>, options: &Options) -> Result<(), Failure> {
    let plan: Vec<(&'static Measure, Effort)> = MEASURES
        .iter()
        .filter(|measure| only.is_none_or(|only| measure.name == only))
        .map(|measure| (measure, if options.quick { measure.quick } else { measure.full }))
        .collect();
    let with_original = plan.iter().any(|(_, effort)| effort.who.contains(&Contestant::Original));
    let mut arena = Arena::new(Programs::prepare(with_original)?, options.quick);
    let mut report = Report { machine: machine(&arena), measures: Vec::new(), remarks: Vec::new() };
    let start = Instant::now();
    let mut failed = false;
    for (measure, effort) in plan {
        if effort.rounds == 0 {
            report.remarks.push(format!("{} is left out: it takes long.", measure.name));
            continue;
        }
        if let Some(lack) = lack(measure) {
            report.remarks.push(lack);
            continue;
        }
        let (rounds, out) = measure_in_turn(&mut arena, measure, effort);
        // What the others cannot do is a result.
        failed |= out.contains(&Contestant::Ours);
        let name = measure.name;
        report.remarks.extend(out.iter().map(|who| format!("**{} failed in {name}.**", who.name())));
        report.measures.push((measure, rounds));
    }
    println!();
    publish(&report, options.markdown.as_deref())?;
    println!("\nThat took {} s.", start.elapsed().as_secs());
    if failed { Err(Failure::new("our watcher failed in a measure; see above")) } else { Ok(()) }
}

/// Every round has each contestant once; the first one changes from round to round. One that fails is out of the measure: it
/// would make everybody wait for its time limit again.
fn measure_in_turn(arena: &mut Arena, measure: &Measure, effort: Effort) -> (Rounds, Vec<Contestant>) {
    let (mut rounds, mut out) = (Rounds::default(), Vec::new());
    for round in 0..effort.rounds {
        for turn in 0..effort.who.len() {
            let who = effort.who[(round + turn) % effort.who.len()];
            if out.contains(&who) {
                continue;
            }
            let place = format!("{} {}/{} {}", measure.name, round + 1, effort.rounds, who.name());
            match (measure.run)(arena, who) {
                Ok(figures) => {
                    let shown = figures.iter().zip(measure.rows).map(|(figure, row)| row.unit.show(*figure));
                    println!("{place}: {}", shown.collect::<Vec<_>>().join(", "));
                    rounds.of(who).push(figures);
                }
                Err(failure) => {
                    println!("{place} FAILED: {failure}");
                    out.push(who);
                }
            }
        }
    }
    (rounds, out)
}

fn growth(options: &Options) -> Result<(), Failure> {
    let mut arena = Arena::new(Programs::prepare(false)?, options.quick);
    let machine = machine(&arena);
    let growth = growth::measure(&mut arena, machine)?;
    println!();
    publish(&growth, options.markdown.as_deref())
}

fn machine(arena: &Arena) -> String {
    machine::describe(&[&arena.directory(Place::Tmpfs), &arena.directory(Place::Disk)])
}

/// Why a measure cannot be run here.
fn lack(measure: &Measure) -> Option<String> {
    let free = rustix::fs::statvfs(TMPFS).map_or(0, |system| system.f_bavail * system.f_frsize);
    (free < measure.tmpfs).then(|| {
        let mebibytes = measure.tmpfs >> 20;
        format!("{} is left out: it needs {mebibytes} MiB in {TMPFS}.", measure.name)
    })
}

fn publish(table: &impl fmt::Display, markdown: Option<&Path>) -> Result<(), Failure> {
    print!("{table}");
    let Some(file) = markdown else { return Ok(()) };
    fs::write(file, table.to_string()).map_err(Failure::doing(format!("cannot write {}", file.display())))
}
