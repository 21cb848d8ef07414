//! All measures. docs/benchmarks.md describes them and states the goals.

use super::measure::{Effort, Measure, Row};
use super::{idle, objects, outage, start, status, update};
use crate::environment::{FileSystem, NodeSize, OBJECT_BYTES};
use crate::figures::Goal::{self, AtLeastTheFloor, AtMost, BetterThanOriginal, TimesTheFloor};
use crate::figures::Unit::{self, Bytes, Count, Seconds, Times};
use crate::programs::Subject::{Floor, Original, Ours};

/// The measure that tells whether the floor deserves its name, and the factor by which the floor
/// must beat the original in it.
pub(crate) const FLOOR_MEASURE: &str = "start-10000";
pub(crate) const FLOOR_FACTOR: f64 = 10.0;
/// The measure with a plot of its samples.
pub(crate) const LATENCY_MEASURE: &str = "latency-100";

const MIB: f64 = (1 << 20) as f64;
const PAGE: u64 = 4096;
const LARGE_PAGES: u64 = 220;
const SKIPPED: Effort = Effort { rounds: 0, subjects: &[] };

const fn all(rounds: usize) -> Effort {
    Effort { rounds, subjects: &[Ours, Original, Floor] }
}

const fn without_original(rounds: usize) -> Effort {
    Effort { rounds, subjects: &[Ours, Floor] }
}

const fn without_floor(rounds: usize) -> Effort {
    Effort { rounds, subjects: &[Ours, Original] }
}

const fn ours(rounds: usize) -> Effort {
    Effort { rounds, subjects: &[Ours] }
}

const fn row(label: &'static str, unit: Unit, goals: &'static [Goal]) -> Row {
    Row { label, unit, goals }
}

/// All measures in running order. Those that fill the server come last.
pub(crate) const MEASURES: &[Measure] = &[
    Measure {
        name: "size",
        rows: &[row("release binary, stripped", Bytes, &[AtMost(10.0 * MIB)])],
        full: without_original(1),
        quick: without_original(1),
        tmpfs: 0,
        run: idle::size,
    },
    Measure {
        name: "start-1",
        rows: &[
            row("start, 1 node", Seconds, &[AtMost(0.030)]),
            row("CPU of that start", Seconds, &[]),
            row("resident, 1 node", Bytes, &[AtMost(6.0 * MIB)]),
        ],
        full: all(10),
        quick: all(3),
        tmpfs: PAGE,
        run: |environment, subject| start::start(environment, subject, 1, FileSystem::Tmpfs),
    },
    Measure {
        name: "start-1000",
        rows: &[
            row("start, 1,000 nodes of 200 B, tmpfs", Seconds, &[]),
            row("CPU of that start", Seconds, &[]),
            row("resident, 1,000 nodes", Bytes, &[AtMost(10.0 * MIB)]),
        ],
        full: all(5),
        quick: all(1),
        tmpfs: 1_000 * PAGE,
        run: |environment, subject| start::start(environment, subject, 1_000, FileSystem::Tmpfs),
    },
    Measure {
        name: FLOOR_MEASURE,
        rows: &[
            row(
                "start, 10,000 nodes of 200 B, tmpfs",
                Seconds,
                &[BetterThanOriginal(10.0), TimesTheFloor(1.5)],
            ),
            row("CPU of that start", Seconds, &[BetterThanOriginal(8.0)]),
            row("resident, 10,000 nodes", Bytes, &[AtMost(40.0 * MIB)]),
        ],
        full: all(5),
        quick: all(1),
        tmpfs: 10_000 * PAGE,
        run: |environment, subject| start::start(environment, subject, 10_000, FileSystem::Tmpfs),
    },
    Measure {
        name: "start-10000-disk",
        rows: &[
            row("start, 10,000 nodes, disk, ours with fsync", Seconds, &[BetterThanOriginal(5.0)]),
            row("CPU of that start", Seconds, &[]),
            row("resident, 10,000 nodes, disk", Bytes, &[]),
        ],
        full: all(5),
        quick: all(1),
        tmpfs: 0,
        run: |environment, subject| start::start(environment, subject, 10_000, FileSystem::Disk),
    },
    Measure {
        name: LATENCY_MEASURE,
        rows: &[
            row("write to file, 100 B, p50", Seconds, &[TimesTheFloor(1.3), BetterThanOriginal(2.0)]),
            row("write to file, 100 B, p99", Seconds, &[TimesTheFloor(1.6)]),
        ],
        full: all(5),
        quick: all(1),
        tmpfs: PAGE,
        run: |environment, subject| {
            update::latency(environment, subject, NodeSize::Tiny, if environment.quick { 200 } else { 1_000 })
        },
    },
    Measure {
        name: "burst-1000",
        rows: &[row(
            "1,000 nodes changed at once, to the last file",
            Seconds,
            &[AtMost(0.15), BetterThanOriginal(8.0)],
        )],
        full: all(5),
        quick: all(1),
        tmpfs: 1_000 * PAGE,
        run: update::burst,
    },
    Measure {
        name: "rewrite-1000",
        rows: &[
            row("1 node changed 1,000 times, versions seen", Count, &[AtLeastTheFloor]),
            row("the same, last write to last version", Seconds, &[]),
        ],
        full: all(5),
        quick: all(1),
        tmpfs: PAGE,
        run: update::rewrite,
    },
    Measure {
        name: "reset-10000",
        rows: &[
            row("connections reset, 10,000 watches, to the next writes", Seconds, &[AtMost(0.2)]),
            row("the same, peak threads", Count, &[AtMost(10.0)]),
            row("the same, requests", Count, &[AtMost(100.0)]),
        ],
        full: all(3),
        quick: without_original(1),
        tmpfs: 10_000 * PAGE,
        run: outage::reset,
    },
    Measure {
        name: "expiry-10000",
        rows: &[
            row("sessions lost, 10,000 watches, to full recovery", Seconds, &[]),
            row("the same / cold start", Times, &[AtMost(2.0)]),
            row("the same, files replaced needlessly", Count, &[AtMost(0.0)]),
        ],
        full: all(3),
        quick: without_original(1),
        tmpfs: 10_000 * PAGE,
        run: outage::expiry,
    },
    Measure {
        name: "idle-1000",
        rows: &[
            row("idle, 1,000 nodes, CPU a minute", Seconds, &[TimesTheFloor(1.0)]),
            row("the same, context switches a minute", Count, &[TimesTheFloor(1.0)]),
        ],
        full: all(2),
        quick: without_original(1),
        tmpfs: 1_000 * PAGE,
        run: idle::idle,
    },
    Measure {
        name: "status-10000",
        rows: &[
            row("scrape of the metrics of 10,000 nodes, p50", Seconds, &[AtMost(0.060)]),
            row("the same, more memory at its peak", Bytes, &[AtMost(4.0 * MIB)]),
            row("the same, more from write to file, p99", Seconds, &[AtMost(0.005)]),
        ],
        full: ours(3),
        quick: ours(1),
        tmpfs: 10_000 * PAGE,
        run: status::scrapes,
    },
    Measure {
        name: "pointers-50",
        rows: &[
            row("start, 50 pointers to S3", Seconds, &[BetterThanOriginal(4.0)]),
            row("CPU of that start", Seconds, &[]),
            row("resident, 50 pointers to S3", Bytes, &[]),
        ],
        full: without_floor(5),
        quick: without_floor(1),
        tmpfs: 50 * PAGE,
        run: objects::start,
    },
    Measure {
        name: "object-300m",
        rows: &[
            row("object of 300 MiB in S3, pointer to file", Seconds, &[]),
            row("the same / curl", Times, &[AtMost(1.11)]),
            row("CPU of that change", Seconds, &[]),
            row("the same, more memory at its peak", Bytes, &[AtMost(8.0 * MIB)]),
        ],
        full: without_floor(5),
        quick: without_floor(1),
        // The former file, its successor, and curl's.
        tmpfs: 3 * OBJECT_BYTES as u64,
        run: objects::large,
    },
    Measure {
        name: "latency-900k",
        rows: &[
            row("write to file, 900 KB JSON, p50", Seconds, &[TimesTheFloor(1.2), BetterThanOriginal(4.0)]),
            row("write to file, 900 KB JSON, p99", Seconds, &[]),
        ],
        full: all(3),
        quick: all(1),
        tmpfs: LARGE_PAGES * PAGE,
        run: |environment, subject| {
            update::latency(environment, subject, NodeSize::Large, if environment.quick { 30 } else { 100 })
        },
    },
    Measure {
        name: "start-100000",
        rows: &[
            row("start, 100,000 nodes of 200 B, tmpfs", Seconds, &[]),
            row("the same / start of 10,000", Times, &[AtMost(11.0)]),
            row("CPU of that start", Seconds, &[]),
            row("peak memory, 100,000 nodes", Bytes, &[AtMost(300.0 * MIB)]),
        ],
        full: without_original(3),
        quick: SKIPPED,
        tmpfs: 100_000 * PAGE,
        run: start::hundred_thousand,
    },
    Measure {
        name: "large-1000",
        rows: &[
            row("start, 1,000 nodes of 900 KB, tmpfs", Seconds, &[]),
            row("peak memory, 1,000 nodes of 900 KB", Bytes, &[AtMost(80.0 * MIB)]),
        ],
        full: all(2),
        quick: SKIPPED,
        tmpfs: 1_000 * LARGE_PAGES * PAGE,
        run: start::large_nodes,
    },
];

/// The names of all measures.
pub(crate) fn names() -> Vec<&'static str> {
    MEASURES.iter().map(|measure| measure.name).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_include_the_named_ones() {
        let unique: BTreeSet<_> = names().into_iter().collect();
        assert_eq!(unique.len(), MEASURES.len());
        assert!(unique.contains(FLOOR_MEASURE) && unique.contains(LATENCY_MEASURE));
    }

    #[test]
    fn a_full_run_has_the_subjects_that_its_goals_need() {
        for measure in MEASURES {
            for goal in measure.rows.iter().flat_map(|row| row.goals) {
                let needed = match goal {
                    BetterThanOriginal(_) => Original,
                    AtLeastTheFloor | TimesTheFloor(_) => Floor,
                    AtMost(_) => Ours,
                };
                assert!(measure.full.subjects.contains(&needed), "{}: {goal:?}", measure.name);
            }
        }
    }
}
