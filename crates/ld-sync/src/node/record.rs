//! What the engine knows of one node: the home of everything that [`Status`] shows.

mod claimant;
mod state;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use ld_config::NodeConfig;
use tokio::sync::Notify;
use tokio::time::Instant;

pub(crate) use state::{LOOK_FOR_OVERDUE, Overdue, RejectedBy, Version};

use super::outcomes::Outcomes;
use crate::rounds::drift::REPEAT_WINDOW;
use crate::status::{Applied, State, Status};
use state::{Record, count};

/// One configured node. Its task changes the record; others read it.
pub(crate) struct Node {
    /// Its number: of two nodes with one file, the lower one gets it.
    pub(crate) index: usize,
    pub(crate) config: NodeConfig,
    /// Has the node's task read the node again: another node has claimed the file, or the public
    /// keys may have changed.
    pub(crate) asked: Notify,
    outcomes: Arc<Outcomes>,
    record: Mutex<Record>,
}

impl Node {
    pub(crate) fn new(index: usize, config: NodeConfig, outcomes: Arc<Outcomes>) -> Self {
        outcomes.expect_one();
        let record = Mutex::new(Record::new());
        Self { index, config, asked: Notify::new(), outcomes, record }
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
            record.confirmed_at = Some(SystemTime::now());
            if replaced.is_some() {
                record.applied_at = record.confirmed_at;
                record.heartbeat_at = record.confirmed_at;
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
                State::Unreadable | State::Unverified => count(&mut counts.unreadable),
                _ => {}
            }
            record.complain(state, error)
        })
    }

    /// What is unhealthy and was not logged for a long time. It counts as logged now.
    pub(crate) fn take_overdue(&self) -> Option<Overdue> {
        self.with(Record::take_overdue)
    }

    /// Content was rejected.
    pub(crate) fn count_rejection(&self, by: RejectedBy) {
        self.with(|record| record.count_rejection(by));
    }

    /// A call on the file system hangs.
    pub(crate) fn count_hang(&self) {
        self.change(|record| count(&mut record.counts.hung));
    }

    /// Why this host follows no rollout of the node, if it is meant to.
    pub(crate) fn set_no_rollout(&self, why: Option<&str>) {
        if self.with(|record| record.no_rollout.as_deref() != why) {
            self.change(|record| record.no_rollout = why.map(Box::from));
        }
    }

    /// Another process changes the file again and again: says which one it may be.
    pub(crate) fn suspect(&self, suspicion: String) {
        self.change(|record| record.suspicion = Some(Box::new((Instant::now(), suspicion))));
    }

    /// A change by another process is being repaired.
    pub(crate) fn count_repair(&self) {
        self.change(|record| count(&mut record.counts.repaired));
    }

    /// The node's task knows that another node has claimed the file, and reads the node again.
    pub(crate) fn take_loss(&self) {
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
            record.confirmed_at = record.heartbeat_at;
            record.state != State::Current && record.set_healthy(State::Current)
        })
    }

    /// The file system answers again, and the file is as it was last written.
    pub(crate) fn set_responsive(&self) {
        self.change(|record| record.state == State::Failing && record.set_healthy(State::Current));
    }

    /// The node was removed, and will have no outcome any more.
    pub(crate) fn abandon(&self) {
        self.settle(|_| ());
    }

    /// The status, and how often it has changed. Both are of one moment: an old status with a new
    /// revision would hide a change from [`Changes`](crate::Changes).
    pub(crate) fn status_and_revision(&self) -> (Status, u64) {
        self.with(|record| (self.status_of(record, None), record.revision))
    }

    /// The status. `connection_error` is why there is no session, if there is none.
    pub(crate) fn status(&self, connection_error: Option<&str>) -> Status {
        self.with(|record| self.status_of(record, connection_error))
    }

    fn status_of(&self, record: &Record, connection_error: Option<&str>) -> Status {
        Status {
            name: self.config.name.clone(),
            source: self.config.source.clone(),
            rollout: self.config.rollout && record.no_rollout.is_none(),
            no_rollout: record.no_rollout.as_deref().map(str::to_owned),
            dest: self.config.dest.clone(),
            state: record.state,
            since: record.since,
            mzxid: record.applied.map(|applied| applied.mzxid),
            bytes: record.applied.map(|applied| applied.bytes),
            hash: record.applied.and_then(|applied| applied.hash),
            applied_at: record.applied_at,
            heartbeat_at: record.heartbeat_at,
            confirmed_at: record.confirmed_at,
            last_error: match &record.problem {
                Some(problem) => Some(problem.error.clone()),
                None => connection_error.map(str::to_owned),
            },
            warning: record.suspicion.as_deref().filter(|(at, _)| at.elapsed() <= REPEAT_WINDOW).map(
                |(_, suspicion)| format!("another process changes the file again and again: {suspicion}"),
            ),
            attempts: record.problem.as_ref().map_or(0, |problem| problem.attempts),
            applied: record.last_apply,
            counts: record.counts,
        }
    }

    fn with<T>(&self, f: impl FnOnce(&mut Record) -> T) -> T {
        f(&mut self.record.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The same, and announces that the status changed.
    fn change<T>(&self, f: impl FnOnce(&mut Record) -> T) -> T {
        let result = self.with(|record| {
            record.revision += 1;
            f(record)
        });
        self.outcomes.tell();
        result
    }

    /// The same for an outcome. The first one of each node is counted.
    fn settle<T>(&self, f: impl FnOnce(&mut Record) -> T) -> T {
        let (result, first) =
            self.change(|record| (f(record), !std::mem::replace(&mut record.settled, true)));
        if first {
            self.outcomes.settle_one();
        }
        result
    }
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("name", &self.config.name).finish_non_exhaustive()
    }
}
