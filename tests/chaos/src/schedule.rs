//! Which faults happen, when and to whom: a function of the seed and the length alone.

use std::time::Duration;

use fastrand::Rng;

use super::kind::{Kind, Track};

/// Watchers in the world.
pub(super) const WATCHERS: usize = 3;
/// Nodes that each of them keeps as files.
pub(super) const NODES: usize = 6;
/// The pause before a fault of the same track, in milliseconds.
const GAP: std::ops::Range<u64> = 200..1200;

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// When, counted from the start. One that comes late because the machine is slow shifts those behind it.
    pub(super) at: Duration,
    pub(super) kind: Kind,
    /// How long it lasts before it is healed.
    pub(super) hold: Duration,
    /// Its victims; a kind uses those that it needs.
    pub(super) watcher: usize,
    pub(super) node: usize,
    /// Chooses one of those that qualify when it happens: which server follows is the ensemble's decision.
    pub(super) pick: usize,
}

/// All faults of a run, one sequence for each track. Tracks run beside each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Schedule {
    pub(super) kinds: Vec<Kind>,
    pub(super) tracks: Vec<Vec<Event>>,
}

impl Schedule {
    /// Rounds of all `kinds`, each round in another order, until `length` is over; at least one round.
    pub(super) fn new(seed: u64, length: Duration, kinds: &[Kind]) -> Self {
        let tracks = Track::ALL.iter().zip(1..).map(|(track, salt)| {
            let mut rng = Rng::with_seed(seed.wrapping_mul(31).wrapping_add(salt));
            let kinds: Vec<Kind> = kinds.iter().copied().filter(|kind| kind.track() == *track).collect();
            sequence(&mut rng, length, &kinds)
        });
        Self { kinds: kinds.to_vec(), tracks: tracks.collect() }
    }

    /// How many faults there are.
    pub(super) fn events(&self) -> usize {
        self.tracks.iter().map(Vec::len).sum()
    }
}

fn sequence(rng: &mut Rng, length: Duration, kinds: &[Kind]) -> Vec<Event> {
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
                hold: kind.hold(),
                watcher: rng.usize(..WATCHERS),
                node: rng.usize(..NODES),
                pick: rng.usize(..1024),
            };
            // The first round is whole whatever the length, later ones end with the run.
            if !first && at + event.hold > length {
                return events;
            }
            at += event.hold + kind.takes();
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

    fn happens(schedule: &Schedule) -> BTreeSet<Kind> {
        schedule.tracks.iter().flatten().map(|event| event.kind).collect()
    }

    #[test]
    fn a_schedule_is_a_function_of_its_seed() {
        let kinds = Kind::of_a_run(SHORT);
        assert_eq!(Schedule::new(42, SHORT, &kinds), Schedule::new(42, SHORT, &kinds));
        assert_ne!(Schedule::new(42, SHORT, &kinds), Schedule::new(43, SHORT, &kinds));
    }

    #[test]
    fn every_short_kind_happens_within_ninety_seconds() {
        let kinds = Kind::of_a_run(SHORT);
        for seed in 0..200 {
            let schedule = Schedule::new(seed, SHORT, &kinds);
            assert_eq!(happens(&schedule), kinds.iter().copied().collect());
            let last = schedule.tracks.iter().filter_map(|track| track.last());
            let end = last.map(|event| event.at + event.hold).max().unwrap();
            assert!(end <= SHORT, "seed {seed} ends after {end:?}");
        }
    }

    #[test]
    fn a_long_run_has_every_kind_there_is() {
        let length = Duration::from_secs(600);
        let kinds = Kind::of_a_run(length);
        assert_eq!(kinds.len(), Kind::ALL.len());
        assert_eq!(happens(&Schedule::new(1, length, &kinds)), Kind::ALL.into_iter().collect());
        assert!(kinds.len() > Kind::of_a_run(SHORT).len());
    }

    #[test]
    fn faults_of_one_track_do_not_overlap() {
        let schedule = Schedule::new(5, SHORT, &Kind::of_a_run(SHORT));
        for track in &schedule.tracks {
            assert!(track.windows(2).all(|pair| pair[0].at + pair[0].hold < pair[1].at));
        }
    }
}
