//! What the engine knows of one node: the home of everything that [`Status`] shows.

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use ld_config::NodeConfig;
use tokio::sync::Notify;

use super::outcomes::Outcomes;
use crate::status::{Applied, Counts, State, Status};

/// The same complaint about the same node is logged this often at most.
const REPEAT_COMPLAINT: Duration = Duration::from_secs(60);

/// One configured node. Its task changes the record; others read it.
pub(crate) struct Node {
    /// Its number: of two nodes with one file, the lower one gets it.
    pub(crate) index: usize,
    pub(crate) config: NodeConfig,
    /// Makes the node's task read the node again.
    pub(crate) recheck: Notify,
    outcomes: Arc<Outcomes>,
    record: Mutex<Record>,
}

struct Record {
    /// Counts the changes of what is shown.
    revision: u64,
    state: State,
    since: SystemTime,
    /// The first outcome is known.
    settled: bool,
    /// The version of the node's content that the file holds, as far as this process knows.
    applied: Option<Version>,
    applied_at: Option<SystemTime>,
    heartbeat_at: Option<SystemTime>,
    last_apply: Option<Applied>,
    counts: Counts,
    problem: Option<Problem>,
    /// Another node has the file, so this one cannot be current.
    lost_file: bool,
}

/// A version of the node's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) mzxid: i64,
    pub(crate) bytes: u64,
}

/// Why a node is not healthy.
#[derive(Default)]
struct Problem {
    error: String,
    /// Zero while a change only waits for its time.
    attempts: u32,
    logged_at: Option<Instant>,
}

impl Node {
    pub(crate) fn new(index: usize, config: NodeConfig, outcomes: Arc<Outcomes>) -> Self {
        outcomes.expect_one();
        let record = Record {
            revision: 0,
            state: State::Waiting,
            since: SystemTime::now(),
            settled: false,
            applied: None,
            applied_at: None,
            heartbeat_at: None,
            last_apply: None,
            counts: Counts::default(),
            problem: None,
            lost_file: false,
        };
        Self { index, config, recheck: Notify::new(), outcomes, record: Mutex::new(record) }
    }

    pub(crate) fn state(&self) -> State {
        self.with(|record| record.state)
    }

    /// The version that the file holds, as far as this process knows.
    pub(crate) fn applied(&self) -> Option<Version> {
        self.with(|record| record.applied)
    }

    /// The file holds the node's content; `replaced` if it had to be replaced for that. Returns
    /// whether the node was unhealthy before.
    pub(crate) fn set_current(&self, version: Version, replaced: Option<Applied>) -> bool {
        self.settle(|record| {
            if record.lost_file {
                return false;
            }
            record.applied = Some(version);
            if replaced.is_some() {
                record.applied_at = Some(SystemTime::now());
                record.heartbeat_at = record.applied_at;
                record.last_apply = replaced;
                count(&mut record.counts.applied);
            }
            record.set_healthy(State::Current)
        })
    }

    /// Neither node nor file exists. Returns the state before, and whether the node was unhealthy.
    pub(crate) fn set_absent(&self, removed: bool) -> (State, bool) {
        self.settle(|record| {
            let before = record.state;
            record.applied = None;
            if removed {
                record.applied_at = Some(SystemTime::now());
                count(&mut record.counts.applied);
            }
            (before, record.set_healthy(State::Absent))
        })
    }

    /// The node is not healthy. Returns whether that is worth a log line now.
    pub(crate) fn set_unhealthy(&self, state: State, error: &str) -> bool {
        self.settle(|record| {
            let counts = &mut record.counts;
            match state {
                State::Failing => count(&mut counts.failed),
                State::Rejected => count(&mut counts.rejected),
                State::Unreadable | State::Unverified => count(&mut counts.unreadable),
                _ => {}
            }
            record.complain(state, error)
        })
    }

    /// A call on the file system hangs.
    pub(crate) fn count_hang(&self) {
        self.change(|record| count(&mut record.counts.hung));
    }

    /// A change by another process is being repaired.
    pub(crate) fn count_repair(&self) {
        self.change(|record| count(&mut record.counts.repaired));
    }

    /// Another node has claimed the file, and keeps it. The task has to learn that.
    pub(crate) fn lose_file(&self, error: &str) {
        self.settle(|record| {
            record.lost_file = true;
            record.enter(State::Failing);
            error.clone_into(&mut record.problem.get_or_insert_default().error);
        });
        self.recheck.notify_one();
    }

    /// Why another node has the file, if one has.
    pub(crate) fn lost_file(&self) -> Option<String> {
        self.with(|record| {
            let problem = record.problem.as_ref().filter(|_| record.lost_file)?;
            Some(problem.error.clone())
        })
    }

    /// The node has claimed the file.
    pub(crate) fn gain_file(&self) {
        self.with(|record| record.lost_file = false);
    }

    /// The node is healthy but for a change that waits for its time.
    pub(crate) fn set_delayed(&self, why: &str) {
        self.settle(|record| {
            record.enter(State::Delayed);
            record.problem.get_or_insert_default().error = why.to_owned();
        });
    }

    /// The file got its heartbeat. Returns whether the node was unhealthy before.
    pub(crate) fn set_touched(&self) -> bool {
        self.change(|record| {
            record.heartbeat_at = Some(SystemTime::now());
            record.state != State::Current && record.set_healthy(State::Current)
        })
    }

    /// The file system answers again, and the file is as it was last written.
    pub(crate) fn set_responsive(&self) {
        self.change(|record| record.state == State::Failing && record.set_healthy(State::Current));
    }

    /// Nothing comes of this node any more: it was removed.
    pub(crate) fn abandon(&self) {
        self.settle(|_| ());
    }

    /// What the outside may know, and how often that has changed.
    pub(crate) fn status_and_revision(&self) -> (Status, u64) {
        (self.status(None), self.with(|record| record.revision))
    }

    /// What the outside may know. `connection_error` is why there is no session, if there is none.
    pub(crate) fn status(&self, connection_error: Option<&str>) -> Status {
        self.with(|record| Status {
            name: self.config.name.clone(),
            source: self.config.source.clone(),
            dest: self.config.dest.clone(),
            state: record.state,
            since: record.since,
            mzxid: record.applied.map(|applied| applied.mzxid),
            bytes: record.applied.map(|applied| applied.bytes),
            applied_at: record.applied_at,
            heartbeat_at: record.heartbeat_at,
            last_error: match &record.problem {
                Some(problem) => Some(problem.error.clone()),
                None => connection_error.map(str::to_owned),
            },
            attempts: record.problem.as_ref().map_or(0, |problem| problem.attempts),
            applied: record.last_apply,
            counts: record.counts,
        })
    }

    fn with<T>(&self, f: impl FnOnce(&mut Record) -> T) -> T {
        f(&mut self.record.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The same for what changes the status.
    fn change<T>(&self, f: impl FnOnce(&mut Record) -> T) -> T {
        let result = self.with(|record| {
            record.revision += 1;
            f(record)
        });
        self.outcomes.tell();
        result
    }

    /// The same for what is an outcome. The first one of each node is counted.
    fn settle<T>(&self, f: impl FnOnce(&mut Record) -> T) -> T {
        let (result, first) =
            self.change(|record| (f(record), !std::mem::replace(&mut record.settled, true)));
        if first {
            self.outcomes.settle_one();
        }
        result
    }
}

fn count(counter: &mut u32) {
    *counter = counter.wrapping_add(1);
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("name", &self.config.name).finish_non_exhaustive()
    }
}

impl Record {
    /// Returns whether the state was another one before.
    fn enter(&mut self, state: State) -> bool {
        let changed = self.state != state;
        if changed {
            self.state = state;
            self.since = SystemTime::now();
        }
        changed
    }

    /// Returns whether the error is new, or old enough to be repeated.
    fn complain(&mut self, state: State, error: &str) -> bool {
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

    fn set_healthy(&mut self, state: State) -> bool {
        self.enter(state);
        // A change that only waited for its time was no failure.
        self.problem.take().is_some_and(|problem| problem.attempts > 0)
    }
}
