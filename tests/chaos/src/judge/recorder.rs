//! The counts of a run, and whether it passed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::violation::Violation;
use crate::schedule::FaultKind;

/// A run with fewer applied versions proves too little.
const ENOUGH_APPLIED: usize = 500;
/// What must become of rollouts in a run.
const ROLLOUT_STEPS: [&str; 5] = ["started", "raised", "promoted", "taken back", "killed conductors"];
/// How many violations of a kind are described. More are only counted.
const DESCRIBED: usize = 8;

/// The counts of a run, shared by all its threads.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    counts: Mutex<Counts>,
    /// Set at the first violation of the kind that ends the run.
    stop: AtomicBool,
    stop_at: Option<Violation>,
}

/// All counts.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) faults: BTreeMap<FaultKind, usize>,
    pub(crate) writes: usize,
    /// Writes with an unknown outcome.
    pub(crate) unknown: usize,
    /// Writes that the writer reported as not written.
    pub(crate) rejected: usize,
    /// Nodes and versions that were seen in a file.
    pub(crate) applied: BTreeSet<(usize, u64)>,
    pub(crate) observations: u64,
    pub(crate) changes: u64,
    pub(crate) heartbeats: u64,
    pub(crate) violations: BTreeMap<Violation, usize>,
    /// What became of rollouts, in the words of docs/chaos.md.
    pub(crate) rollouts: BTreeMap<&'static str, usize>,
    /// Whether rollouts run.
    pub(crate) expects_rollouts: bool,
    /// How often a candidate appeared in a file.
    pub(crate) candidates: usize,
    /// The longest time that a file took to converge after its last fault.
    pub(crate) slowest: Duration,
    /// Reasons why the run proves nothing.
    pub(crate) obstacles: Vec<String>,
}

impl Recorder {
    /// A recorder that ends the run at the first violation of this kind.
    pub(crate) fn stopping_at(stop_at: Option<Violation>) -> Self {
        Self { stop_at, ..Self::default() }
    }

    pub(crate) fn with<T>(&self, f: impl FnOnce(&mut Counts) -> T) -> T {
        f(&mut self.lock())
    }

    /// Counts and prints a violation.
    pub(crate) fn violation(&self, now: Duration, violation: Violation, what: &str) {
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

    pub(crate) fn obstacle(&self, what: String) {
        println!("           OBSTACLE: {what}");
        self.with(|counts| counts.obstacles.push(what));
    }

    pub(crate) fn should_stop(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    pub(crate) fn into_counts(self) -> Counts {
        self.counts.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    pub(crate) fn of(&self, violation: Violation) -> usize {
        self.violations.get(&violation).copied().unwrap_or(0)
    }

    /// Each violation with its count.
    pub(crate) fn violated(&self) -> Vec<String> {
        self.violations.iter().map(|(violation, count)| format!("{violation}: {count}")).collect()
    }

    /// Why the run failed. Empty if it passed.
    pub(crate) fn failures(&self, kinds: &[FaultKind]) -> Vec<String> {
        let mut failures = self.violated();
        let missing: Vec<_> = kinds.iter().filter(|kind| !self.faults.contains_key(kind)).collect();
        failures.extend(missing.iter().map(|kind| format!("this fault did not happen: {kind}")));
        if self.applied.len() < ENOUGH_APPLIED {
            failures.push(format!("only {} of {ENOUGH_APPLIED} versions were applied", self.applied.len()));
        }
        if self.expects_rollouts {
            let missing = ROLLOUT_STEPS.iter().filter(|step| !self.rollouts.contains_key(*step));
            failures.extend(missing.map(|step| format!("no rollout had this: {step}")));
            if self.candidates == 0 {
                failures.push("no candidate appeared in a file".to_owned());
            }
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
        let (unknown, rejected) = (self.unknown, self.rejected);
        writeln!(
            f,
            "writes            {:6}  {unknown} with an unknown outcome; {rejected} rejected",
            self.writes
        )?;
        writeln!(f, "applied           {:6}  in {} file changes", self.applied.len(), self.changes)?;
        writeln!(
            f,
            "heartbeats        {:6}  in {} observations of files",
            self.heartbeats, self.observations
        )?;
        if self.expects_rollouts {
            let steps: Vec<_> = self.rollouts.iter().map(|(step, count)| format!("{count} {step}")).collect();
            writeln!(f, "candidates seen   {:6}  {}", self.candidates, steps.join(", "))?;
        }
        writeln!(f, "slowest recovery  {:6.1} s", self.slowest.as_secs_f64())?;
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
        Counts { faults: [(FaultKind::Reset, 2)].into(), applied, ..Counts::default() }
    }

    #[test]
    fn a_run_needs_all_faults_enough_writes_and_no_violation() {
        assert_eq!(good().failures(&[FaultKind::Reset]), [""; 0]);
        assert_eq!(good().failures(&[FaultKind::Reset, FaultKind::Blackhole]).len(), 1);
        let mut few = good();
        few.applied.pop_last();
        assert_eq!(few.failures(&[FaultKind::Reset]).len(), 1);
        let mut torn = good();
        torn.violations.insert(Violation::Torn, 1);
        assert_eq!(torn.failures(&[FaultKind::Reset]), ["torn: 1"]);
    }

    #[test]
    fn only_the_expected_violation_stops_a_run() {
        let recorder = Recorder::stopping_at(Some(Violation::Torn));
        recorder.violation(Duration::ZERO, Violation::Lost, "a test");
        assert!(!recorder.should_stop());
        recorder.violation(Duration::ZERO, Violation::Torn, "a test");
        assert!(recorder.should_stop());
    }
}
