//! What becomes of a rollout beside its conductors.

use fastrand::Rng;

/// What becomes of a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Its conductors alone bring it to its end.
    Left,
    /// The same, and the watchers reject the candidate.
    Bad,
    Abort,
    Promote,
    /// The node is written, so that it cannot be promoted.
    Write,
    /// It is paused: a step, and no end.
    Pause,
}

/// The fates of the rollouts of one node: the most important ones come first and come often.
#[derive(Debug)]
pub(super) struct Fates(Vec<Fate>);

impl Fates {
    pub(super) fn new(rng: &mut Rng) -> Self {
        let mut first = vec![Fate::Left, Fate::Bad];
        rng.shuffle(&mut first);
        Self(first)
    }

    /// The fate of the next rollout.
    pub(super) fn next(&mut self, rng: &mut Rng) -> Fate {
        if self.0.is_empty() {
            self.0 =
                vec![Fate::Left, Fate::Left, Fate::Bad, Fate::Bad, Fate::Abort, Fate::Promote, Fate::Write];
            rng.shuffle(&mut self.0);
        }
        self.0.last().copied().unwrap_or(Fate::Left)
    }

    /// A rollout has begun.
    pub(super) fn take(&mut self) {
        self.0.pop();
    }
}
