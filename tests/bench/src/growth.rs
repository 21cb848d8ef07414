//! `cargo dev bench growth`: what our watcher costs as its nodes become more.

use std::fmt;

use ld_testkit::Proxy;

use super::arena::{Arena, Place};
use super::contestant::Contestant::Ours;
use super::goal::ratio;
use super::report::table;
use super::statistics::median;
use super::unit::Unit;
use ld_workspace::Failure;

/// How many nodes, each step ten times the one before.
const STEPS: [usize; 6] = [1, 10, 100, 1_000, 10_000, 100_000];
/// Without the step that takes longest.
const QUICK_STEPS: usize = 5;
const ROUNDS: usize = 3;
/// A cost may grow by this much more than its nodes do before it is called worse than linear: figures scatter.
const SCATTER: f64 = 1.1;

/// What is counted, in the order of the columns.
const COSTS: [(&str, Unit); 5] = [
    ("time", Unit::Seconds),
    ("CPU", Unit::Seconds),
    ("memory at most", Unit::Bytes),
    ("requests", Unit::Count),
    ("sessions", Unit::Count),
];

/// The table.
#[derive(Debug)]
pub(super) struct Growth {
    machine: String,
    steps: Vec<(usize, [f64; 5])>,
}

/// Starts the watcher with ever more nodes.
pub(super) fn measure(arena: &mut Arena, machine: String) -> Result<Growth, Failure> {
    let (count, rounds) = if arena.quick { (QUICK_STEPS, 1) } else { (STEPS.len(), ROUNDS) };
    let mut steps = Vec::new();
    for nodes in STEPS.into_iter().take(count) {
        let mut samples: [Vec<f64>; 3] = Default::default();
        for _ in 0..rounds {
            let stage = arena.start(Ours, nodes, Place::Tmpfs)?;
            let usage = stage.usage()?;
            for (samples, figure) in samples.iter_mut().zip([stage.start, usage.cpu, usage.peak]) {
                samples.push(figure);
            }
        }
        let [time, cpu, memory] = samples.map(|samples| median(&samples).unwrap_or_default());
        let (requests, sessions) = traffic(arena, nodes)?;
        println!("{nodes} nodes: {}, {requests} requests", Unit::Seconds.show(time));
        steps.push((nodes, [time, cpu, memory, requests, sessions]));
    }
    Ok(Growth { machine, steps })
}

/// Requests and sessions of a start, counted by a proxy, which would make the clock wrong.
fn traffic(arena: &mut Arena, nodes: usize) -> Result<(f64, f64), Failure> {
    let proxy = Proxy::start(arena.server.address());
    let stage = arena.start_through(&proxy.connect_string(), Ours, nodes, Place::Tmpfs)?;
    // Watches are set after the last file.
    stage.usage()?;
    let figures = (proxy.counts().requests as f64, proxy.sessions().len() as f64);
    drop(stage);
    Ok(figures)
}

impl Growth {
    /// The costs that have grown faster than the nodes, in words.
    fn worse_than_linear(&self) -> Vec<String> {
        let mut found = Vec::new();
        for pair in self.steps.windows(2) {
            let [(before, costs), (after, next)] = pair else { continue };
            let nodes = *after as f64 / *before as f64;
            for ((name, _), (cost, next)) in COSTS.iter().zip(costs.iter().zip(next)) {
                if let Some(factor) =
                    ratio(Some(*next), Some(*cost)).filter(|factor| *factor > nodes * SCATTER)
                {
                    found.push(format!("**From {before} to {after} nodes {name}: {factor:.1} times.**"));
                }
            }
        }
        found
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.machine)?;
        let mut head: [String; 11] = Default::default();
        head[0] = "nodes".to_owned();
        for (index, (name, _)) in COSTS.iter().enumerate() {
            head[1 + 2 * index] = (*name).to_owned();
            head[2 + 2 * index] = "growth".to_owned();
        }
        let mut lines = vec![head];
        let mut before: Option<[f64; 5]> = None;
        for (nodes, costs) in &self.steps {
            let mut line: [String; 11] = Default::default();
            line[0] = nodes.to_string();
            for (index, (cost, (_, unit))) in costs.iter().zip(COSTS).enumerate() {
                line[1 + 2 * index] = unit.show(*cost);
                let factor = ratio(Some(*cost), before.map(|before| before[index]));
                line[2 + 2 * index] = factor.map(|factor| Unit::Times.show(factor)).unwrap_or_default();
            }
            before = Some(*costs);
            lines.push(line);
        }
        f.write_str(&table(&lines))?;
        let worse = self.worse_than_linear();
        if worse.is_empty() {
            writeln!(f, "\nNothing grows faster than the nodes.")?;
        }
        worse.iter().try_for_each(|remark| writeln!(f, "\n{remark}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth(requests: f64) -> Growth {
        let steps = vec![(10, [0.1, 0.02, 6e6, 12.0, 1.0]), (100, [0.11, 0.03, 6e6, requests, 1.0])];
        Growth { machine: "a machine".to_owned(), steps }
    }

    #[test]
    fn each_cost_has_its_growth_beside_it() {
        let text = growth(102.0).to_string();
        let line = text.lines().find(|line| line.starts_with("| 100")).unwrap();
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        assert_eq!(cells[2..6], ["110 ms", "1.10×", "30.0 ms", "1.50×"]);
        assert_eq!(cells[8..12], ["102", "8.50×", "1", "1.00×"]);
        assert!(text.contains("Nothing grows faster than the nodes"), "{text}");
    }

    #[test]
    fn what_is_worse_than_linear_is_said() {
        let text = growth(144.0).to_string();
        assert!(text.contains("From 10 to 100 nodes requests: 12.0 times"), "{text}");
    }
}
