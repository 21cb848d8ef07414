//! How often hooks ran, for metrics.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How the hooks of all nodes ran. Clones show the same.
#[derive(Debug, Clone, Default)]
pub struct Runs(Arc<Mutex<BTreeMap<String, NodeRuns>>>);

/// How often the hook of one node ran. The runs of a group count for the node that caused them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeRuns {
    /// It succeeded.
    pub succeeded: u64,
    /// It failed, or could not be run.
    pub failed: u64,
    /// It was killed at its limit.
    pub late: u64,
    /// Whether the last run did not succeed.
    pub is_failing: bool,
}

/// How one run went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Succeeded,
    Failed,
    Late,
}

impl Runs {
    /// The counts of each node that has a hook, by name.
    pub fn all(&self) -> Vec<(String, NodeRuns)> {
        self.lock().iter().map(|(name, runs)| (name.clone(), *runs)).collect()
    }

    /// Counts for these nodes and no others; what they have counted so far stays.
    pub(crate) fn keep<'a>(&self, names: impl Iterator<Item = &'a str>) {
        let mut all = self.lock();
        let mut former = std::mem::take(&mut *all);
        all.extend(names.map(|name| (name.to_owned(), former.remove(name).unwrap_or_default())));
    }

    pub(crate) fn count(&self, name: &str, outcome: Outcome) {
        let mut all = self.lock();
        // A node that was removed meanwhile is not shown any more.
        let Some(runs) = all.get_mut(name) else { return };
        match outcome {
            Outcome::Succeeded => runs.succeeded += 1,
            Outcome::Failed => runs.failed += 1,
            Outcome::Late => runs.late += 1,
        }
        runs.is_failing = outcome != Outcome::Succeeded;
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, NodeRuns>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
