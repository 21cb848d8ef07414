//! `cargo dev bench fleet`: many hosts on one server and on an ensemble.
//!
//! docs/scale.md says what follows from the figures.

mod content;
mod event;
mod file_events;
mod host_process;
mod hosts;
mod idle_sessions;
mod no_jitter;
mod propagation;
mod reconnection;
mod reports;
mod servers;
mod tables;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use rustix::process::{Resource, getrlimit};

use crate::environment::TMPFS;
use crate::figures::publish;
use crate::{plot, system};
pub use host_process::{HostProcess, run as run_host_process};
use host_process::{SPARE_DESCRIPTORS, check_descriptors};
use hosts::{Hosts, HostsOptions};
use idle_sessions::{FEW, MANY};
use ld_workspace::Failure;
use ld_workspace::cargo;
use reconnection::Outage;
use servers::Servers;
use tables::Report;

/// The sizes of changed nodes: a small document and a large one.
const CONTENTS: [usize; 2] = [200, 100_000];
/// The most hosts on one machine. Each connection takes a port, and loopback has 28,000.
const MOST_HOSTS: u64 = 10_000;

/// How to measure a fleet.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// The number of hosts. Each has its own session, configuration and directory.
    #[arg(long, default_value = "1000", value_parser = clap::value_parser!(u64).range(1..=MOST_HOSTS))]
    hosts: u64,
    /// The number of changes of each size.
    #[arg(long, default_value = "20", value_parser = clap::value_parser!(u64).range(1..=1000))]
    rounds: u64,
    /// Measure only what the reports of the hosts cost.
    #[arg(long)]
    reports: bool,
    /// Also write the tables to this file, as Markdown.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Store the returns after outages in this directory, and plot them.
    #[arg(long, value_name = "DIR")]
    plot: Option<PathBuf>,
}

/// Measures, and prints the tables.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    // The servers have a connection for each host. Java raises its limit to the hard one.
    check_descriptors(getrlimit(Resource::Nofile).maximum, options.hosts + SPARE_DESCRIPTORS)?;
    let hosts = usize::try_from(options.hosts).map_err(Failure::doing("too many hosts"))?;
    let rounds = usize::try_from(options.rounds).map_err(Failure::doing("too many rounds"))?;
    let program = build()?;
    let start = Instant::now();
    if options.reports {
        return measure_reports(program, hosts, rounds, options.markdown.as_deref());
    }
    let mut report = Report {
        machine: system::describe(&[Path::new(TMPFS)]),
        hosts,
        propagations: Vec::new(),
        idle_costs: Vec::new(),
        reconnections: Vec::new(),
    };
    for ensemble in [false, true] {
        measure(&mut report, &program, ensemble, rounds)?;
    }
    publish(&report, options.markdown.as_deref())?;
    if let Some(directory) = &options.plot {
        plot::save(directory, &report.to_plot())?;
    }
    println!("\nThe run took {} s.", start.elapsed().as_secs());
    Ok(())
}

/// Builds the program that runs hosts, for release since it is what is measured.
fn build() -> Result<PathBuf, Failure> {
    println!("Building ld-dev for release.");
    cargo::run(cargo::command(&["build", "--release", "--quiet", "--locked", "--package", "ld-dev"]))?;
    Ok(cargo::target_directory()?.join("release").join("ld-dev"))
}

/// Measures what the reports of the hosts cost on one server and on an ensemble.
fn measure_reports(
    program: PathBuf,
    hosts: usize,
    rounds: usize,
    markdown: Option<&Path>,
) -> Result<(), Failure> {
    let servers = String::new();
    let options = HostsOptions { program, servers, hosts, nodes: FEW, without_jitter: false, reports: false };
    let mut rows = Vec::new();
    for ensemble in [false, true] {
        rows.push(reports::measure(ensemble, &options, rounds)?);
    }
    publish(&reports::Table(rows), markdown)
}

/// Measures everything on one server or on an ensemble.
fn measure(report: &mut Report, program: &Path, ensemble: bool, rounds: usize) -> Result<(), Failure> {
    let hosts = report.hosts;
    let servers = Servers::start(ensemble, MANY)?;
    let name = servers.name();
    let options = HostsOptions {
        program: program.to_owned(),
        servers: servers.connect_string(),
        hosts,
        nodes: FEW,
        without_jitter: false,
        reports: false,
    };
    println!("{name}: {hosts} idle sessions");
    report.idle_costs.push((name, idle_sessions::measure(&servers, &options, 0)?));
    let mut hosts = idle_sessions::start(&servers, &options, 0)?;
    let mut version = 0;
    for bytes in CONTENTS {
        println!("{name}: {rounds} changes of {bytes} B");
        let change = propagation::measure(&servers, &mut hosts, &mut version, bytes, rounds)?;
        report.propagations.push((name, change));
    }
    // Outages are measured with small nodes.
    propagation::measure(&servers, &mut hosts, &mut version, CONTENTS[0], 1)?;
    let mut reconnect = |outage, jitter, hosts: &mut Hosts| {
        let jitter_text = if jitter { "" } else { ", backoff without jitter" };
        println!("{name}: {outage}{jitter_text}");
        let returned = reconnection::measure(&servers, hosts, outage, jitter)?;
        report.reconnections.push((name, returned));
        Ok::<_, Failure>(())
    };
    reconnect(Outage::Restart, true, &mut hosts)?;
    reconnect(Outage::Long, true, &mut hosts)?;
    if ensemble {
        reconnect(Outage::Member, true, &mut hosts)?;
    }
    // All hosts must still receive changes.
    propagation::measure(&servers, &mut hosts, &mut version, CONTENTS[0], 1)?;
    drop(hosts);
    if !ensemble {
        let options = HostsOptions { without_jitter: true, ..options };
        let mut hosts = idle_sessions::start(&servers, &options, version)?;
        reconnect(Outage::Long, false, &mut hosts)?;
    }
    Ok(())
}
