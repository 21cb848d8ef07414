//! The tables of a fleet.

use std::fmt;
use std::time::Duration;

use super::super::report::table;
use super::super::statistics::percentile;
use super::super::unit::Unit;
use super::change::{Change, expected_bytes};
use super::content::path;
use super::outage::{Return, STEP};
use super::standing::Standing;

/// The seconds of a return that are shown one by one.
const SHOWN: usize = 15;

/// All that was measured.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) machine: String,
    pub(super) hosts: usize,
    /// Each with the name of its servers.
    pub(super) changes: Vec<(&'static str, Change)>,
    pub(super) standings: Vec<(&'static str, Standing)>,
    /// Each with the name of its servers and what happened.
    pub(super) returns: Vec<(&'static str, &'static str, Return)>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {} hosts with a session each.\n", self.machine, self.hosts)?;
        writeln!(f, "From the acknowledgement of a write to the files:\n\n{}", table(&self.changes()))?;
        writeln!(f, "While nothing changes, for each session:\n\n{}", table(&self.standings()))?;
        writeln!(f, "The return, counted from the first session that is live again:\n")?;
        write!(f, "{}", table(&self.returns()))
    }
}

impl Report {
    fn changes(&self) -> Vec<[String; 10]> {
        let head = [
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
        let rows = self.changes.iter().map(|(servers, change)| {
            [
                (*servers).to_owned(),
                format!("{} B", change.bytes),
                Unit::Seconds.show(change.half),
                Unit::Seconds.show(change.most),
                Unit::Seconds.show(change.last),
                Unit::Seconds.show(change.worst),
                Unit::Seconds.show(change.cpu),
                Unit::Seconds.show(change.host_cpu),
                format!("{:.0}", change.written),
                expected_bytes(&path(0), change.bytes).to_string(),
            ]
        });
        std::iter::once(head.map(str::to_owned)).chain(rows).collect()
    }

    fn standings(&self) -> Vec<[String; 6]> {
        let head = [
            "servers",
            "memory a session",
            "memory a watch",
            "requests a second",
            "bytes sent a second",
            "server CPU a second",
        ];
        let rows = self.standings.iter().map(|(servers, standing)| {
            let of = if standing.of_heap { "" } else { " (resident, for lack of jcmd)" };
            [
                (*servers).to_owned(),
                format!("{:.0} B{of}", standing.session),
                format!("{:.0} B{of}", standing.watch),
                format!("{:.2}", standing.requests),
                format!("{:.1}", standing.written),
                Unit::Seconds.show(standing.cpu),
            ]
        });
        std::iter::once(head.map(str::to_owned)).chain(rows).collect()
    }

    fn returns(&self) -> Vec<[String; 8]> {
        let head = [
            "servers",
            "what happened",
            "hosts",
            "half",
            "last host",
            "sessions a second at most",
            "connections a second at most",
            "sessions in each second",
        ];
        let rows = self.returns.iter().map(|(servers, what, back)| {
            let show = |percent| Unit::Seconds.show(percentile(&back.sessions, percent).unwrap_or_default());
            let connections = back.connections.iter().copied().max().unwrap_or_default();
            let in_steps = histogram(&back.sessions, STEP);
            let in_seconds = histogram(&back.sessions, Duration::from_secs(1));
            let shape: Vec<String> = in_seconds.iter().take(SHOWN).map(usize::to_string).collect();
            [
                (*servers).to_owned(),
                (*what).to_owned(),
                back.sessions.len().to_string(),
                show(50),
                show(100),
                a_second(in_steps.into_iter().max().unwrap_or_default() as u64).to_string(),
                a_second(connections).to_string(),
                shape.join(" "),
            ]
        });
        std::iter::once(head.map(str::to_owned)).chain(rows).collect()
    }
}

/// A count of one step, as a rate.
fn a_second(count: u64) -> u64 {
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
    use super::*;

    #[test]
    fn a_histogram_has_a_count_for_each_step() {
        assert_eq!(histogram(&[0.0, 0.05, 0.25, 0.1], STEP), [2, 1, 1]);
        assert!(histogram(&[], STEP).is_empty());
    }

    #[test]
    fn the_tables_have_a_row_for_each_measure() {
        let change = Change {
            bytes: 200,
            half: 0.01,
            most: 0.05,
            last: 0.06,
            worst: 0.07,
            cpu: 1e-5,
            host_cpu: 1e-4,
            written: 340.0,
        };
        let back = Return { sessions: vec![0.0, 0.15, 2.5], connections: vec![3, 30] };
        let report = Report {
            machine: "a machine.".to_owned(),
            hosts: 3,
            changes: vec![("one server", change)],
            standings: vec![("one server", Standing { of_heap: true, ..Standing::default() })],
            returns: vec![("one server", "restarted", back)],
        };
        let text = report.to_string();
        assert!(text.contains("| one server | 200 B") && text.contains("| 10.0 ms"), "{text}");
        assert!(text.contains("| 300") && text.contains("| 2 0 1"), "{text}");
    }
}
