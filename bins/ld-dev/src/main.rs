//! `cargo dev`: the development commands. Each does all its own set-up and needs no second terminal.

mod bench;
mod cargo;
mod chaos;
mod demo;
mod documents;
mod failure;
mod manifests;
mod setup;
mod suite;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Development commands of live data.
#[derive(Debug, Parser)]
#[command(name = "cargo dev", bin_name = "cargo dev")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show live data at work: a private ZooKeeper, the watcher, the writer, three versions of a file.
    Demo {
        /// Leave everything running until Ctrl-C, and print commands to play with.
        #[arg(long)]
        keep: bool,
    },
    /// Run every check: format, lints, tests, chaos, documentation, licenses, packages.
    Test,
    /// Break everything around watchers for a while, by a seeded schedule, and check from outside that they hold.
    Chaos(chaos::Options),
    /// Measure the watcher, the original and a floor side by side, and print a table with goals.
    Bench(bench::Bench),
    /// What `bench fleet` is about: many hosts in one process.
    #[command(hide = true)]
    FleetHosts(bench::Hosts),
    /// What `chaos` drives to show that it finds what is broken.
    #[command(hide = true)]
    BrokenWatcher {
        #[command(flatten)]
        breakage: chaos::Breakage,
        config: PathBuf,
    },
}

fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Demo { keep } => demo::run(keep),
        Command::Test => suite::run(),
        Command::Chaos(options) => chaos::run(&options),
        Command::Bench(bench) => bench::run(&bench),
        Command::FleetHosts(hosts) => bench::run_hosts(&hosts),
        Command::BrokenWatcher { breakage, config } => chaos::run_broken(&breakage, &config),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\ncargo dev: {failure}");
            ExitCode::FAILURE
        }
    }
}
