//! What the schedule knows of one file.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::sync::Weak;
use std::time::{Duration, Instant};

use super::dirs::{DirId, Step};
use super::{Pace, WatchId, Watched};
use crate::limits::MAX_UNSETTLED;
use crate::trigger::Trigger;

/// Where a file is between two looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Idle,
    Queued,
    Looking,
}

/// A look that waits for quiet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quiet {
    pub(super) due: Instant,
    pub(super) since: Instant,
    pub(super) trigger: Trigger,
    pub(super) writing: Option<Writing>,
}

/// Something happens to the file itself again and again, without a quiet time in between.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writing {
    since: Instant,
    last: Instant,
}

impl Writing {
    /// With one more event, at `now`.
    pub(super) fn go_on(former: Option<Self>, now: Instant, quiet: Duration) -> Self {
        let since = former
            .filter(|writing| now.duration_since(writing.last) < quiet)
            .map_or(now, |writing| writing.since);
        Self { since, last: now }
    }

    /// Whether this has gone on for so long that nobody waits for its end any more. Events say so, not the clock: whoever
    /// asks may have been kept from running since the last one.
    pub(super) fn is_endless(&self, quiet: Duration) -> bool {
        self.last + quiet >= self.since + MAX_UNSETTLED
    }
}

/// One file's place in the schedule.
pub(super) struct Slot {
    pub(super) watched: Weak<dyn Watched>,
    pub(super) pace: Pace,
    pub(super) stage: Stage,
    pub(super) pending: Trigger,
    pub(super) quiet: Option<Quiet>,
    /// The group that polls it.
    pub(super) every: Option<Duration>,
    /// When to try for events again.
    pub(super) rearm: Option<Instant>,
    pub(super) chain: Box<[Step]>,
    /// The chain leads to the file, and does not end at something missing before.
    pub(super) complete: bool,
}

impl Slot {
    pub(super) fn new(watched: Weak<dyn Watched>, pace: Pace) -> Self {
        Self {
            watched,
            pace,
            stage: Stage::Idle,
            pending: Trigger::default(),
            quiet: None,
            every: None,
            rearm: None,
            chain: Box::default(),
            complete: false,
        }
    }

    /// Whether something that happened to `name` in `dir` happened to the file itself.
    pub(super) fn ends_at(&self, dir: DirId, name: &OsStr) -> bool {
        // After the last name there may be a step for the file's own watch, without a name.
        let last = self.chain.iter().rev().find(|step| !step.name.is_empty());
        self.complete && last.is_some_and(|last| last.dir == dir && *last.name == *name)
    }

    /// True if it was not queued or being looked at already.
    pub(super) fn queue(&mut self, id: WatchId, queue: &mut VecDeque<WatchId>) -> bool {
        let idle = self.stage == Stage::Idle;
        if idle {
            self.stage = Stage::Queued;
            queue.push_back(id);
        }
        idle
    }
}
