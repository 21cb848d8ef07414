//! The record of one node: plain values, and how a complaint is told from its repetition.

use std::time::{Duration, SystemTime};

use ld_fleet::ContentHash;
use ld_guard::Guard;
use tokio::time::Instant;

use crate::status::{Applied, Counts, State};

/// The same problem of the same node is logged once in this time.
const REPEAT_COMPLAINT: Duration = Duration::from_secs(600);

/// How often problems are looked for that were not logged for so long.
pub(crate) const LOOK_FOR_OVERDUE: Duration = Duration::from_secs(60);

/// A version of the node's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) mzxid: i64,
    pub(crate) bytes: u64,
    /// The hash of what the node held, if the engine was told to make it.
    pub(crate) hash: Option<ContentHash>,
}

/// What content was rejected by.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RejectedBy {
    Guard(Guard),
    /// It is a pointer that is not valid.
    Pointer,
    /// It has no signature that counts.
    Signature,
}

#[derive(Debug)]
pub(super) struct Record {
    /// Counts the changes of what is shown.
    pub(super) revision: u64,
    pub(super) state: State,
    pub(super) since: SystemTime,
    /// The first outcome is known.
    pub(super) settled: bool,
    /// The version of the node's content that the file holds, as far as this process knows.
    pub(super) applied: Option<Version>,
    pub(super) applied_at: Option<SystemTime>,
    pub(super) heartbeat_at: Option<SystemTime>,
    pub(super) confirmed_at: Option<SystemTime>,
    pub(super) last_apply: Option<Applied>,
    pub(super) counts: Counts,
    pub(super) problem: Option<Problem>,
    /// When another process was last suspected of changing the file again and again, and which one.
    pub(super) suspicion: Option<Box<(Instant, String)>>,
    /// Why this host follows no rollout of the node, if it is meant to.
    pub(super) no_rollout: Option<Box<str>>,
    /// Another node has claimed the file, and the node's task has not learned that yet.
    pub(super) lost_file: bool,
}

/// Why a node is not healthy.
#[derive(Debug, Default)]
pub(super) struct Problem {
    pub(super) error: String,
    /// Zero while a change only waits for its time.
    pub(super) attempts: u32,
    logged_at: Option<Instant>,
}

/// A problem that is to be logged again.
#[derive(Debug)]
pub(crate) struct Overdue {
    pub(crate) state: State,
    /// When the node entered that state.
    pub(crate) since: SystemTime,
    pub(crate) error: String,
}

impl Record {
    pub(super) fn new() -> Self {
        Self {
            revision: 0,
            state: State::Waiting,
            since: SystemTime::now(),
            settled: false,
            applied: None,
            applied_at: None,
            heartbeat_at: None,
            confirmed_at: None,
            last_apply: None,
            counts: Counts::default(),
            problem: None,
            suspicion: None,
            no_rollout: None,
            lost_file: false,
        }
    }

    /// Returns whether the state was another one before.
    pub(super) fn enter(&mut self, state: State) -> bool {
        let changed = self.state != state;
        if changed {
            self.state = state;
            self.since = SystemTime::now();
        }
        changed
    }

    /// Returns whether the error is new, or old enough to be repeated.
    pub(super) fn complain(&mut self, state: State, error: &str) -> bool {
        let entered = self.enter(state);
        let problem = self.problem.get_or_insert_default();
        problem.attempts = problem.attempts.saturating_add(1);
        let is_new = entered || problem.error != error;
        if is_new {
            error.clone_into(&mut problem.error);
        }
        let due = is_new || problem.logged_at.is_none_or(|at| at.elapsed() >= REPEAT_COMPLAINT);
        if due {
            problem.logged_at = Some(Instant::now());
        }
        due
    }

    pub(super) fn count_rejection(&mut self, by: RejectedBy) {
        let counts = &mut self.counts.rejections;
        count(match by {
            RejectedBy::Guard(Guard::Size) => &mut counts.size,
            RejectedBy::Guard(Guard::Format) => &mut counts.format,
            RejectedBy::Guard(_) => &mut counts.check,
            RejectedBy::Pointer => &mut counts.pointer,
            RejectedBy::Signature => &mut counts.signature,
        });
    }

    /// What is unhealthy and was not logged for a long time. It counts as logged now.
    pub(super) fn take_overdue(&mut self) -> Option<Overdue> {
        let (state, since) = (self.state, self.since);
        let problem = self.problem.as_mut().filter(|problem| problem.attempts > 0 && !state.is_good())?;
        if problem.logged_at?.elapsed() < REPEAT_COMPLAINT {
            return None;
        }
        problem.logged_at = Some(Instant::now());
        Some(Overdue { state, since, error: problem.error.clone() })
    }

    pub(super) fn set_healthy(&mut self, state: State) -> bool {
        self.enter(state);
        // A change that only waited for its time was no failure.
        self.problem.take().is_some_and(|problem| problem.attempts > 0)
    }
}

/// A counter starts again from 0 after its highest value.
pub(super) fn count(counter: &mut u32) {
    *counter = counter.wrapping_add(1);
}
