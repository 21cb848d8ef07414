//! `cargo dev bench`: our watcher, the original and a floor, side by side on one private ZooKeeper.
//!
//! docs/benchmarks.md says what each measure does and how to read the table.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::failure::Failure;

/// What to measure.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Bench {
    #[command(subcommand)]
    other: Option<Other>,
    #[command(flatten)]
    options: Options,
}

/// Tables beside the main one.
#[derive(Debug, Subcommand)]
enum Other {
    /// Show how time, CPU, memory, requests and sessions grow from 1 to 100,000 nodes.
    Growth(Options),
}

/// How to measure.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Take two minutes: fewer rounds, without what takes long.
    #[arg(long)]
    quick: bool,
    /// Run this measure only.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Write the table into this file, too, as Markdown.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

/// Measures and prints the table.
pub(crate) fn run(bench: &Bench) -> Result<(), Failure> {
    let options = match &bench.other {
        None => &bench.options,
        Some(Other::Growth(options)) => options,
    };
    Err(Failure::new(format!("nothing is measured yet ({options:?})")))
}
