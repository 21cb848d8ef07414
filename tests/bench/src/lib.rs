//! `cargo dev bench`: our watcher, the original and a floor, side by side on one private ZooKeeper.
//!
//! docs/benchmarks.md says what each measure does and how to read the tables.

mod capacity;
mod comparison;
mod environment;
mod figures;
mod fleet;
mod going_back;
mod growth;
mod measures;
mod plot;
mod programs;
mod system;

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub use capacity::Capacity;
pub use fleet::{HostProcess, run_host_process};
pub use going_back::check_going_back;
use ld_workspace::Failure;
use ld_workspace::setup;

/// What to measure.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Bench {
    #[command(subcommand)]
    table: Option<Table>,
    #[command(flatten)]
    comparison: comparison::Options,
}

/// The tables beside the comparison.
#[derive(Debug, Subcommand)]
enum Table {
    /// Show how time, CPU, memory, requests and sessions grow from 1 to 100,000 nodes.
    Growth(growth::Options),
    /// Show what 1,000 hosts cost the servers, and how they return after an outage.
    Fleet(fleet::Options),
    /// Draw all plots again from stored figures, without measuring.
    Plot {
        /// The directory that `--plot` wrote.
        directory: PathBuf,
    },
}

/// Measures and prints the table, or draws plots.
pub fn run(bench: &Bench) -> Result<(), Failure> {
    if let Some(Table::Plot { directory }) = &bench.table {
        return plot::draw_all(directory);
    }
    setup::for_demo()?;
    match &bench.table {
        Some(Table::Growth(options)) => growth::run(options),
        Some(Table::Fleet(options)) => fleet::run(options),
        Some(Table::Plot { .. }) | None => comparison::run(&bench.comparison),
    }
}
