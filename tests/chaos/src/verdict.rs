//! What a run counted, and whether it passed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::kind::Kind;

/// A run in which fewer writes arrived proves too little.
pub(super) const ENOUGH_APPLIED: usize = 500;
/// So many violations of a kind are described; the others are only counted.
const DESCRIBED: usize = 8;

/// What an invariant's breach is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Violation {
    /// A file did not get its content, though nothing was in its way any more.
    Lost,
    /// A file held a part of a version, or something that was never written.
    Torn,
    /// A file held an older version than before.
    Backwards,
    /// The mtime of a file moved that was out of date.
    FalseHeartbeat,
    /// A file did not change and had no heartbeat during a fault that must go unnoticed.
    Silent,
    /// A file was removed because its ensemble was empty.
    Emptied,
    /// A file that is none of the watcher's is gone.
    ForeignRemoved,
    /// A temporary file was left over.
    Stray,
    /// A watcher ended by itself, or did not end when it was asked to.
    Died,
}

impl Violation {
    const ALL: [Self; 9] = [
        Self::Lost,
        Self::Torn,
        Self::Backwards,
        Self::FalseHeartbeat,
        Self::Silent,
        Self::Emptied,
        Self::ForeignRemoved,
        Self::Stray,
        Self::Died,
    ];
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Lost => "lost",
            Self::Torn => "torn",
            Self::Backwards => "backwards",
            Self::FalseHeartbeat => "false heartbeats",
            Self::Silent => "silent",
            Self::Emptied => "emptied",
            Self::ForeignRemoved => "foreign removed",
            Self::Stray => "stray temporaries",
            Self::Died => "died",
        })
    }
}

/// The counts of a run; everybody adds to them.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: Mutex<Counts>,
    /// Set at the first violation of a run that is to end there.
    stop: AtomicBool,
    stop_at: Option<Violation>,
}

/// All that is counted.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) faults: BTreeMap<Kind, usize>,
    pub(super) writes: usize,
    pub(super) doubtful: usize,
    /// Writes that were said not to have happened.
    pub(super) refused: usize,
    /// Versions that were seen in a file.
    pub(super) applied: BTreeSet<(usize, u64)>,
    pub(super) looks: u64,
    pub(super) changes: u64,
    pub(super) heartbeats: u64,
    pub(super) violations: BTreeMap<Violation, usize>,
    /// The longest that a file took to be right once nothing was in its way.
    pub(super) slowest: Duration,
    /// What kept the run from proving anything.
    pub(super) obstacles: Vec<String>,
}

impl Tally {
    /// A tally that asks for the end of the run at the first violation of this kind.
    pub(super) fn stopping_at(stop_at: Option<Violation>) -> Self {
        Self { stop_at, ..Self::default() }
    }

    pub(super) fn with<T>(&self, f: impl FnOnce(&mut Counts) -> T) -> T {
        f(&mut self.lock())
    }

    /// Counts a violation and says at once what it is.
    pub(super) fn violation(&self, now: Duration, violation: Violation, what: &str) {
        let count = self.with(|counts| {
            let count = counts.violations.entry(violation).or_default();
            *count += 1;
            *count
        });
        if count <= DESCRIBED {
            println!("{:7.2} s  VIOLATION, {violation}: {what}", now.as_secs_f64());
        }
        if self.stop_at == Some(violation) {
            self.stop.store(true, Ordering::SeqCst);
        }
    }

    pub(super) fn obstacle(&self, what: String) {
        println!("           cannot go on as planned: {what}");
        self.with(|counts| counts.obstacles.push(what));
    }

    pub(super) fn shall_stop(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    pub(super) fn into_counts(self) -> Counts {
        self.counts.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    pub(super) fn of(&self, violation: Violation) -> usize {
        self.violations.get(&violation).copied().unwrap_or(0)
    }

    /// What was violated, and how often.
    pub(super) fn violated(&self) -> Vec<String> {
        self.violations.iter().map(|(violation, count)| format!("{violation}: {count}")).collect()
    }

    /// Why the run did not pass; empty if it did.
    pub(super) fn failures(&self, kinds: &[Kind]) -> Vec<String> {
        let mut failures = self.violated();
        let missing: Vec<_> = kinds.iter().filter(|kind| !self.faults.contains_key(kind)).collect();
        failures.extend(missing.iter().map(|kind| format!("this fault never happened: {kind}")));
        if self.applied.len() < ENOUGH_APPLIED {
            failures.push(format!("only {} writes were applied, of {ENOUGH_APPLIED}", self.applied.len()));
        }
        failures.extend(self.obstacles.iter().cloned());
        failures
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "faults            {:6}", self.faults.values().sum::<usize>())?;
        for (kind, count) in &self.faults {
            writeln!(f, "  {kind:28} {count:4}")?;
        }
        let (doubtful, refused) = (self.doubtful, self.refused);
        writeln!(
            f,
            "writes            {:6}  {doubtful} of them of unknown outcome; {refused} refused",
            self.writes
        )?;
        writeln!(f, "applied           {:6}  in {} changes of files", self.applied.len(), self.changes)?;
        writeln!(f, "heartbeats        {:6}  in {} looks at files", self.heartbeats, self.looks)?;
        writeln!(f, "slowest to heal   {:6.1} s", self.slowest.as_secs_f64())?;
        for violation in Violation::ALL {
            let count = self.violations.get(&violation).copied().unwrap_or(0);
            writeln!(f, "{violation:17} {count:6}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Counts {
        let applied = (1..=ENOUGH_APPLIED as u64).map(|version| (0, version)).collect();
        Counts { faults: [(Kind::Reset, 2)].into(), applied, ..Counts::default() }
    }

    #[test]
    fn a_run_passes_only_with_every_fault_enough_writes_and_no_violation() {
        assert_eq!(good().failures(&[Kind::Reset]), [""; 0]);
        assert_eq!(good().failures(&[Kind::Reset, Kind::Blackhole]).len(), 1);
        let mut few = good();
        few.applied.pop_last();
        assert_eq!(few.failures(&[Kind::Reset]).len(), 1);
        let mut torn = good();
        torn.violations.insert(Violation::Torn, 1);
        assert_eq!(torn.failures(&[Kind::Reset]), ["torn: 1"]);
    }

    #[test]
    fn only_the_violation_that_it_waits_for_stops_a_run() {
        let tally = Tally::stopping_at(Some(Violation::Torn));
        tally.violation(Duration::ZERO, Violation::Lost, "a test");
        assert!(!tally.shall_stop());
        tally.violation(Duration::ZERO, Violation::Torn, "a test");
        assert!(tally.shall_stop());
    }
}
