//! Back to an earlier publication.
//!
//! What was published together goes back together: a rollback undoes all publications of its node
//! after the wanted one. The other nodes of these go back to what they held right before the first
//! of them, so that all of their publications since then are undone, too.

use std::collections::BTreeMap;

use super::{Gap, History, HistoryError, Log, LogEntry, MAX_MESSAGE_BYTES, NodeNow};
use crate::{Error, Plan, Present};

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
    /// What a history says about it, if the user says nothing. The histories of all nodes of the
    /// group get it, and each counts for itself: so it names the node of the number.
    pub fn message(&self) -> String {
        let number = self.number;
        let path = self.plans.first().map_or("", Plan::path);
        let message = format!("roll back {path} to publication {number}");
        match message.len() {
            ..=MAX_MESSAGE_BYTES => message,
            _ => format!("roll back to publication {number} of the first node of the group"),
        }
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
    /// - [`HistoryError::GroupIncomplete`]: the history does not have what a node held before that
    ///   was published together with it.
    /// - [`Error::Absent`]: the node does not exist.
    /// - [`HistoryError::GroupGone`]: one that was published together with it does not exist.
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
        let number = target.number;
        let incomplete = |other: &str| HistoryError::GroupIncomplete {
            path: other.to_owned(),
            target: path.clone(),
            number,
        };
        let undone = self.undone(client, log, number, incomplete).await?;
        let mut plans = Vec::with_capacity(undone.len());
        // The node that was asked for comes first.
        let (first, others): (Vec<_>, Vec<_>) = undone.values().partition(|undone| undone.log.path == path);
        for undone in first.into_iter().chain(others) {
            let is_first = undone.log.path == path;
            let entry = undone.before(is_first).ok_or_else(|| incomplete(&undone.log.path))?;
            let planned = self.plan_one(client, &undone.log, entry, max_node_bytes).await;
            plans.push(planned.map_err(|cause| match cause {
                // One of several nodes: the error must name it.
                Error::NodeMissing if is_first => Error::Absent { path: path.clone() },
                Error::NodeMissing => {
                    let gone = undone.log.path.clone();
                    HistoryError::GroupGone { path: gone, target: path.clone(), number }.into()
                }
                cause => cause,
            })?);
        }
        Ok(Rollback { number, plans })
    }

    /// All nodes that go back together with that of `log`, which goes back to its publication
    /// `number`.
    async fn undone(
        &self,
        client: &ld_zk::Client,
        log: Log,
        number: u32,
        incomplete: impl Fn(&str) -> HistoryError,
    ) -> Result<BTreeMap<String, Undone>, Error> {
        let mut to_follow = vec![log.path.clone()];
        let from = log.entries.iter().take_while(|entry| entry.number <= number).count();
        let mut all = BTreeMap::from([(log.path.clone(), Undone { log, from })]);
        while let Some(path) = to_follow.pop() {
            for (other, zxid) in all[&path].groups()? {
                if !all.contains_key(&other) {
                    let log = self.read(client, &other).await?;
                    let from = log.entries.len();
                    all.insert(other.clone(), Undone { log, from });
                }
                if all.len() > super::MAX_GROUP {
                    let (nodes, limit) = (all.len(), super::MAX_GROUP);
                    return Err(HistoryError::GroupTooLarge { nodes, limit }.into());
                }
                let undone = all.get_mut(&other).expect("it is there by now");
                let from = undone.publication(zxid).ok_or_else(|| incomplete(&other))?;
                if from < undone.from {
                    undone.from = from;
                    to_follow.push(other);
                }
            }
        }
        Ok(all)
    }

    async fn plan_one(
        &self,
        client: &ld_zk::Client,
        log: &Log,
        entry: &LogEntry,
        max_node_bytes: usize,
    ) -> Result<Plan, Error> {
        let path = &log.path;
        readable(path, entry)?;
        let content = self.content(client, path, entry).await?;
        let present = Present::read(client, path).await?;
        match log.now {
            NodeNow::Published(stat) | NodeNow::Unrecorded(stat) if stat.mzxid == present.stat.mzxid => {
                present.plan(content, max_node_bytes)
            }
            _ => Err(Error::ChangedMeanwhile),
        }
    }
}

/// A node that goes back.
struct Undone {
    log: Log,
    /// The index of the first of its publications that is undone.
    from: usize,
}

impl Undone {
    /// The other nodes of the publications that are undone, each with its zxid.
    fn groups(&self) -> Result<Vec<(String, i64)>, HistoryError> {
        let mut groups = Vec::new();
        for entry in &self.log.entries[self.from..] {
            readable(&self.log.path, entry)?;
            let others = entry.group.iter().filter(|other| **other != self.log.path);
            groups.extend(others.map(|other| (other.clone(), entry.zxid)));
        }
        Ok(groups)
    }

    /// The index of the publication at `zxid`, unless it was pruned.
    fn publication(&self, zxid: i64) -> Option<usize> {
        self.log.entries.iter().position(|entry| entry.is_recorded && entry.zxid == zxid)
    }

    /// The entry of what it held right before. The user `has_chosen` it, or it must be known that
    /// nothing came after it.
    fn before(&self, has_chosen: bool) -> Option<&LogEntry> {
        let is_known = has_chosen || self.log.gap_before(self.from) == Gap::None;
        self.log.entries.get(self.from.checked_sub(1)?).filter(|_| is_known)
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
