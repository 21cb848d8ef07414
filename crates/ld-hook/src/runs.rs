//! How often hooks ran, for metrics and reports.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::action::Failure;

/// How the hooks of all nodes ran. Clones show the same.
#[derive(Debug, Clone, Default)]
pub struct Runs(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    nodes: Mutex<BTreeMap<String, Entry>>,
    changed: watch::Sender<()>,
}

/// One node.
#[derive(Debug, Default)]
struct Entry {
    /// The name of its hook, which other nodes may have, too.
    hook: String,
    runs: NodeRuns,
}

/// How often the hook of one node ran. The runs of a group count for the node that caused them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeRuns {
    /// It succeeded.
    pub succeeded: u64,
    /// It failed, or could not be run.
    pub failed: u64,
    /// It was killed at its limit.
    pub late: u64,
    /// Why the last run did not succeed; `None` if it did, or there was none.
    pub last_error: Option<String>,
}

impl Runs {
    /// The counts of each node that has a hook, in the order of the names.
    pub fn all(&self) -> Vec<(String, NodeRuns)> {
        self.lock().iter().map(|(name, entry)| (name.clone(), entry.runs.clone())).collect()
    }

    /// Why the hook of the node `name` did not succeed when it last ran; `None` if it did, or did
    /// not run yet.
    pub fn last_error(&self, name: &str) -> Option<String> {
        self.lock().get(name)?.runs.last_error.clone()
    }

    /// Tells when a hook has run, and when nodes may have other hooks than before.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.0.changed.subscribe()
    }

    /// Counts for these nodes and no others, each with the name of its hook. What they have counted
    /// so far stays.
    pub(crate) fn keep<'a>(&self, nodes: impl Iterator<Item = (&'a str, &'a str)>) {
        let mut all = self.lock();
        let mut former = std::mem::take(&mut *all);
        all.extend(nodes.map(|(name, hook)| {
            let runs = former.remove(name).unwrap_or_default().runs;
            (name.to_owned(), Entry { hook: hook.to_owned(), runs })
        }));
        // A node without its former hook has no error of that.
        self.0.changed.send_replace(());
    }

    /// The hook ran for the node `name`, and so for all nodes that share it.
    pub(crate) fn succeeded(&self, name: &str) {
        let mut all = self.lock();
        let Some(entry) = all.get_mut(name) else { return };
        entry.runs.succeeded += 1;
        let hook = entry.hook.clone();
        let sharing = all.values_mut().filter(|entry| entry.hook == hook);
        sharing.for_each(|entry| entry.runs.last_error = None);
        self.0.changed.send_replace(());
    }

    pub(crate) fn failed(&self, name: &str, failure: &Failure) {
        let mut all = self.lock();
        // A node that was removed meanwhile is not shown any more.
        let Some(Entry { runs, .. }) = all.get_mut(name) else { return };
        match failure {
            Failure::Late(_) => runs.late += 1,
            Failure::Failed(_) | Failure::Interrupted => runs.failed += 1,
        }
        runs.last_error = Some(failure.to_string());
        self.0.changed.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.0.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_success_is_one_of_all_nodes_that_share_the_hook() {
        let runs = Runs::default();
        runs.keep([("a", "web"), ("b", "web"), ("c", "own")].into_iter());
        for name in ["a", "c", "gone"] {
            runs.failed(name, &Failure::Late("late".to_owned()));
        }
        runs.failed("c", &Failure::Failed("failed".to_owned()));
        runs.succeeded("b");
        assert_eq!((runs.last_error("a"), runs.last_error("c")), (None, Some("failed".to_owned())));
        // A reload keeps the counts.
        runs.keep([("c", "other")].into_iter());
        let [(name, counts)] = &runs.all()[..] else { panic!("{runs:?}") };
        assert_eq!((name.as_str(), counts.succeeded, counts.failed, counts.late), ("c", 0, 1, 1));
    }

    #[test]
    fn the_end_of_a_hook_is_a_change() {
        let runs = Runs::default();
        runs.keep([("a", "web")].into_iter());
        runs.failed("a", &Failure::Failed("failed".to_owned()));
        let changes = runs.changes();
        runs.keep(std::iter::empty());
        assert!(changes.has_changed().unwrap() && runs.last_error("a").is_none());
    }
}
