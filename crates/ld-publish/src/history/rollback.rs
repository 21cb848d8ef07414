//! Back to an earlier publication.
//!
//! What was published together goes back together: a rollback undoes all publications of its node
//! after the wanted one, and the other nodes of their groups go back to what they held then, too.

use std::collections::BTreeMap;

use super::{History, HistoryError, Log, LogEntry, NodeNow};
use crate::{Error, Plan, Present};

/// Where a rollback goes.
struct Goal {
    /// The node that it is asked for.
    path: String,
    number: u32,
    /// Nodes go back to what they held at this zxid.
    zxid: i64,
    /// Publications from this zxid on are undone.
    undone_from: i64,
}

impl Goal {
    fn new(path: &str, target: &LogEntry) -> Self {
        let (zxid, undone_from) = match target.is_recorded {
            true => (target.zxid, target.zxid),
            // Content of another tool was there until the publication that recorded it.
            false => (target.recorded_at - 1, target.recorded_at),
        };
        Self { path: path.to_owned(), number: target.number, zxid, undone_from }
    }
}

/// What a rollback writes. Nothing is written before [`History::commit`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Rollback {
    /// The number of the publication that it goes back to.
    pub number: u32,
    /// The node, and those that were published together with it. Some may hold their content
    /// already: see [`Publication::of_changes`](crate::Publication::of_changes).
    pub plans: Vec<Plan>,
}

impl Rollback {
    /// What a history says about it, if the user says nothing.
    pub fn message(&self) -> String {
        format!("roll back to publication {}", self.number)
    }
}

impl History {
    /// Plans a rollback of the node at `path` to the publication with this number, or to the one
    /// before what the node holds now. Cancel-safe.
    ///
    /// # Errors
    ///
    /// - [`HistoryError::Off`]: `publish.history` is 0, so that it would not be recorded.
    /// - [`HistoryError::NoPublication`], [`HistoryError::NoEarlierPublication`]: there is no such
    ///   publication.
    /// - [`HistoryError::GroupIncomplete`]: it is not known what a node held at that time that was
    ///   published together with it.
    /// - [`Error::Absent`]: one of the nodes does not exist.
    /// - [`HistoryError::Entry`]: an entry that it depends on cannot be read.
    /// - [`Error::ChangedMeanwhile`]: a node was published while this was planned.
    /// - Those of [`History::read`], [`History::content`], [`Present::read`] and
    ///   [`Present::plan`].
    pub async fn plan_rollback(
        &self,
        client: &ld_zk::Client,
        path: &str,
        number: Option<u32>,
        max_node_bytes: usize,
    ) -> Result<Rollback, Error> {
        if !self.is_kept() {
            return Err(HistoryError::Off.into());
        }
        let log = self.read(client, path).await?;
        let path = log.path.clone();
        let target = match number {
            Some(number) => {
                log.entry(number).ok_or(HistoryError::NoPublication { path: path.clone(), number })?
            }
            None => log.before_present().ok_or(HistoryError::NoEarlierPublication { path: path.clone() })?,
        };
        readable(&path, target)?;
        let goal = Goal::new(&path, target);
        let logs = self.together(client, log, &goal).await?;
        let mut plans = Vec::with_capacity(logs.len());
        // The node that was asked for comes first.
        let (first, others): (Vec<_>, Vec<_>) = logs.values().partition(|log| log.path == path);
        for log in first.into_iter().chain(others) {
            plans.push(self.plan_one(client, log, &goal, max_node_bytes).await?);
        }
        Ok(Rollback { number: goal.number, plans })
    }

    /// The histories of all nodes that go back together.
    async fn together(
        &self,
        client: &ld_zk::Client,
        log: Log,
        goal: &Goal,
    ) -> Result<BTreeMap<String, Log>, Error> {
        let mut wanted = vec![log.path.clone()];
        let mut logs = BTreeMap::new();
        let mut first = Some(log);
        while let Some(path) = wanted.pop() {
            if logs.contains_key(&path) {
                continue;
            }
            let log = match first.take() {
                Some(log) => log,
                None => self.read(client, &path).await?,
            };
            let undone = log.entries.iter().filter(|entry| entry.zxid >= goal.undone_from);
            for entry in undone {
                readable(&path, entry)?;
                wanted.extend(entry.group.iter().filter(|other| !logs.contains_key(*other)).cloned());
            }
            logs.insert(path, log);
            if logs.len() > super::MAX_GROUP {
                return Err(HistoryError::GroupTooLarge { nodes: logs.len(), limit: super::MAX_GROUP }.into());
            }
        }
        Ok(logs)
    }

    async fn plan_one(
        &self,
        client: &ld_zk::Client,
        log: &Log,
        goal: &Goal,
        max_node_bytes: usize,
    ) -> Result<Plan, Error> {
        let path = &log.path;
        let entry = log.at(goal.zxid).ok_or_else(|| HistoryError::GroupIncomplete {
            path: path.clone(),
            target: goal.path.clone(),
            number: goal.number,
        })?;
        readable(path, entry)?;
        let content = self.content(client, path, entry).await?;
        let present = Present::read(client, path).await.map_err(|cause| match cause {
            // One of several nodes: the error must name it.
            Error::NodeMissing => Error::Absent { path: path.clone() },
            cause => cause,
        })?;
        match log.now {
            NodeNow::Published(stat) | NodeNow::Unrecorded(stat) if stat.mzxid == present.stat.mzxid => {
                present.plan(content, max_node_bytes)
            }
            _ => Err(Error::ChangedMeanwhile),
        }
    }
}

fn readable(path: &str, entry: &LogEntry) -> Result<(), HistoryError> {
    match &entry.problem {
        None => Ok(()),
        Some(problem) => Err(HistoryError::Entry {
            path: path.to_owned(),
            number: entry.number,
            reason: ld_config::escape_hidden(problem).into_owned(),
        }),
    }
}
