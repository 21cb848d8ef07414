//! What a figure is to be, and whether it is.

use std::fmt;

use super::unit::Unit;

/// A row's figures: a contestant that was not measured has none.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Figures {
    pub(super) ours: Option<f64>,
    pub(super) original: Option<f64>,
    pub(super) floor: Option<f64>,
}

/// What our figure is held against; less is better but in [`Goal::AtLeastTheFloor`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Goal {
    /// By itself, in the row's unit.
    AtMost(f64),
    /// So many times the floor's.
    TimesTheFloor(f64),
    /// The original's is so many times ours.
    BetterThanOriginal(f64),
    /// No less than the floor's.
    AtLeastTheFloor,
}

/// How a row stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There is no goal, or nothing to hold it against.
    NotJudged,
    Met,
    Missed,
}

impl Goal {
    /// `None` when a figure is missing.
    fn is_met(self, figures: &Figures) -> Option<bool> {
        let ours = figures.ours?;
        Some(match self {
            Self::AtMost(most) => ours <= most,
            Self::TimesTheFloor(times) => ours <= times * figures.floor?,
            Self::BetterThanOriginal(times) => times * ours <= figures.original?,
            Self::AtLeastTheFloor => ours >= figures.floor?,
        })
    }

    /// The goal in words.
    pub(super) fn describe(self, unit: Unit) -> impl fmt::Display {
        match self {
            Self::AtMost(most) => format!("≤ {}", unit.show(most)),
            Self::TimesTheFloor(times) => format!("≤ {times} × floor"),
            Self::BetterThanOriginal(times) => format!("≤ original / {times}"),
            Self::AtLeastTheFloor => "≥ floor".to_owned(),
        }
    }
}

/// Met if all goals that can be judged are met.
pub(super) fn judge(goals: &[Goal], figures: &Figures) -> Verdict {
    let judged: Vec<bool> = goals.iter().filter_map(|goal| goal.is_met(figures)).collect();
    match judged.as_slice() {
        [] => Verdict::NotJudged,
        all if all.iter().all(|met| *met) => Verdict::Met,
        _ => Verdict::Missed,
    }
}

/// `numerator / denominator`, when both are known and the quotient is a number.
pub(super) fn ratio(numerator: Option<f64>, denominator: Option<f64>) -> Option<f64> {
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
    fn one_missed_goal_of_several_misses_the_row() {
        assert_eq!(judge(&[Goal::AtMost(2.0), Goal::BetterThanOriginal(25.0)], &FIGURES), Verdict::Missed);
        assert_eq!(judge(&[Goal::AtMost(2.0), Goal::BetterThanOriginal(10.0)], &FIGURES), Verdict::Met);
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
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
