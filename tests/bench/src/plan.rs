//! Every measure with its rows and goals. The goals are those of docs/benchmarks.md.

use super::arena::{Arena, Place};
use super::change::{self, Size};
use super::contestant::Contestant;
use super::contestant::Contestant::{Floor, Original, Ours};
use super::goal::Goal::{self, AtLeastTheFloor, AtMost, BetterThanOriginal, TimesTheFloor};
use super::unit::Unit::{self, Bytes, Count, Seconds, Times};
use super::{idle, outage, start};
use ld_workspace::Failure;

/// Something that each contestant does by itself, several times.
#[derive(Debug)]
pub(super) struct Measure {
    /// For `--only`.
    pub(super) name: &'static str,
    /// One for each figure that a round gives.
    pub(super) rows: &'static [Row],
    pub(super) full: Effort,
    pub(super) quick: Effort,
    /// Bytes of destination files, each of which takes at least a page.
    pub(super) tmpfs: u64,
    /// What one contestant does in one round.
    pub(super) run: fn(&mut Arena, Contestant) -> Result<Vec<f64>, Failure>,
}

/// A line of the table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) label: &'static str,
    pub(super) unit: Unit,
    pub(super) goals: &'static [Goal],
}

/// How often, and who; nobody is a measure that is left out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    pub(super) rounds: usize,
    pub(super) who: &'static [Contestant],
}

/// The measure whose floor must be so much better than the original.
pub(super) const FLOOR_MEASURE: &str = "start-10000";
pub(super) const FLOOR_FACTOR: f64 = 10.0;

const MIB: f64 = (1 << 20) as f64;
const PAGE: u64 = 4096;
const LARGE_PAGES: u64 = 220;
const LEFT_OUT: Effort = Effort { rounds: 0, who: &[] };

const fn all(rounds: usize) -> Effort {
    Effort { rounds, who: &[Ours, Original, Floor] }
}

const fn without_original(rounds: usize) -> Effort {
    Effort { rounds, who: &[Ours, Floor] }
}

const fn row(label: &'static str, unit: Unit, goals: &'static [Goal]) -> Row {
    Row { label, unit, goals }
}

/// In the order in which they run: those that fill the server come last.
pub(super) const MEASURES: &[Measure] = &[
    Measure {
        name: "size",
        rows: &[row("release binary, stripped", Bytes, &[AtMost(8.0 * MIB)])],
        full: without_original(1),
        quick: without_original(1),
        tmpfs: 0,
        run: |arena, who| idle::size(if who == Ours { &arena.programs.ours } else { &arena.programs.floor }),
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
        run: |arena, who| start::start(arena, who, 1, Place::Tmpfs),
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
        run: |arena, who| start::start(arena, who, 1_000, Place::Tmpfs),
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
        run: |arena, who| start::start(arena, who, 10_000, Place::Tmpfs),
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
        run: |arena, who| start::start(arena, who, 10_000, Place::Disk),
    },
    Measure {
        name: "latency-100",
        rows: &[
            row("write to file, 100 B, p50", Seconds, &[TimesTheFloor(1.3), BetterThanOriginal(2.0)]),
            row("write to file, 100 B, p99", Seconds, &[TimesTheFloor(1.6)]),
        ],
        full: all(5),
        quick: all(1),
        tmpfs: PAGE,
        run: |arena, who| change::latency(arena, who, Size::Tiny, if arena.quick { 200 } else { 1_000 }),
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
        run: change::burst,
    },
    Measure {
        name: "rewrite-1000",
        rows: &[
            row("1 node changed 1,000 times, versions shown", Count, &[AtLeastTheFloor]),
            row("the same, last write to last version", Seconds, &[]),
        ],
        full: all(5),
        quick: all(1),
        tmpfs: PAGE,
        run: change::rewrite,
    },
    Measure {
        name: "reset-10000",
        rows: &[
            row("connections reset, 10,000 watches, next writes visible", Seconds, &[AtMost(0.2)]),
            row("the same, threads at most", Count, &[AtMost(10.0)]),
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
            row("sessions lost, 10,000 watches, all right again", Seconds, &[]),
            row("the same against a cold start", Times, &[AtMost(2.0)]),
            row("the same, files replaced without need", Count, &[AtMost(0.0)]),
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
        name: "latency-900k",
        rows: &[
            row("write to file, 900 KB JSON, p50", Seconds, &[TimesTheFloor(1.2), BetterThanOriginal(4.0)]),
            row("write to file, 900 KB JSON, p99", Seconds, &[]),
        ],
        full: all(3),
        quick: all(1),
        tmpfs: LARGE_PAGES * PAGE,
        run: |arena, who| change::latency(arena, who, Size::Large, if arena.quick { 30 } else { 100 }),
    },
    Measure {
        name: "start-100000",
        rows: &[
            row("start, 100,000 nodes of 200 B, tmpfs", Seconds, &[]),
            row("the same against 10,000", Times, &[AtMost(11.0)]),
            row("CPU of that start", Seconds, &[]),
            row("memory at most, 100,000 nodes", Bytes, &[AtMost(300.0 * MIB)]),
        ],
        full: without_original(3),
        quick: LEFT_OUT,
        tmpfs: 100_000 * PAGE,
        run: start::hundred_thousand,
    },
    Measure {
        name: "large-1000",
        rows: &[
            row("start, 1,000 nodes of 900 KB, tmpfs", Seconds, &[]),
            row("memory at most, 1,000 nodes of 900 KB", Bytes, &[AtMost(80.0 * MIB)]),
        ],
        full: all(2),
        quick: LEFT_OUT,
        tmpfs: 1_000 * LARGE_PAGES * PAGE,
        run: start::large_nodes,
    },
];

/// The names of all measures.
pub(super) fn names() -> Vec<&'static str> {
    MEASURES.iter().map(|measure| measure.name).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_the_one_of_the_floor_is_among_them() {
        let unique: BTreeSet<_> = names().into_iter().collect();
        assert_eq!(unique.len(), MEASURES.len());
        assert!(unique.contains(FLOOR_MEASURE));
    }

    #[test]
    fn no_goal_needs_a_contestant_that_is_left_out_in_full() {
        for measure in MEASURES {
            for goal in measure.rows.iter().flat_map(|row| row.goals) {
                let needed = match goal {
                    BetterThanOriginal(_) => Original,
                    AtLeastTheFloor | TimesTheFloor(_) => Floor,
                    AtMost(_) => Ours,
                };
                assert!(measure.full.who.contains(&needed), "{}: {goal:?}", measure.name);
            }
        }
    }
}
