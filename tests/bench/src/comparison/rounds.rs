//! The rounds of one measure.

use crate::figures::{Figures, median};
use crate::measures::Round;
use crate::programs::Subject;

/// All rounds of a measure, by subject.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    pub(super) ours: Vec<Round>,
    pub(super) original: Vec<Round>,
    pub(super) floor: Vec<Round>,
}

impl Rounds {
    /// The rounds of one subject.
    pub(super) fn of(&mut self, subject: Subject) -> &mut Vec<Round> {
        match subject {
            Subject::Ours => &mut self.ours,
            Subject::Original => &mut self.original,
            Subject::Floor => &mut self.floor,
        }
    }

    /// The samples of all rounds of one subject.
    pub(super) fn samples(&self, subject: Subject) -> Vec<f64> {
        let rounds = match subject {
            Subject::Ours => &self.ours,
            Subject::Original => &self.original,
            Subject::Floor => &self.floor,
        };
        rounds.iter().flat_map(|round| round.samples.iter().copied()).collect()
    }

    /// The median of the figure at `index`, for each subject.
    pub(super) fn figures(&self, index: usize) -> Figures {
        let median = |rounds: &[Round]| {
            let figures = rounds.iter().filter_map(|round| round.figures.get(index).copied());
            median(&figures.collect::<Vec<_>>())
        };
        Figures { ours: median(&self.ours), original: median(&self.original), floor: median(&self.floor) }
    }
}
