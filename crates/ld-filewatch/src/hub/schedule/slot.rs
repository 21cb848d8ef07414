//! What the schedule knows of one file.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::sync::Weak;
use std::time::{Duration, Instant};

use super::dirs::{DirId, Step};
use crate::check::trigger::Trigger;
use crate::hub::watched::{Timing, WatchId, Watched};
use crate::limits::MAX_UNSETTLED;

/// The state of a file between two checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Idle,
    Queued,
    /// Claimed by a thread that checks it.
    Checking,
}

/// A check that waits for quiet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quiet {
    pub(crate) due: Instant,
    pub(crate) since: Instant,
    pub(crate) trigger: Trigger,
    pub(crate) writing: Option<Writing>,
}

/// A series of events of the file itself without a quiet time in between.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writing {
    since: Instant,
    last: Instant,
}

impl Writing {
    /// Adds one more event, at `now`.
    pub(crate) fn extend(former: Option<Self>, now: Instant, quiet: Duration) -> Self {
        let since = former
            .filter(|writing| now.duration_since(writing.last) < quiet)
            .map_or(now, |writing| writing.since);
        Self { since, last: now }
    }

    /// Whether the series is so long that its end is not waited for. The events decide, not the
    /// clock: the process may have been paused since the last one.
    pub(crate) fn is_endless(&self, quiet: Duration) -> bool {
        self.last + quiet >= self.since + MAX_UNSETTLED
    }
}

/// One file's entry in the schedule.
pub(crate) struct Slot {
    pub(crate) watched: Weak<dyn Watched>,
    pub(crate) timing: Timing,
    pub(crate) stage: Stage,
    pub(crate) pending: Trigger,
    pub(crate) quiet: Option<Quiet>,
    /// The group that polls it.
    pub(crate) every: Option<Duration>,
    /// When to try again to set the watches.
    pub(crate) retry_watches: Option<Instant>,
    pub(crate) chain: Box<[Step]>,
    /// The chain leads to the file and does not end at something missing before.
    pub(crate) complete: bool,
}

impl Slot {
    pub(crate) fn new(watched: Weak<dyn Watched>, timing: Timing) -> Self {
        Self {
            watched,
            timing,
            // The thread that adds it makes the first check.
            stage: Stage::Checking,
            pending: Trigger::default(),
            quiet: None,
            every: None,
            retry_watches: None,
            chain: Box::default(),
            complete: false,
        }
    }

    /// Whether something that happened to `name` in `dir` happened to the file itself.
    pub(crate) fn ends_at(&self, dir: DirId, name: &OsStr) -> bool {
        // After the last name there may be a step for the file's own watch, without a name.
        let last = self.chain.iter().rev().find(|step| !step.name.is_empty());
        self.complete && last.is_some_and(|last| last.dir == dir && *last.name == *name)
    }

    /// True if it was idle and is queued now.
    pub(crate) fn queue(&mut self, id: WatchId, queue: &mut VecDeque<WatchId>) -> bool {
        let idle = self.stage == Stage::Idle;
        if idle {
            self.stage = Stage::Queued;
            queue.push_back(id);
        }
        idle
    }
}
