//! The table, as Markdown that is readable in a terminal, too.

use std::fmt::{self, Write as _};

use super::contestant::Contestant;
use super::goal::{Figures, Verdict, judge, ratio};
use super::plan::{FLOOR_FACTOR, FLOOR_MEASURE, Measure};
use super::statistics::median;
use super::unit::Unit;

/// What the rounds of a measure gave: for each contestant the figures of each round.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    pub(super) ours: Vec<Vec<f64>>,
    pub(super) original: Vec<Vec<f64>>,
    pub(super) floor: Vec<Vec<f64>>,
}

impl Rounds {
    pub(super) fn of(&mut self, who: Contestant) -> &mut Vec<Vec<f64>> {
        match who {
            Contestant::Ours => &mut self.ours,
            Contestant::Original => &mut self.original,
            Contestant::Floor => &mut self.floor,
        }
    }

    /// The medians of the figure at `index`.
    pub(super) fn figures(&self, index: usize) -> Figures {
        let median = |rounds: &[Vec<f64>]| {
            median(&rounds.iter().filter_map(|round| round.get(index).copied()).collect::<Vec<_>>())
        };
        Figures { ours: median(&self.ours), original: median(&self.original), floor: median(&self.floor) }
    }
}

/// All that was measured.
#[derive(Debug)]
pub(super) struct Report {
    /// Machine and file systems.
    pub(super) machine: String,
    pub(super) measures: Vec<(&'static Measure, Rounds)>,
    /// What did not work, and what was left out.
    pub(super) remarks: Vec<String>,
}

impl Report {
    /// Whether the floor is one; `None` when the measure that tells was not run.
    fn floor(&self) -> Option<String> {
        let (_, rounds) = self.measures.iter().find(|(measure, _)| measure.name == FLOOR_MEASURE)?;
        let figures = rounds.figures(0);
        let factor = ratio(figures.original, figures.floor)?;
        Some(if factor >= FLOOR_FACTOR {
            format!("The floor is {factor:.1} times as fast as the original at 10,000 nodes, so it is one.")
        } else {
            format!(
                "**The floor is only {factor:.1} times as fast as the original at 10,000 nodes; below {FLOOR_FACTOR} it is no floor.**"
            )
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.machine)?;
        let head = ["measure", "ours", "original", "floor", "original / ours", "ours / floor", "goal", ""];
        let mut lines = vec![head.map(str::to_owned)];
        let (mut met, mut missed) = (0, 0);
        for (measure, rounds) in &self.measures {
            for (index, row) in measure.rows.iter().enumerate() {
                let figures = rounds.figures(index);
                let show = |figure: Option<f64>| {
                    figure.map_or_else(|| "–".to_owned(), |figure| row.unit.show(figure))
                };
                let times = |ratio: Option<f64>| {
                    ratio.map_or_else(|| "–".to_owned(), |ratio| Unit::Times.show(ratio))
                };
                let goals: Vec<String> =
                    row.goals.iter().map(|goal| goal.describe(row.unit).to_string()).collect();
                let verdict = judge(row.goals, &figures);
                met += usize::from(verdict == Verdict::Met);
                missed += usize::from(verdict == Verdict::Missed);
                lines.push([
                    row.label.to_owned(),
                    show(figures.ours),
                    show(figures.original),
                    show(figures.floor),
                    times(ratio(figures.original, figures.ours)),
                    times(ratio(figures.ours, figures.floor)),
                    goals.join(", "),
                    verdict.to_string(),
                ]);
            }
        }
        f.write_str(&table(&lines))?;
        writeln!(f, "\n{met} rows met their goals, {missed} missed one. A dash was not measured.")?;
        let remarks = self.floor().into_iter().chain(self.remarks.iter().cloned());
        remarks.into_iter().try_for_each(|remark| writeln!(f, "\n{remark}"))
    }
}

/// A Markdown table whose columns are aligned; the first line is its head.
pub(super) fn table<const N: usize>(lines: &[[String; N]]) -> String {
    let widths: [usize; N] = std::array::from_fn(|column| {
        lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default().max(3)
    });
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (cell, width) in line.iter().zip(widths) {
            // Writing to a String cannot fail.
            let _ = write!(text, "| {cell:width$} ");
        }
        text.push_str("|\n");
        if number == 0 {
            widths.iter().for_each(|width| {
                let _ = write!(text, "|{}", "-".repeat(width + 2));
            });
            text.push_str("|\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::plan::MEASURES;
    use super::*;

    fn report(floor: f64) -> Report {
        let measure = MEASURES.iter().find(|measure| measure.name == FLOOR_MEASURE).unwrap();
        let rounds = Rounds {
            ours: vec![vec![1.0, 0.5, 9e6], vec![1.4, 0.5, 9e6], vec![1.1, 0.5, 9e6]],
            original: vec![vec![12.1, 3.0, 9e7]],
            floor: vec![vec![floor, 0.4, 8e6]],
        };
        Report { machine: "a machine".to_owned(), measures: vec![(measure, rounds)], remarks: Vec::new() }
    }

    #[test]
    fn a_row_has_medians_ratios_and_a_verdict() {
        let text = report(1.0).to_string();
        let line = text.lines().find(|line| line.starts_with("| start, 10,000")).unwrap();
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        assert_eq!(cells[2..7], ["1.10 s", "12.1 s", "1.00 s", "11.0×", "1.10×"]);
        assert_eq!(cells[8], "met");
        assert!(text.contains("2 rows met their goals, 1 missed one"), "{text}");
    }

    #[test]
    fn a_slow_floor_is_called_no_floor() {
        assert!(
            report(1.0)
                .to_string()
                .contains("12.1 times as fast as the original at 10,000 nodes, so it is one")
        );
        assert!(report(2.0).to_string().contains("only 6.0 times as fast"), "{}", report(2.0));
    }

    #[test]
    fn columns_are_aligned() {
        let lines = [["a".to_owned(), "bbbb".to_owned()], ["cccc".to_owned(), "µ".to_owned()]];
        assert_eq!(table(&lines), "| a    | bbbb |\n|------|------|\n| cccc | µ    |\n");
    }
}
