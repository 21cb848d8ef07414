//! Counters and histograms over all nodes, also those that are gone.

use std::collections::HashMap;

use ld_sync::{Counts, Status};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// 0.25 ms to 8 s, doubling.
const APPLY_BUCKETS: [f64; 16] = [
    0.000_25, 0.000_5, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048,
    4.096, 8.192,
];

/// 1 ms to an hour: `apply_jitter` is a part of it.
const PROPAGATION_BUCKETS: [f64; 14] =
    [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0, 120.0, 600.0, 3600.0];

/// One label.
type Label = [(&'static str, &'static str); 1];

#[derive(Debug)]
pub(super) struct Totals {
    applied: Counter,
    failures: Family<Label, Counter>,
    rejections: Family<Label, Counter>,
    repaired: Counter,
    apply_duration: Histogram,
    propagation: Histogram,
}

impl Default for Totals {
    fn default() -> Self {
        let totals = Self {
            applied: Counter::default(),
            failures: Family::default(),
            rejections: Family::default(),
            repaired: Counter::default(),
            apply_duration: Histogram::new(APPLY_BUCKETS),
            propagation: Histogram::new(PROPAGATION_BUCKETS),
        };
        // 0 from the start, not missing.
        reasons(&Counts::default()).into_iter().for_each(|(reason, _)| totals.fail(reason, 0));
        guards(&Counts::default()).into_iter().for_each(|(guard, _)| totals.reject(guard, 0));
        totals
    }
}

/// The failures that a node counts, by reason.
fn reasons(counts: &Counts) -> [(&'static str, u32); 4] {
    [
        ("failed", counts.failed),
        ("hung", counts.hung),
        ("rejected", counts.rejections.total()),
        ("unreadable", counts.unreadable),
    ]
}

/// The rejections that a node counts, by guard.
fn guards(counts: &Counts) -> [(&'static str, u32); 5] {
    let by = counts.rejections;
    [
        ("size", by.size),
        ("format", by.format),
        ("check", by.check),
        ("pointer", by.pointer),
        ("signature", by.signature),
    ]
}

impl Totals {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("applies", "Files that were replaced or removed", self.applied.clone());
        registry.register(
            "failures",
            "Attempts that failed, by reason: failed and hung are file work, rejected is content, unreadable is the \
             node",
            self.failures.clone(),
        );
        registry.register(
            "rejections",
            "Content that was rejected, by guard: size, format, check, signature, or pointer for one that is not \
             valid",
            self.rejections.clone(),
        );
        registry.register(
            "drift_repairs",
            "Changes of files by other processes that were found and repaired",
            self.repaired.clone(),
        );
        registry.register(
            "apply_duration_seconds",
            "The work on a file that was replaced",
            self.apply_duration.clone(),
        );
        registry.register(
            "propagation_seconds",
            "From the change of a node, by the leader's clock, to the replaced file, by this host's",
            self.propagation.clone(),
        );
    }

    fn reject(&self, guard: &'static str, times: u64) {
        self.rejections.get_or_create(&[("guard", guard)]).inc_by(times);
    }

    fn fail(&self, reason: &'static str, times: u64) {
        self.failures.get_or_create(&[("reason", reason)]).inc_by(times);
    }
}

/// What of each node was counted.
#[derive(Debug, Default)]
pub(super) struct Counted(HashMap<String, Counts>);

impl Counted {
    /// Counts what happened since the nodes were counted last.
    pub(super) fn count(&mut self, totals: &Totals, statuses: Vec<Status>) {
        for status in statuses {
            let (before, now) = (self.0.get(&status.name).copied().unwrap_or_default(), status.counts);
            let applied = since(before.applied, now.applied);
            totals.applied.inc_by(applied);
            if let Some(last) = status.applied.filter(|_| applied > 0) {
                totals.apply_duration.observe(last.took.as_secs_f64());
                if let Some(delay) = last.propagated {
                    totals.propagation.observe(delay.as_secs_f64());
                }
            }
            totals.repaired.inc_by(since(before.repaired, now.repaired));
            for ((reason, before), (_, now)) in reasons(&before).into_iter().zip(reasons(&now)) {
                totals.fail(reason, since(before, now));
            }
            for ((guard, before), (_, now)) in guards(&before).into_iter().zip(guards(&now)) {
                totals.reject(guard, since(before, now));
            }
            self.0.insert(status.name, now);
        }
    }
}

/// How much a counter grew. One that is smaller than before has begun again.
fn since(before: u32, now: u32) -> u64 {
    now.checked_sub(before).unwrap_or(now).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_that_began_again_counts_from_zero() {
        assert_eq!((since(3, 5), since(5, 5), since(5, 2)), (2, 0, 2));
    }
}
