//! The table of the comparison.

use std::fmt;

use super::record::{Record, RecordRow};
use super::rounds::Rounds;
use crate::figures::{Unit, Verdict, judge, ratio, table};
use crate::measures::{FLOOR_FACTOR, FLOOR_MEASURE, Measure};

/// All figures of a run.
#[derive(Debug)]
pub(super) struct Report {
    /// Machine and file systems.
    pub(super) machine: String,
    pub(super) measures: Vec<(&'static Measure, Rounds)>,
    /// Failures, and skipped measures.
    pub(super) remarks: Vec<String>,
    /// An earlier run, for a column of its own.
    pub(super) before: Option<Record>,
}

impl Report {
    /// The figures to store.
    pub(super) fn record(&self) -> Record {
        let rows = self.measures.iter().flat_map(|(measure, rounds)| {
            measure.rows.iter().enumerate().map(|(index, row)| RecordRow {
                measure: measure.name.to_owned(),
                label: row.label.to_owned(),
                figures: rounds.figures(index),
            })
        });
        Record { machine: self.machine.clone(), rows: rows.collect() }
    }

    /// Whether the floor is fast enough to be one. `None` if its measure did not run.
    fn floor(&self) -> Option<String> {
        let (_, rounds) = self.measures.iter().find(|(measure, _)| measure.name == FLOOR_MEASURE)?;
        let figures = rounds.figures(0);
        let factor = ratio(figures.original, figures.floor)?;
        let fast = format!("{factor:.1} times as fast as the original at 10,000 nodes");
        Some(if factor >= FLOOR_FACTOR {
            format!("The floor is {fast}, so it is a valid floor.")
        } else {
            format!("**The floor is only {fast}. It must be {FLOOR_FACTOR} times as fast.**")
        })
    }

    fn header(&self) -> Vec<String> {
        let before = self.before.is_some().then_some("before");
        let columns = ["measure", "ours"].into_iter().chain(before);
        let rest = ["original", "floor", "original / ours", "ours / floor", "goal", ""];
        columns.chain(rest).map(str::to_owned).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.machine)?;
        let mut lines = vec![self.header()];
        let (mut met, mut missed) = (0, 0);
        for (measure, rounds) in &self.measures {
            for (index, row) in measure.rows.iter().enumerate() {
                let figures = rounds.figures(index);
                let before = self.before.as_ref().map(|record| record.ours(measure.name, row.label));
                let goals = row.goals.iter().map(|goal| goal.describe(row.unit).to_string());
                let verdict = judge(row.goals, &figures);
                met += usize::from(verdict == Verdict::Met);
                missed += usize::from(verdict == Verdict::Missed);
                let mut line = vec![row.label.to_owned(), show(figures.ours, row.unit)];
                line.extend(before.map(|figure| show(figure, row.unit)));
                line.extend([
                    show(figures.original, row.unit),
                    show(figures.floor, row.unit),
                    show(ratio(figures.original, figures.ours), Unit::Times),
                    show(ratio(figures.ours, figures.floor), Unit::Times),
                    goals.collect::<Vec<_>>().join(", "),
                    verdict.to_string(),
                ]);
                lines.push(line);
            }
        }
        f.write_str(&table(&lines))?;
        writeln!(
            f,
            "\nRows that meet their goals: {met}. Rows that miss one: {missed}. A dash was not measured."
        )?;
        if let Some(before) = &self.before {
            writeln!(f, "\nBefore: {}", before.machine)?;
        }
        let remarks = self.floor().into_iter().chain(self.remarks.iter().cloned());
        remarks.into_iter().try_for_each(|remark| writeln!(f, "\n{remark}"))
    }
}

fn show(figure: Option<f64>, unit: Unit) -> String {
    figure.map_or_else(|| "–".to_owned(), |figure| unit.show(figure))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::{MEASURES, Round};

    fn report(floor: f64) -> Report {
        let measure = MEASURES.iter().find(|measure| measure.name == FLOOR_MEASURE).unwrap();
        let rounds = Rounds {
            ours: [[1.0, 0.5, 9e6], [1.4, 0.5, 9e6], [1.1, 0.5, 9e6]].map(Round::from).into(),
            original: vec![[12.1, 3.0, 9e7].into()],
            floor: vec![[floor, 0.4, 8e6].into()],
        };
        let measures = vec![(measure, rounds)];
        Report { machine: "a machine".to_owned(), measures, remarks: Vec::new(), before: None }
    }

    /// The cells of the row of the start.
    fn start_row(report: &Report) -> Vec<String> {
        let text = report.to_string();
        let line = text.lines().find(|line| line.starts_with("| start, 10,000")).unwrap();
        line.split('|').map(|cell| cell.trim().to_owned()).collect()
    }

    #[test]
    fn a_row_has_medians_ratios_and_a_verdict() {
        let cells = start_row(&report(1.0));
        assert_eq!(cells[2..7], ["1.10 s", "12.1 s", "1.00 s", "11.0×", "1.10×"]);
        assert_eq!(cells[8], "met");
        let text = report(1.0).to_string();
        assert!(text.contains("meet their goals: 2. Rows that miss one: 1."), "{text}");
    }

    #[test]
    fn our_figures_of_an_earlier_run_have_a_column() {
        let mut report = report(1.0);
        let mut before = report.record();
        before.rows[0].figures.ours = Some(0.9);
        before.rows.remove(1);
        report.before = Some(before);
        assert_eq!(start_row(&report)[2..5], ["1.10 s", "900 ms", "12.1 s"]);
        let text = report.to_string();
        assert!(text.contains("| CPU of that start                   | 500 ms   | –  "), "{text}");
    }

    #[test]
    fn a_slow_floor_is_reported() {
        let fast = "12.1 times as fast as the original at 10,000 nodes, so it is a valid floor";
        assert!(report(1.0).to_string().contains(fast), "{}", report(1.0));
        assert!(report(2.0).to_string().contains("only 6.0 times as fast"), "{}", report(2.0));
    }
}
