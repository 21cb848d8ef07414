//! Start time and memory over the number of nodes.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::chart::{self, Axis, Chart, Series, SeriesLabelPosition};
use super::stored::Plot;
use crate::figures::Unit;
use ld_workspace::Failure;

/// The figures of `cargo dev bench growth`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Growth {
    pub(crate) machine: String,
    pub(crate) steps: Vec<GrowthStep>,
}

/// The costs of one number of nodes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct GrowthStep {
    pub(crate) nodes: usize,
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
    pub(crate) memory_bytes: f64,
    pub(crate) requests: f64,
    pub(crate) sessions: f64,
}

/// A whole number with a comma before each three digits.
fn with_commas(number: f64) -> String {
    ld_config::with_commas(number as u64)
}

impl Plot for Growth {
    const NAME: &'static str = "growth";

    fn draw(&self, directory: &Path) -> Result<(), Failure> {
        let nodes = || Axis::log("nodes", with_commas);
        let series = |name, figure: fn(&GrowthStep) -> f64| {
            let points = self.steps.iter().map(|step| (step.nodes as f64, figure(step)));
            Series { name, points: points.collect() }
        };
        let time = Chart {
            title: "Start of the watcher",
            x: nodes(),
            y: Axis::log("time", |seconds| Unit::Seconds.show(seconds)),
            series: vec![
                series("to the last file", |step| step.seconds),
                series("CPU time", |step| step.cpu_seconds),
            ],
            legend: SeriesLabelPosition::UpperLeft,
        };
        chart::draw(&directory.join("start-time.svg"), &self.machine, &[time])?;
        let memory = Chart {
            title: "Memory of the watcher",
            x: nodes(),
            y: Axis::log("peak memory", |mebibytes| format!("{mebibytes} MiB")),
            series: vec![series("peak memory", |step| step.memory_bytes / f64::from(1 << 20))],
            legend: SeriesLabelPosition::UpperLeft,
        };
        chart::draw(&directory.join("memory.svg"), &self.machine, &[memory])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated_by_commas() {
        assert_eq!(with_commas(1.0), "1");
        assert_eq!(with_commas(1_000.0), "1,000");
        assert_eq!(with_commas(100_000.0), "100,000");
    }
}
