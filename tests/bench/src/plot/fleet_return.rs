//! How a fleet returns after an outage, with and without jitter.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::chart::{self, Axis, Chart, Series, SeriesLabelPosition};
use super::stored::Plot;
use ld_workspace::Failure;

/// The returns of `cargo dev bench fleet`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FleetReturn {
    pub(crate) machine: String,
    pub(crate) hosts: usize,
    /// The length of a step in [`StoredReturn::sessions`].
    pub(crate) step_seconds: f64,
    pub(crate) returns: Vec<StoredReturn>,
}

/// One return after an outage.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredReturn {
    pub(crate) servers: String,
    pub(crate) outage: String,
    pub(crate) jitter: bool,
    /// New sessions in each step. The first session begins the first step.
    pub(crate) sessions: Vec<usize>,
}

impl Plot for FleetReturn {
    const NAME: &'static str = "fleet-return";

    fn draw(&self, directory: &Path) -> Result<(), Failure> {
        let Some(plain) = self.returns.iter().find(|stored| !stored.jitter) else {
            return Err(Failure::new("the stored figures have no return without jitter"));
        };
        let is_same =
            |stored: &&StoredReturn| stored.servers == plain.servers && stored.outage == plain.outage;
        let with_jitter = self.returns.iter().filter(is_same).find(|stored| stored.jitter);
        let both = [("with jitter", with_jitter), ("without jitter", Some(plain))];
        let series = |points: fn(&Self, &StoredReturn) -> Vec<(f64, f64)>| {
            let both = both.iter().filter_map(|(name, stored)| Some((*name, (*stored)?)));
            both.map(|(name, stored)| Series { name, points: points(self, stored) }).collect()
        };
        let seconds = || Axis::linear("time since the first session", |time| format!("{time} s"));
        let title = format!("{} hosts return: {}, {}", self.hosts, plain.servers, plain.outage);
        let rate = Chart {
            title: &title,
            x: seconds(),
            y: Axis::linear("new sessions a second", |rate| format!("{rate:.0}")),
            series: series(Self::rates),
            legend: SeriesLabelPosition::UpperRight,
        };
        let back = Chart {
            title: "",
            x: seconds(),
            y: Axis::linear("hosts with a session", |hosts| format!("{hosts:.0}")),
            series: series(Self::totals),
            legend: SeriesLabelPosition::LowerRight,
        };
        chart::draw(&directory.join("fleet-return.svg"), &self.machine, &[rate, back])
    }
}

impl FleetReturn {
    /// New sessions a second, as steps.
    fn rates(&self, stored: &StoredReturn) -> Vec<(f64, f64)> {
        let mut points = Vec::new();
        for (index, count) in stored.sessions.iter().chain([&0]).enumerate() {
            let (start, rate) = (index as f64 * self.step_seconds, *count as f64 / self.step_seconds);
            points.extend([(start, rate), (start + self.step_seconds, rate)]);
        }
        points
    }

    /// Hosts with a session at the end of each step.
    fn totals(&self, stored: &StoredReturn) -> Vec<(f64, f64)> {
        let mut total = 0;
        let ends = stored.sessions.iter().enumerate().map(|(index, count)| {
            total += count;
            ((index + 1) as f64 * self.step_seconds, total as f64)
        });
        std::iter::once((0.0, 0.0)).chain(ends).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_steps_become_rates_and_totals() {
        let stored = StoredReturn {
            servers: "one server".to_owned(),
            outage: "away".to_owned(),
            jitter: true,
            sessions: vec![3, 0, 1],
        };
        let figures =
            FleetReturn { machine: String::new(), hosts: 4, step_seconds: 0.5, returns: Vec::new() };
        assert_eq!(figures.rates(&stored)[..3], [(0.0, 6.0), (0.5, 6.0), (0.5, 0.0)]);
        assert_eq!(figures.totals(&stored), [(0.0, 0.0), (0.5, 3.0), (1.0, 3.0), (1.5, 4.0)]);
    }
}
