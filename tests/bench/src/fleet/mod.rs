//! `cargo dev bench fleet`: thousands of hosts on one server and on an ensemble.
//!
//! docs/scale.md says what follows from the figures.

mod change;
mod content;
mod crew;
mod event;
mod files;
mod hosts;
mod outage;
mod plain;
mod report;
mod servers;
mod standing;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use rustix::process::{Resource, getrlimit};

use super::arena::TMPFS;
use super::{machine, publish};
use crew::{Crew, Order};
pub use hosts::{Hosts, run as run_hosts};
use hosts::{SPARE_DESCRIPTORS, check_descriptors};
use ld_workspace::Failure;
use ld_workspace::cargo;
use outage::Outage;
use report::Report;
use servers::Servers;
use standing::{FEW, MANY};

/// What changes carry: a small document and a large one.
const CONTENTS: [usize; 2] = [200, 100_000];
/// The most hosts that one machine can have: each connection takes a port, and there are 28,000 on loopback.
const MOST_HOSTS: u64 = 10_000;

/// How to measure a fleet.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// How many hosts; each has a session, a configuration and a directory of its own.
    #[arg(long, default_value = "1000", value_parser = clap::value_parser!(u64).range(1..=MOST_HOSTS))]
    hosts: u64,
    /// How many changes of each size.
    #[arg(long, default_value = "20", value_parser = clap::value_parser!(u64).range(1..=1000))]
    rounds: u64,
    /// Write the tables into this file, too, as Markdown.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

/// Measures and prints the tables.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    // The servers have a connection for each host, and Java takes what the hard limit allows.
    check_descriptors(getrlimit(Resource::Nofile).maximum, options.hosts + SPARE_DESCRIPTORS)?;
    let hosts = usize::try_from(options.hosts).map_err(Failure::doing("so many hosts are not possible"))?;
    let rounds =
        usize::try_from(options.rounds).map_err(Failure::doing("so many rounds are not possible"))?;
    let program = build()?;
    let start = Instant::now();
    let mut report = Report {
        machine: machine::describe(&[Path::new(TMPFS)]),
        hosts,
        changes: Vec::new(),
        standings: Vec::new(),
        returns: Vec::new(),
    };
    for ensemble in [false, true] {
        measure(&mut report, &program, ensemble, rounds)?;
    }
    println!();
    publish(&report, options.markdown.as_deref())?;
    println!("\nThat took {} s.", start.elapsed().as_secs());
    Ok(())
}

/// The program that runs hosts, built for release: it is what is measured.
fn build() -> Result<PathBuf, Failure> {
    println!("Building ld-dev for release.");
    cargo::run(cargo::command(&["build", "--release", "--quiet", "--locked", "--package", "ld-dev"]))?;
    let metadata = cargo::metadata()?;
    let target = metadata["target_directory"].as_str().map(Path::new);
    let target = target.ok_or_else(|| Failure::new("cargo metadata names no target directory"))?;
    Ok(target.join("release").join("ld-dev"))
}

/// Everything on one server or on an ensemble.
fn measure(report: &mut Report, program: &Path, ensemble: bool, rounds: usize) -> Result<(), Failure> {
    let hosts = report.hosts;
    let servers = Servers::start(ensemble, MANY)?;
    let name = servers.name();
    let order = Order {
        program: program.to_owned(),
        servers: servers.connect_string(),
        hosts,
        nodes: FEW,
        without_jitter: false,
    };
    println!("{name}: what {hosts} sessions cost while nothing changes");
    report.standings.push((name, standing::measure(&servers, &order, 0)?));
    let mut crew = standing::start(&servers, &order, 0)?;
    let mut version = 0;
    for bytes in CONTENTS {
        println!("{name}: {rounds} changes of {bytes} B");
        let change = change::measure(&servers, &mut crew, &mut version, bytes, rounds)?;
        report.changes.push((name, change));
    }
    // The returns shall not be about large contents.
    change::measure(&servers, &mut crew, &mut version, CONTENTS[0], 1)?;
    let mut strike = |what, outage, crew: &mut Crew| {
        println!("{name}: {what}");
        let back = outage::measure(&servers, crew, outage)?;
        report.returns.push((name, what, back));
        Ok::<_, Failure>(())
    };
    strike("restarted at once", Outage::Restart, &mut crew)?;
    strike("away for 30 s", Outage::Long, &mut crew)?;
    if ensemble {
        strike("one follower lost", Outage::Member, &mut crew)?;
    }
    // Whoever came back follows again.
    change::measure(&servers, &mut crew, &mut version, CONTENTS[0], 1)?;
    drop(crew);
    if !ensemble {
        let order = Order { without_jitter: true, ..order };
        let mut crew = standing::start(&servers, &order, version)?;
        strike("away for 30 s, backoff without jitter", Outage::Long, &mut crew)?;
    }
    Ok(())
}
