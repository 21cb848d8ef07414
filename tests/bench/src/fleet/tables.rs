//! The tables of a fleet.

use std::fmt;
use std::time::Duration;

use super::content::path;
use super::idle_sessions::IdleCost;
use super::propagation::{Propagation, expected_bytes};
use super::reconnection::{Reconnection, STEP};
use crate::figures::{Unit, percentile, table};
use crate::plot::{FleetReturn, StoredReturn};

/// How many seconds of a return have a count of their own.
const SHOWN_SECONDS: usize = 15;

/// All figures of a run. Each comes with the name of its servers.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) machine: String,
    pub(super) hosts: usize,
    pub(super) propagations: Vec<(&'static str, Propagation)>,
    pub(super) idle_costs: Vec<(&'static str, IdleCost)>,
    pub(super) reconnections: Vec<(&'static str, Reconnection)>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {} hosts with a session each.\n", self.machine, self.hosts)?;
        let propagations = table(&self.propagations());
        writeln!(f, "From the acknowledgement of a write to the files:\n\n{propagations}")?;
        writeln!(f, "While nothing changes, for each session:\n\n{}", table(&self.idle_costs()))?;
        writeln!(f, "The return, counted from the first new session:\n")?;
        write!(f, "{}", table(&self.reconnections()))
    }
}

impl Report {
    /// The returns, as counts of sessions in each step.
    pub(super) fn to_plot(&self) -> FleetReturn {
        let returns = self.reconnections.iter().map(|(servers, returned)| StoredReturn {
            servers: (*servers).to_owned(),
            outage: returned.outage.to_string(),
            jitter: returned.jitter,
            sessions: histogram(&returned.sessions, STEP),
        });
        FleetReturn {
            machine: self.machine.clone(),
            hosts: self.hosts,
            step_seconds: STEP.as_secs_f64(),
            returns: returns.collect(),
        }
    }

    fn propagations(&self) -> Vec<[String; 10]> {
        let header = [
            "servers",
            "content",
            "p50",
            "p99",
            "last host, median",
            "last host, worst",
            "server CPU a host",
            "host CPU",
            "bytes a host",
            "by the protocol",
        ];
        let rows = self.propagations.iter().map(|(servers, propagation)| {
            [
                (*servers).to_owned(),
                format!("{} B", propagation.bytes),
                Unit::Seconds.show(propagation.p50),
                Unit::Seconds.show(propagation.p99),
                Unit::Seconds.show(propagation.last_median),
                Unit::Seconds.show(propagation.last_worst),
                Unit::Seconds.show(propagation.server_cpu),
                Unit::Seconds.show(propagation.host_cpu),
                format!("{:.0}", propagation.written),
                expected_bytes(&path(0), propagation.bytes).to_string(),
            ]
        });
        std::iter::once(header.map(str::to_owned)).chain(rows).collect()
    }

    fn idle_costs(&self) -> Vec<[String; 6]> {
        let header = [
            "servers",
            "memory a session",
            "memory a watch",
            "requests a second",
            "bytes sent a second",
            "server CPU a second",
        ];
        let rows = self.idle_costs.iter().map(|(servers, cost)| {
            let of = if cost.of_heap { "" } else { " (resident: there is no jcmd)" };
            [
                (*servers).to_owned(),
                format!("{:.0} B{of}", cost.session),
                format!("{:.0} B{of}", cost.watch),
                format!("{:.2}", cost.requests),
                format!("{:.1}", cost.written),
                Unit::Seconds.show(cost.cpu),
            ]
        });
        std::iter::once(header.map(str::to_owned)).chain(rows).collect()
    }

    fn reconnections(&self) -> Vec<[String; 8]> {
        let header = [
            "servers",
            "outage",
            "hosts",
            "half of them",
            "last host",
            "peak sessions a second",
            "peak connections a second",
            "sessions in each second",
        ];
        let rows = self.reconnections.iter().map(|(servers, returned)| {
            let show =
                |percent| Unit::Seconds.show(percentile(&returned.sessions, percent).unwrap_or_default());
            let connections = returned.connections.iter().copied().max().unwrap_or_default();
            let in_steps = histogram(&returned.sessions, STEP);
            let in_seconds = histogram(&returned.sessions, Duration::from_secs(1));
            let counts = in_seconds.iter().take(SHOWN_SECONDS).map(usize::to_string);
            let backoff = if returned.jitter { "" } else { ", backoff without jitter" };
            [
                (*servers).to_owned(),
                format!("{}{backoff}", returned.outage),
                returned.sessions.len().to_string(),
                show(50),
                show(100),
                per_second(in_steps.into_iter().max().unwrap_or_default() as u64).to_string(),
                per_second(connections).to_string(),
                counts.collect::<Vec<_>>().join(" "),
            ]
        });
        std::iter::once(header.map(str::to_owned)).chain(rows).collect()
    }
}

/// The count of one step as a rate.
fn per_second(count: u64) -> u64 {
    count * 1000 / u64::try_from(STEP.as_millis()).unwrap_or(1000)
}

/// How many of `times`, in seconds, fall into each step.
fn histogram(times: &[f64], step: Duration) -> Vec<usize> {
    let mut counts = Vec::new();
    for time in times {
        let step = (time / step.as_secs_f64()) as usize;
        if counts.len() <= step {
            counts.resize(step + 1, 0);
        }
        counts[step] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::super::reconnection::Outage;
    use super::*;

    fn report() -> Report {
        let propagation = Propagation {
            bytes: 200,
            p50: 0.01,
            p99: 0.05,
            last_median: 0.06,
            last_worst: 0.07,
            server_cpu: 1e-5,
            host_cpu: 1e-4,
            written: 340.0,
        };
        let returned = Reconnection {
            outage: Outage::Long,
            jitter: false,
            sessions: vec![0.0, 0.15, 2.5],
            connections: vec![3, 30],
        };
        Report {
            machine: "a machine.".to_owned(),
            hosts: 3,
            propagations: vec![("one server", propagation)],
            idle_costs: vec![("one server", IdleCost { of_heap: true, ..IdleCost::default() })],
            reconnections: vec![("one server", returned)],
        }
    }

    #[test]
    fn a_histogram_has_a_count_for_each_step() {
        assert_eq!(histogram(&[0.0, 0.05, 0.25, 0.1], STEP), [2, 1, 1]);
        assert!(histogram(&[], STEP).is_empty());
    }

    #[test]
    fn the_tables_have_a_row_for_each_measure() {
        let text = report().to_string();
        assert!(text.contains("| one server | 200 B") && text.contains("| 10.0 ms"), "{text}");
        assert!(text.contains("| 300") && text.contains("| 2 0 1"), "{text}");
        assert!(text.contains("away for 30 s, backoff without jitter"), "{text}");
    }

    #[test]
    fn a_plot_gets_the_sessions_of_each_step() {
        let plot = report().to_plot();
        assert!(!plot.returns[0].jitter);
        assert_eq!(plot.returns[0].sessions[..3], [1, 1, 0]);
        assert_eq!(plot.returns[0].sessions.len(), 26);
    }
}
