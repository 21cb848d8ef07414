//! The schedule of faults: a function of the seed and the length alone.

mod fault_kind;

use std::time::Duration;

use fastrand::Rng;

pub(crate) use fault_kind::{FaultKind, Track};

/// The longest run, in minutes: a week.
pub(crate) const LONGEST_RUN_MINUTES: u64 = 7 * 24 * 60;

/// The number of watchers.
pub(crate) const WATCHERS: usize = 3;
/// The number of nodes. Each watcher keeps all of them as files. The last ones hold
/// [pointers](crate::nodes::POINTERS).
pub(crate) const NODES: usize = 8;
/// The pause between two faults of one track, in milliseconds.
const GAP: std::ops::Range<u64> = 200..1200;

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// When it begins, since the start of the run. On a slow machine it may begin later.
    pub(crate) at: Duration,
    pub(crate) kind: FaultKind,
    /// The time until it is healed.
    pub(crate) duration: Duration,
    /// The watcher and the node concerned, as far as the kind needs them.
    pub(crate) watcher: usize,
    pub(crate) node: usize,
    /// Chooses a server among those that qualify when the fault begins. The ensemble decides which
    /// servers follow.
    pub(crate) pick: usize,
}

/// All faults of a run: one sequence for each track. Tracks run concurrently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schedule {
    pub(crate) kinds: Vec<FaultKind>,
    pub(crate) tracks: Vec<Vec<Event>>,
}

impl Schedule {
    /// Repeats all `kinds` in random order until `length` is over, at least once.
    pub(crate) fn new(seed: u64, length: Duration, kinds: &[FaultKind]) -> Self {
        let tracks = Track::ALL.iter().zip(1..).map(|(track, salt)| {
            let mut rng = Rng::with_seed(seed.wrapping_mul(31).wrapping_add(salt));
            let kinds: Vec<FaultKind> = kinds.iter().copied().filter(|kind| kind.track() == *track).collect();
            sequence(&mut rng, length, &kinds)
        });
        Self { kinds: kinds.to_vec(), tracks: tracks.collect() }
    }

    /// The number of faults.
    pub(crate) fn events(&self) -> usize {
        self.tracks.iter().map(Vec::len).sum()
    }
}

fn sequence(rng: &mut Rng, length: Duration, kinds: &[FaultKind]) -> Vec<Event> {
    let mut events = Vec::new();
    let mut at = Duration::ZERO;
    while !kinds.is_empty() && at < length {
        let mut round = kinds.to_vec();
        rng.shuffle(&mut round);
        let first = events.is_empty();
        for kind in round {
            at += Duration::from_millis(rng.u64(GAP));
            let event = Event {
                at,
                kind,
                duration: kind.duration(),
                watcher: rng.usize(..WATCHERS),
                node: kind.node(rng.usize(..NODES)),
                pick: rng.usize(..1024),
            };
            // The first round is always complete. Later ones end with the run.
            if !first && at + event.duration > length {
                return events;
            }
            at += event.duration + kind.overhead();
            events.push(event);
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const SHORT: Duration = Duration::from_secs(90);

    fn kinds_of(schedule: &Schedule) -> BTreeSet<FaultKind> {
        schedule.tracks.iter().flatten().map(|event| event.kind).collect()
    }

    #[test]
    fn a_schedule_is_a_function_of_its_seed() {
        let kinds = FaultKind::for_length(SHORT);
        assert_eq!(Schedule::new(42, SHORT, &kinds), Schedule::new(42, SHORT, &kinds));
        assert_ne!(Schedule::new(42, SHORT, &kinds), Schedule::new(43, SHORT, &kinds));
    }

    #[test]
    fn all_short_kinds_fit_into_ninety_seconds() {
        let kinds = FaultKind::for_length(SHORT);
        for seed in 0..200 {
            let schedule = Schedule::new(seed, SHORT, &kinds);
            assert_eq!(kinds_of(&schedule), kinds.iter().copied().collect());
            let last = schedule.tracks.iter().filter_map(|track| track.last());
            let end = last.map(|event| event.at + event.duration).max().unwrap();
            assert!(end <= SHORT, "seed {seed} ends after {end:?}");
        }
    }

    #[test]
    fn a_long_run_has_all_kinds() {
        let length = Duration::from_secs(600);
        let kinds = FaultKind::for_length(length);
        assert_eq!(kinds.len(), FaultKind::ALL.len());
        assert_eq!(kinds_of(&Schedule::new(1, length, &kinds)), FaultKind::ALL.into_iter().collect());
        assert!(kinds.len() > FaultKind::for_length(SHORT).len());
    }

    #[test]
    fn faults_of_one_track_do_not_overlap() {
        let schedule = Schedule::new(5, SHORT, &FaultKind::for_length(SHORT));
        for track in &schedule.tracks {
            assert!(track.windows(2).all(|pair| pair[0].at + pair[0].duration < pair[1].at));
        }
    }
}
