//! What is disturbed at the moment, and since when nothing is: what a file's time to converge is counted from.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::schedule::{NODES, WATCHERS};

/// What a fault concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Everything,
    Watcher(usize),
    Node(usize),
    File(usize, usize),
    /// It must go unnoticed: no file may be late because of it.
    Nothing,
}

/// The faults in force. Moments are times since the start of the run.
#[derive(Debug)]
pub(super) struct Peace(Mutex<State>);

#[derive(Debug)]
struct State {
    files: [[Calm; NODES]; WATCHERS],
    thawed: [Option<Duration>; WATCHERS],
    /// When the watchers might not read a node the last time, from and until.
    unreadable: [Option<(Duration, Duration)>; NODES],
    /// The ensemble's content may go back until then.
    back_until: Duration,
    void: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Calm {
    faults: usize,
    since: Duration,
}

impl Peace {
    /// Everything is disturbed until `Scope::Everything` is healed for the first time: the start is a fault as any other.
    pub(super) fn new() -> Self {
        let files = [[Calm { faults: 1, since: Duration::ZERO }; NODES]; WATCHERS];
        let (thawed, unreadable) = ([None; WATCHERS], [None; NODES]);
        Self(Mutex::new(State { files, thawed, unreadable, back_until: Duration::ZERO, void: false }))
    }

    /// A fault begins.
    pub(super) fn disturb(&self, scope: Scope) {
        self.each(scope, |calm| calm.faults += 1);
    }

    /// It is healed.
    pub(super) fn heal(&self, scope: Scope, now: Duration) {
        self.each(scope, |calm| {
            calm.faults -= 1;
            calm.since = now;
        });
    }

    /// Since when nothing is in the way of a file; `None` while something is.
    pub(super) fn undisturbed(&self, watcher: usize, node: usize) -> Option<Duration> {
        let calm = self.lock().files[watcher][node];
        (calm.faults == 0).then_some(calm.since)
    }

    /// A watcher is about to go on that stood still.
    pub(super) fn thaws(&self, watcher: usize, now: Duration) {
        self.lock().thawed[watcher] = Some(now);
    }

    pub(super) fn thawed(&self, watcher: usize) -> Option<Duration> {
        self.lock().thawed[watcher]
    }

    /// The watchers may not read a node in that time.
    pub(super) fn set_unreadable(&self, node: usize, from: Duration, until: Duration) {
        self.lock().unreadable[node] = Some((from, until));
    }

    pub(super) fn unreadable(&self, node: usize) -> Option<(Duration, Duration)> {
        self.lock().unreadable[node]
    }

    /// The ensemble's content may go back until `until`.
    pub(super) fn let_go_back(&self, until: Duration) {
        self.lock().back_until = until;
    }

    pub(super) fn may_go_back(&self, now: Duration) -> bool {
        now < self.lock().back_until
    }

    /// The ensemble is empty, or is not any more.
    pub(super) fn set_void(&self, void: bool) {
        self.lock().void = void;
    }

    pub(super) fn is_void(&self) -> bool {
        self.lock().void
    }

    fn each(&self, scope: Scope, change: impl Fn(&mut Calm)) {
        let mut state = self.lock();
        for (watcher, files) in state.files.iter_mut().enumerate() {
            for (node, calm) in files.iter_mut().enumerate() {
                let concerned = match scope {
                    Scope::Everything => true,
                    Scope::Watcher(of) => of == watcher,
                    Scope::Node(of) => of == node,
                    Scope::File(its_watcher, its_node) => (its_watcher, its_node) == (watcher, node),
                    Scope::Nothing => false,
                };
                if concerned {
                    change(calm);
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
    fn a_file_is_at_peace_when_the_last_of_its_faults_is_healed() {
        let second = Duration::from_secs(1);
        let peace = Peace::new();
        assert_eq!(peace.undisturbed(0, 0), None);
        peace.heal(Scope::Everything, second);
        assert_eq!(peace.undisturbed(0, 0), Some(second));
        peace.disturb(Scope::Watcher(0));
        peace.disturb(Scope::Node(1));
        assert_eq!(peace.undisturbed(0, 1), None);
        peace.heal(Scope::Watcher(0), second * 2);
        assert_eq!(peace.undisturbed(0, 1), None);
        assert_eq!(peace.undisturbed(0, 0), Some(second * 2));
        assert_eq!(peace.undisturbed(1, 0), Some(second));
        peace.heal(Scope::Node(1), second * 3);
        assert_eq!(peace.undisturbed(0, 1), Some(second * 3));
    }

    #[test]
    fn a_fault_that_must_go_unnoticed_disturbs_no_file() {
        let peace = Peace::new();
        peace.heal(Scope::Everything, Duration::ZERO);
        peace.disturb(Scope::Nothing);
        assert_eq!(peace.undisturbed(0, 0), Some(Duration::ZERO));
    }
}
