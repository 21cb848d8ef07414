//! The comparison: ours, the original and the floor, side by side.

mod record;
mod report;
mod rounds;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::environment::{Environment, TMPFS};
use crate::figures::{percentile, publish};
use crate::measures::{Effort, LATENCY_MEASURE, MEASURES, Measure, names};
use crate::plot::{self, Latency};
use crate::programs::{Programs, Subject};
use ld_workspace::Failure;
use record::Record;
use report::Report;
use rounds::Rounds;

/// How to compare.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Run only this measure, in full unless `--quick` is given too.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(names()))]
    only: Option<String>,
    /// Take about two minutes: fewer rounds, and no long measures.
    #[arg(long)]
    quick: bool,
    /// Measure this build of the watcher as ours, instead of building one.
    #[arg(long, value_name = "PROGRAM")]
    watcher: Option<PathBuf>,
    /// Also write the table to this file, as Markdown.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Store the figures in this file, for a later `--before`.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Add a column with our figures of an earlier run, which `--save` stored in this file.
    #[arg(long, value_name = "FILE")]
    before: Option<PathBuf>,
    /// Store the latencies of `latency-100` in this directory, and plot them.
    #[arg(long, value_name = "DIR")]
    plot: Option<PathBuf>,
}

/// Measures, and prints the table.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let before = options.before.as_deref().map(Record::load).transpose()?;
    let only = options.only.as_deref();
    let plan: Vec<(&'static Measure, Effort)> = MEASURES
        .iter()
        .filter(|measure| only.is_none_or(|only| measure.name == only))
        .map(|measure| (measure, if options.quick { measure.quick } else { measure.full }))
        .collect();
    let with_original = plan.iter().any(|(_, effort)| effort.subjects.contains(&Subject::Original));
    let programs = Programs::prepare(with_original, options.watcher.as_deref())?;
    let mut environment = Environment::new(programs, options.quick);
    let mut report =
        Report { machine: environment.machine(), measures: Vec::new(), remarks: Vec::new(), before };
    let start = Instant::now();
    let mut failed = false;
    for (measure, effort) in plan {
        if effort.rounds == 0 {
            report.remarks.push(format!("{} was skipped: it takes long.", measure.name));
            continue;
        }
        if let Some(remark) = lacks_space(measure) {
            report.remarks.push(remark);
            continue;
        }
        let (rounds, failures) = run_rounds(&mut environment, measure, effort);
        // A failure of the other subjects is a result of the comparison.
        failed |= failures.contains(&Subject::Ours);
        let remark = |subject: &Subject| format!("**{} failed in {}.**", subject.name(), measure.name);
        report.remarks.extend(failures.iter().map(remark));
        report.measures.push((measure, rounds));
    }
    publish(&report, options.markdown.as_deref())?;
    if let Some(file) = &options.save {
        report.record().save(file)?;
    }
    if let Some(directory) = &options.plot {
        plot_latency(&report, directory)?;
    }
    println!("\nThe run took {} s.", start.elapsed().as_secs());
    if failed { Err(Failure::new("our watcher failed in a measure; see above")) } else { Ok(()) }
}

/// Runs each subject once a round. The first subject changes from round to round.
///
/// A subject that fails takes no further part in the measure, since each failure may take as long
/// as the time limit. Returns those subjects too.
fn run_rounds(environment: &mut Environment, measure: &Measure, effort: Effort) -> (Rounds, Vec<Subject>) {
    let (mut rounds, mut failures) = (Rounds::default(), Vec::new());
    for round in 0..effort.rounds {
        for step in 0..effort.subjects.len() {
            let subject = effort.subjects[(round + step) % effort.subjects.len()];
            if failures.contains(&subject) {
                continue;
            }
            let label = format!("{} {}/{} {}", measure.name, round + 1, effort.rounds, subject.name());
            match (measure.run)(environment, subject) {
                Ok(round) => {
                    let pairs = round.figures.iter().zip(measure.rows);
                    let shown = pairs.map(|(figure, row)| row.unit.show(*figure));
                    println!("{label}: {}", shown.collect::<Vec<_>>().join(", "));
                    rounds.of(subject).push(round);
                }
                Err(failure) => {
                    println!("{label} FAILED: {failure}");
                    failures.push(subject);
                }
            }
        }
    }
    (rounds, failures)
}

/// Why a measure cannot run here, if tmpfs is too small for it.
fn lacks_space(measure: &Measure) -> Option<String> {
    let free = rustix::fs::statvfs(TMPFS).map_or(0, |system| system.f_bavail * system.f_frsize);
    (free < measure.tmpfs).then(|| {
        let mebibytes = measure.tmpfs >> 20;
        format!("{} was skipped: it needs {mebibytes} MiB in {TMPFS}.", measure.name)
    })
}

fn plot_latency(report: &Report, directory: &Path) -> Result<(), Failure> {
    let measured = report.measures.iter().find(|(measure, _)| measure.name == LATENCY_MEASURE);
    let Some((_, rounds)) = measured else {
        return Err(Failure::new(format!("nothing to plot: {LATENCY_MEASURE} did not run")));
    };
    let percentiles = |subject| {
        let samples = rounds.samples(subject);
        (0..=100).filter_map(|percent| percentile(&samples, percent)).collect()
    };
    let latency = Latency {
        machine: report.machine.clone(),
        ours: percentiles(Subject::Ours),
        original: percentiles(Subject::Original),
        floor: percentiles(Subject::Floor),
    };
    plot::save(directory, &latency)
}
