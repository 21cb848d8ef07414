//! `cargo dev`: the development commands. Each does its own set-up and needs no second terminal.

mod assets;
mod commands;
mod steps;
mod suite;
mod test_counts;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use clap::builder::PossibleValuesParser;
use clap::{Parser, Subcommand};
use ld_checks::documents;
use ld_workspace::{Failure, setup};

/// Development commands of live data.
#[derive(Debug, Parser)]
#[command(name = "cargo dev", bin_name = "cargo dev")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show live data at work: a private ZooKeeper, watcher, writer, three versions of a file.
    Demo {
        /// Leave everything running until Ctrl-C, and print commands to try.
        #[arg(long)]
        keep: bool,
        /// Write a recording of it to this file, as an animated SVG.
        #[arg(long, value_name = "FILE", conflicts_with = "keep")]
        record: Option<PathBuf>,
    },
    /// Run every check: format, lints, tests, chaos, documentation, licenses, packages.
    Test {
        /// Run only these steps, in the order of the suite: `--only fmt,clippy,unit`.
        #[arg(long, value_name = "STEPS", value_delimiter = ',')]
        #[arg(value_parser = PossibleValuesParser::new(suite::names()))]
        only: Vec<String>,
    },
    /// Write completions and manual pages of all programs into a directory.
    Assets {
        /// Made if it is missing. Files in it are replaced.
        directory: PathBuf,
    },
    /// Make the Debian package and the RPM of all programs in a directory.
    Packages {
        /// Made if it is missing. Files in it are replaced.
        directory: PathBuf,
    },
    /// Build all programs for release, as the archives of a release have them.
    Programs {
        /// Made if it is missing. Files in it are replaced.
        directory: PathBuf,
        /// The target of the compiler. Without it, programs for this machine's architecture that
        /// are linked statically.
        #[arg(long, default_value_t = ld_packages::static_target())]
        target: String,
    },
    /// Break everything around watchers by a seeded schedule, and check their files.
    Chaos(ld_chaos::Options),
    /// Measure the watcher, the original and a floor side by side, and print a table with goals.
    Bench(ld_bench::Bench),
    /// Give links of the book that leave docs/ the repository's address. `mdbook` calls it.
    #[command(hide = true)]
    BookLinks {
        #[command(subcommand)]
        question: Option<BookQuestion>,
    },
    /// Calculate what a fleet asks of its ensemble: docs/scale.md for your figures.
    Scale(ld_bench::Capacity),
    /// Run many hosts in one process, for `bench fleet`.
    #[command(hide = true)]
    FleetHosts(ld_bench::HostProcess),
    /// Run a watcher with a defect, for `chaos`.
    #[command(hide = true)]
    BrokenWatcher {
        #[command(flatten)]
        defect: ld_chaos::Defect,
        config: PathBuf,
    },
}

/// What mdbook asks a preprocessor beforehand.
#[derive(Debug, Subcommand)]
enum BookQuestion {
    /// Whether it prepares the book for this renderer. The exit code 0 says yes.
    Supports { renderer: String },
}

fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Demo { record: Some(file), .. } => ld_demo::record(&file),
        Command::Demo { keep, record: None } => ld_demo::run(keep),
        Command::Test { only } => suite::run(&only),
        Command::Assets { directory } => assets::write(&directory),
        Command::Packages { directory } => packages(&directory),
        Command::Programs { directory, target } => programs(&directory, &target),
        Command::BookLinks { question: Some(BookQuestion::Supports { .. }) } => Ok(()),
        Command::BookLinks { question: None } => book_links(),
        Command::Chaos(options) => ld_chaos::run(&options),
        Command::Bench(bench) => ld_bench::run(&bench),
        Command::Scale(fleet) => {
            fleet.print();
            Ok(())
        }
        Command::FleetHosts(hosts) => ld_bench::run_host_process(&hosts),
        Command::BrokenWatcher { defect, config } => ld_chaos::run_broken_watcher(&defect, &config),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\ncargo dev: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn book_links() -> Result<(), Failure> {
    let input = io::read_to_string(io::stdin()).map_err(Failure::doing("cannot read the book"))?;
    println!("{}", documents::with_repository_links(&input)?);
    Ok(())
}

fn packages(directory: &Path) -> Result<(), Failure> {
    let directory = made(directory)?;
    setup::to_make_packages()?;
    steps::gather(ld_packages::Profile::Release)?;
    ld_packages::make(&directory)
}

fn programs(directory: &Path, target: &str) -> Result<(), Failure> {
    setup::to_build_for(target)?;
    ld_packages::make_programs(&made(directory)?, target)
}

/// The whole path of a directory, which is made if it is missing.
fn made(directory: &Path) -> Result<PathBuf, Failure> {
    let cannot = || Failure::doing(format!("cannot make {}", directory.display()));
    fs::create_dir_all(directory).map_err(cannot())?;
    directory.canonicalize().map_err(cannot())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(steps: &str) -> Result<Vec<String>, String> {
        match Args::try_parse_from(["cargo dev", "test", "--only", steps]) {
            Ok(Args { command: Command::Test { only } }) => Ok(only),
            Ok(args) => panic!("not the test command: {args:?}"),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn steps_are_separated_by_commas() {
        assert_eq!(only("fmt,unit").unwrap(), ["fmt", "unit"]);
    }

    #[test]
    fn an_unknown_step_is_an_error_that_lists_all_steps() {
        let error = only("fmt,lint").unwrap_err();
        assert!(error.contains("invalid value 'lint'"), "{error}");
        suite::names().for_each(|name| assert!(error.contains(name), "{name}: {error}"));
    }
}
