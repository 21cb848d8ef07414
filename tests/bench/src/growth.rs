//! `cargo dev bench growth`: the cost of our watcher as the number of nodes grows.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use ld_testkit::Proxy;

use crate::environment::{Environment, FileSystem};
use crate::figures::{Unit, median, publish, ratio, table};
use crate::plot::{self, GrowthStep};
use crate::programs::Programs;
use crate::programs::Subject::Ours;
use ld_workspace::Failure;

/// Numbers of nodes. Each is ten times the one before.
const STEPS: [usize; 6] = [1, 10, 100, 1_000, 10_000, 100_000];
/// A quick run skips the longest step.
const QUICK_STEPS: usize = 5;
const ROUNDS: usize = 3;
/// A cost that grows by this factor more than the nodes is worse than linear. Less may be scatter.
const SCATTER: f64 = 1.1;

/// The costs, in the order of the columns.
const COSTS: [(&str, Unit); 5] = [
    ("time", Unit::Seconds),
    ("CPU", Unit::Seconds),
    ("peak memory", Unit::Bytes),
    ("requests", Unit::Count),
    ("sessions", Unit::Count),
];

/// How to measure growth.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Run one round instead of three, up to 10,000 nodes.
    #[arg(long)]
    quick: bool,
    /// Also write the table to this file, as Markdown.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Store the figures in this directory, and plot them.
    #[arg(long, value_name = "DIR")]
    plot: Option<PathBuf>,
}

/// The table.
#[derive(Debug)]
struct Growth {
    machine: String,
    steps: Vec<(usize, [f64; 5])>,
}

/// Measures, and prints the table.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let mut environment = Environment::new(Programs::prepare(false, None)?, options.quick);
    let growth = measure(&mut environment)?;
    publish(&growth, options.markdown.as_deref())?;
    match &options.plot {
        Some(directory) => plot::save(directory, &growth.to_plot()),
        None => Ok(()),
    }
}

/// Starts the watcher with more and more nodes.
fn measure(environment: &mut Environment) -> Result<Growth, Failure> {
    let (count, rounds) = if environment.quick { (QUICK_STEPS, 1) } else { (STEPS.len(), ROUNDS) };
    let mut steps = Vec::new();
    for nodes in STEPS.into_iter().take(count) {
        let mut samples: [Vec<f64>; 3] = Default::default();
        for _ in 0..rounds {
            let workload = environment.start(Ours, nodes, FileSystem::Tmpfs)?;
            let usage = workload.usage_when_idle()?;
            let figures = [workload.start, usage.cpu, usage.peak];
            samples.iter_mut().zip(figures).for_each(|(samples, figure)| samples.push(figure));
        }
        let [time, cpu, memory] = samples.map(|samples| median(&samples).unwrap_or_default());
        let (requests, sessions) = traffic(environment, nodes)?;
        println!("{nodes} nodes: {}, {requests} requests", Unit::Seconds.show(time));
        steps.push((nodes, [time, cpu, memory, requests, sessions]));
    }
    Ok(Growth { machine: environment.machine(), steps })
}

/// Requests and sessions of a start through a proxy. The proxy would distort the time.
fn traffic(environment: &mut Environment, nodes: usize) -> Result<(f64, f64), Failure> {
    let proxy = Proxy::start(environment.server.address());
    let servers = proxy.connect_string();
    let workload = environment.start_through(&servers, Ours, nodes, FileSystem::Tmpfs)?;
    // Watches are set after the last file.
    workload.wait_until_idle()?;
    Ok((proxy.counts().requests as f64, proxy.sessions().len() as f64))
}

impl Growth {
    fn to_plot(&self) -> plot::Growth {
        let steps = self.steps.iter().map(|(nodes, [time, cpu, memory, requests, sessions])| GrowthStep {
            nodes: *nodes,
            seconds: *time,
            cpu_seconds: *cpu,
            memory_bytes: *memory,
            requests: *requests,
            sessions: *sessions,
        });
        plot::Growth { machine: self.machine.clone(), steps: steps.collect() }
    }

    /// The costs that grow faster than the nodes, in words.
    fn worse_than_linear(&self) -> Vec<String> {
        let mut found = Vec::new();
        for pair in self.steps.windows(2) {
            let [(before, costs), (after, next)] = pair else { continue };
            let nodes = *after as f64 / *before as f64;
            for ((name, _), (cost, next)) in COSTS.iter().zip(costs.iter().zip(next)) {
                let factor = ratio(Some(*next), Some(*cost));
                if let Some(factor) = factor.filter(|factor| *factor > nodes * SCATTER) {
                    let steps = format!("From {before} to {after} nodes");
                    found.push(format!("**{steps}, {name} grows by a factor of {factor:.1}.**"));
                }
            }
        }
        found
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.machine)?;
        let columns = COSTS.iter().flat_map(|(name, _)| [*name, "growth"]);
        let header = std::iter::once("nodes").chain(columns).map(str::to_owned);
        let mut lines: Vec<Vec<String>> = vec![header.collect()];
        let mut before: Option<[f64; 5]> = None;
        for (nodes, costs) in &self.steps {
            let mut line = vec![nodes.to_string()];
            for (index, (cost, (_, unit))) in costs.iter().zip(COSTS).enumerate() {
                let factor = ratio(Some(*cost), before.map(|before| before[index]));
                let growth = factor.map(|factor| Unit::Times.show(factor)).unwrap_or_default();
                line.extend([unit.show(*cost), growth]);
            }
            before = Some(*costs);
            lines.push(line);
        }
        f.write_str(&table(&lines))?;
        let worse = self.worse_than_linear();
        if worse.is_empty() {
            writeln!(f, "\nNo cost grows faster than the nodes.")?;
        }
        worse.iter().try_for_each(|remark| writeln!(f, "\n{remark}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth(requests: f64) -> Growth {
        let first = (10, [0.1, 0.02, 6e6, 12.0, 1.0]);
        let steps = vec![first, (100, [0.11, 0.03, 6e6, requests, 1.0])];
        Growth { machine: "a machine".to_owned(), steps }
    }

    #[test]
    fn each_cost_has_its_growth_beside_it() {
        let text = growth(102.0).to_string();
        let line = text.lines().find(|line| line.starts_with("| 100")).unwrap();
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        assert_eq!(cells[2..6], ["110 ms", "1.10×", "30.0 ms", "1.50×"]);
        assert_eq!(cells[8..12], ["102", "8.50×", "1", "1.00×"]);
        assert!(text.contains("No cost grows faster than the nodes"), "{text}");
    }

    #[test]
    fn growth_beyond_linear_is_reported() {
        let text = growth(144.0).to_string();
        let expected = "From 10 to 100 nodes, requests grows by a factor of 12.0";
        assert!(text.contains(expected), "{text}");
    }
}
