//! A measure: what a subject does in a round, and the table rows of its figures.

use crate::environment::Environment;
use crate::figures::{Goal, Unit};
use crate::programs::Subject;
use ld_workspace::Failure;

/// Something that each subject does alone, in several rounds.
#[derive(Debug)]
pub(crate) struct Measure {
    /// The name for `--only`.
    pub(crate) name: &'static str,
    /// One row for each figure of a round.
    pub(crate) rows: &'static [Row],
    pub(crate) full: Effort,
    pub(crate) quick: Effort,
    /// Bytes of destination files on tmpfs. Each file takes at least one page.
    pub(crate) tmpfs: u64,
    /// Runs one round of one subject.
    pub(crate) run: fn(&mut Environment, Subject) -> Result<Round, Failure>,
}

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) label: &'static str,
    pub(crate) unit: Unit,
    pub(crate) goals: &'static [Goal],
}

/// How many rounds, and which subjects. A measure without rounds is skipped.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    pub(crate) subjects: &'static [Subject],
}

/// What one round of one subject yields.
#[derive(Debug, Clone, Default)]
pub(crate) struct Round {
    /// One figure for each row of the measure.
    pub(crate) figures: Vec<f64>,
    /// The samples behind the figures, if a plot shows their distribution.
    pub(crate) samples: Vec<f64>,
}

impl<const N: usize> From<[f64; N]> for Round {
    fn from(figures: [f64; N]) -> Self {
        Self { figures: figures.into(), samples: Vec::new() }
    }
}
