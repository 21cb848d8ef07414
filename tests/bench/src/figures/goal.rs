//! Goals for figures, and whether they are met.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::unit::Unit;

/// The figures of a row. A subject that was not measured has none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) ours: Option<f64>,
    pub(crate) original: Option<f64>,
    pub(crate) floor: Option<f64>,
}

/// The bound of our figure. Less is better, except for [`Goal::AtLeastTheFloor`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Goal {
    /// An absolute bound, in the unit of the row.
    AtMost(f64),
    /// At most this multiple of the floor.
    TimesTheFloor(f64),
    /// The original must be at least this multiple of ours.
    BetterThanOriginal(f64),
    /// Not less than the floor.
    AtLeastTheFloor,
}

/// Whether a row meets its goals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The row has no goal, or a figure is missing.
    NotJudged,
    Met,
    Missed,
}

impl Goal {
    /// `None` if a figure is missing.
    fn is_met(self, figures: &Figures) -> Option<bool> {
        let ours = figures.ours?;
        Some(match self {
            Self::AtMost(most) => ours <= most,
            Self::TimesTheFloor(times) => ours <= times * figures.floor?,
            Self::BetterThanOriginal(times) => times * ours <= figures.original?,
            Self::AtLeastTheFloor => ours >= figures.floor?,
        })
    }

    /// The goal as the table shows it.
    pub(crate) fn describe(self, unit: Unit) -> impl fmt::Display {
        match self {
            Self::AtMost(most) => format!("≤ {}", unit.show(most)),
            Self::TimesTheFloor(times) => format!("≤ {times} × floor"),
            Self::BetterThanOriginal(times) => format!("≤ original / {times}"),
            Self::AtLeastTheFloor => "≥ floor".to_owned(),
        }
    }
}

/// Met if all goals with known figures are met.
pub(crate) fn judge(goals: &[Goal], figures: &Figures) -> Verdict {
    let judged: Vec<bool> = goals.iter().filter_map(|goal| goal.is_met(figures)).collect();
    match judged.as_slice() {
        [] => Verdict::NotJudged,
        all if all.iter().all(|met| *met) => Verdict::Met,
        _ => Verdict::Missed,
    }
}

/// `numerator / denominator`, if both are known and the quotient is finite.
pub(crate) fn ratio(numerator: Option<f64>, denominator: Option<f64>) -> Option<f64> {
    Some(numerator? / denominator?).filter(|ratio| ratio.is_finite())
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotJudged => "",
            Self::Met => "met",
            Self::Missed => "**missed**",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIGURES: Figures = Figures { ours: Some(1.0), original: Some(12.0), floor: Some(0.9) };

    #[test]
    fn each_goal_is_met_at_its_bound_and_missed_beyond_it() {
        for (met, missed) in [
            (Goal::AtMost(1.0), Goal::AtMost(0.99)),
            (Goal::TimesTheFloor(1.2), Goal::TimesTheFloor(1.1)),
            (Goal::BetterThanOriginal(12.0), Goal::BetterThanOriginal(12.1)),
        ] {
            assert_eq!(judge(&[met], &FIGURES), Verdict::Met, "{met:?}");
            assert_eq!(judge(&[missed], &FIGURES), Verdict::Missed, "{missed:?}");
        }
        assert_eq!(judge(&[Goal::AtLeastTheFloor], &FIGURES), Verdict::Met);
        let more = Figures { floor: Some(1.1), ..FIGURES };
        assert_eq!(judge(&[Goal::AtLeastTheFloor], &more), Verdict::Missed);
    }

    #[test]
    fn one_missed_goal_misses_the_row() {
        assert_eq!(judge(&[Goal::AtMost(2.0), Goal::BetterThanOriginal(25.0)], &FIGURES), Verdict::Missed);
        assert_eq!(judge(&[Goal::AtMost(2.0), Goal::BetterThanOriginal(10.0)], &FIGURES), Verdict::Met);
    }

    #[test]
    fn a_missing_figure_is_not_judged() {
        let alone = Figures { original: None, ..FIGURES };
        assert_eq!(judge(&[Goal::BetterThanOriginal(10.0)], &alone), Verdict::NotJudged);
        assert_eq!(judge(&[Goal::AtMost(0.5)], &Figures::default()), Verdict::NotJudged);
        assert_eq!(judge(&[], &FIGURES), Verdict::NotJudged);
    }

    #[test]
    fn a_ratio_needs_both_figures_and_no_zero() {
        assert_eq!(ratio(Some(12.0), Some(4.0)), Some(3.0));
        assert_eq!(ratio(None, Some(4.0)), None);
        assert_eq!(ratio(Some(0.0), Some(0.0)), None);
        assert_eq!(ratio(Some(1.0), Some(0.0)), None);
    }
}
