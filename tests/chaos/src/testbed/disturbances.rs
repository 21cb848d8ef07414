//! The faults in force for each file, and when the last one ended.
//!
//! The time of a file to converge counts from there.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::nodes::POINTERS;
use crate::schedule::{NODES, WATCHERS};

/// What a fault concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Everything,
    Watcher(usize),
    Node(usize),
    File(usize, usize),
    /// The files of a watcher that come from S3.
    Objects(usize),
    /// The fault excuses no delay of a file.
    Nothing,
}

/// The faults in force. All times count from the start of the run.
#[derive(Debug)]
pub(crate) struct Disturbances(Mutex<State>);

#[derive(Debug)]
struct State {
    files: [[ActiveFaults; NODES]; WATCHERS],
    resumed_at: [Option<Duration>; WATCHERS],
    /// When a node was last unreadable for the watchers: from and until.
    unreadable: [Option<(Duration, Duration)>; NODES],
    /// Until when the ensemble's content may roll back.
    rollback_until: Duration,
    ensemble_is_empty: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct ActiveFaults {
    count: usize,
    /// When the last fault ended.
    since: Duration,
}

impl Disturbances {
    /// The start counts as a fault of `Scope::Everything`, which must be ended.
    pub(crate) fn new() -> Self {
        let files = [[ActiveFaults { count: 1, since: Duration::ZERO }; NODES]; WATCHERS];
        let (resumed_at, unreadable) = ([None; WATCHERS], [None; NODES]);
        Self(Mutex::new(State {
            files,
            resumed_at,
            unreadable,
            rollback_until: Duration::ZERO,
            ensemble_is_empty: false,
        }))
    }

    /// Begins a fault.
    pub(crate) fn begin(&self, scope: Scope) {
        self.each(scope, |active| active.count += 1);
    }

    /// Ends a fault.
    pub(crate) fn end(&self, scope: Scope, now: Duration) {
        self.each(scope, |active| {
            active.count -= 1;
            active.since = now;
        });
    }

    /// When the last fault of a file ended. `None` while one is in force.
    pub(crate) fn undisturbed_since(&self, watcher: usize, node: usize) -> Option<Duration> {
        let active = self.lock().files[watcher][node];
        (active.count == 0).then_some(active.since)
    }

    /// Notes that a frozen watcher is about to resume.
    pub(crate) fn set_resumed(&self, watcher: usize, now: Duration) {
        self.lock().resumed_at[watcher] = Some(now);
    }

    pub(crate) fn resumed_at(&self, watcher: usize) -> Option<Duration> {
        self.lock().resumed_at[watcher]
    }

    /// Notes when the watchers may not read a node.
    pub(crate) fn set_unreadable(&self, node: usize, from: Duration, until: Duration) {
        self.lock().unreadable[node] = Some((from, until));
    }

    pub(crate) fn unreadable(&self, node: usize) -> Option<(Duration, Duration)> {
        self.lock().unreadable[node]
    }

    /// Allows the ensemble's content to roll back until `until`.
    pub(crate) fn allow_rollback(&self, until: Duration) {
        self.lock().rollback_until = until;
    }

    pub(crate) fn may_roll_back(&self, now: Duration) -> bool {
        now < self.lock().rollback_until
    }

    /// Notes whether the ensemble is empty.
    pub(crate) fn set_empty(&self, ensemble_is_empty: bool) {
        self.lock().ensemble_is_empty = ensemble_is_empty;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().ensemble_is_empty
    }

    fn each(&self, scope: Scope, change: impl Fn(&mut ActiveFaults)) {
        let mut state = self.lock();
        for (watcher, files) in state.files.iter_mut().enumerate() {
            for (node, active) in files.iter_mut().enumerate() {
                let is_concerned = match scope {
                    Scope::Everything => true,
                    Scope::Watcher(of) => of == watcher,
                    Scope::Node(of) => of == node,
                    Scope::File(of, of_node) => (of, of_node) == (watcher, node),
                    Scope::Objects(of) => of == watcher && POINTERS.contains(&node),
                    Scope::Nothing => false,
                };
                if is_concerned {
                    change(active);
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_undisturbed_after_its_last_fault() {
        let second = Duration::from_secs(1);
        let disturbances = Disturbances::new();
        assert_eq!(disturbances.undisturbed_since(0, 0), None);
        disturbances.end(Scope::Everything, second);
        assert_eq!(disturbances.undisturbed_since(0, 0), Some(second));
        disturbances.begin(Scope::Watcher(0));
        disturbances.begin(Scope::Node(1));
        assert_eq!(disturbances.undisturbed_since(0, 1), None);
        disturbances.end(Scope::Watcher(0), second * 2);
        assert_eq!(disturbances.undisturbed_since(0, 1), None);
        assert_eq!(disturbances.undisturbed_since(0, 0), Some(second * 2));
        assert_eq!(disturbances.undisturbed_since(1, 0), Some(second));
        disturbances.end(Scope::Node(1), second * 3);
        assert_eq!(disturbances.undisturbed_since(0, 1), Some(second * 3));
    }

    #[test]
    fn a_fault_of_objects_excuses_no_other_node() {
        let disturbances = Disturbances::new();
        disturbances.end(Scope::Everything, Duration::ZERO);
        disturbances.begin(Scope::Objects(1));
        let disturbed =
            |watcher| move |node: &usize| disturbances.undisturbed_since(watcher, *node).is_none();
        assert_eq!((0..NODES).filter(disturbed(1)).collect::<Vec<_>>(), Vec::from_iter(POINTERS));
    }

    #[test]
    fn a_fault_without_an_excuse_disturbs_no_file() {
        let disturbances = Disturbances::new();
        disturbances.end(Scope::Everything, Duration::ZERO);
        disturbances.begin(Scope::Nothing);
        assert_eq!(disturbances.undisturbed_since(0, 0), Some(Duration::ZERO));
    }
}
