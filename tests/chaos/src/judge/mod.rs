//! The invariants, the verdict on each file, and the counts of a run.

mod file_judge;
mod recorder;
#[cfg(test)]
mod tests;
mod violation;

pub(crate) use file_judge::{CONVERGENCE_LIMIT, Conditions, FileJudge, Observation, RegularFile};
pub(crate) use recorder::{Counts, Recorder};
pub(crate) use violation::Violation;
