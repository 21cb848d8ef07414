//! The distribution of the latency from an acknowledged write to the file.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::chart::{self, Axis, Chart, Series, SeriesLabelPosition};
use super::stored::Plot;
use crate::figures::Unit;
use ld_workspace::Failure;

/// Percentiles 0 to 100 of the latencies, in seconds. A subject that was not measured has none.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) machine: String,
    pub(crate) ours: Vec<f64>,
    pub(crate) original: Vec<f64>,
    pub(crate) floor: Vec<f64>,
}

/// A latency of zero has no logarithm: the file had changed before the acknowledgement.
const SHORTEST: f64 = 1e-6;

impl Plot for Latency {
    const NAME: &'static str = "latency";

    fn draw(&self, directory: &Path) -> Result<(), Failure> {
        let subjects = [("ours", &self.ours), ("original", &self.original), ("floor", &self.floor)];
        let measured = subjects.into_iter().filter(|(_, percentiles)| !percentiles.is_empty());
        let series = measured.map(|(name, percentiles)| {
            let points =
                (0..).zip(percentiles).map(|(percent, seconds)| (seconds.max(SHORTEST), f64::from(percent)));
            Series { name, points: points.collect() }
        });
        let chart = Chart {
            title: "From an acknowledged write of 100 B to the file",
            x: Axis::log("latency", |seconds| Unit::Seconds.show(seconds)),
            y: Axis::linear("writes that took at most this long", |percent| format!("{percent} %")),
            series: series.collect(),
            legend: SeriesLabelPosition::UpperLeft,
        };
        chart::draw(&directory.join("latency.svg"), &self.machine, &[chart])
    }
}
