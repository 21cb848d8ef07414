//! The end of a rollout: it is taken back, or promoted.

use std::future::{Future, pending};

use ld_config::{Config, PublishConfig};
use ld_fleet::{ROLLOUTS, candidate_of};
use ld_zk::zookeeper;

use super::{Rollout, RolloutError, mark_of};
use crate::lost::{self, Sent};
use crate::operation::{self, Operation, Refused};
use crate::present::{Present, node_path};
use crate::request::{bounded, list_children};
use crate::{Error, History, Note, Publication, Published};

impl Rollout {
    /// Takes the rollout of the node at `path` back: every host gets the content of the node. It
    /// needs no plan that can be read. A lost answer is read back.
    ///
    /// # Errors
    ///
    /// - [`RolloutError::Missing`]: there is none.
    /// - [`Error::NotAuthorized`], [`Error::Refused`], [`Error::Read`], [`Error::Client`]: it goes
    ///   on.
    /// - [`Error::NotWritten`], [`Error::Unknown`]: as [`Plan::commit`](crate::Plan::commit).
    ///
    /// Not cancel-safe: what became of a request that was sent is not known then.
    pub async fn abort(client: &ld_zk::Client, publish: &PublishConfig, path: &str) -> Result<(), Error> {
        let path = node_path(path)?;
        let place = publish.place_of(ROLLOUTS, &path);
        Self::remove(client, &place, &path, None).await
    }

    /// Takes back this rollout, if its plan is still as it was read. Another rollout stays.
    ///
    /// # Errors
    ///
    /// As [`abort`](Self::abort), and [`Error::ChangedMeanwhile`].
    pub async fn take_back(&self) -> Result<(), Error> {
        Self::remove(&self.client, &self.place, &self.plan.path, Some(self)).await
    }

    async fn remove(
        client: &ld_zk::Client,
        place: &str,
        path: &str,
        only: Option<&Self>,
    ) -> Result<(), Error> {
        let gone = || Error::from(RolloutError::Missing { path: path.to_owned() });
        // All that lies below the plan goes, so that nothing keeps it.
        let children = match list_children(&client.session().await?, place).await {
            Ok((children, _)) => children,
            Err(Error::Absent { .. }) => return Err(gone()),
            Err(cause) => return Err(cause),
        };
        let mut operations: Vec<_> = children
            .into_iter()
            .map(|child| Operation::Delete { path: format!("{place}/{child}"), version: None })
            .collect();
        let is_of_another = |only: &Self, delete: &Operation| {
            delete.path().starts_with(&mark_of(place, "")) && delete.path() != only.mark()
        };
        if only.is_some_and(|only| operations.iter().any(|delete| is_of_another(only, delete))) {
            return Err(gone());
        }
        let version = only.map(|only| only.stat.version);
        operations.push(Operation::Delete { path: place.to_owned(), version });
        let operations = &operations;
        let send = |session: zookeeper::Client| async move {
            operation::commit(&session, operations).await.map(drop)
        };
        let read = |session: zookeeper::Client| async move { bounded(session.check_stat(place)).await };
        match lost::write(client, place, send, read, pending()).await? {
            Sent::Done(()) => Ok(()),
            // It ended meanwhile, by another tool.
            Sent::Refused(Refused { cause: zookeeper::Error::NoNode, .. }) => Err(gone()),
            Sent::Refused(Refused { path, cause }) => Err(Error::write(&path, cause)),
            Sent::Lost(_, seen) if seen.found.is_none() => Ok(()),
            Sent::Lost(cause, seen) => Err(seen.not_written(true, cause)),
        }
    }

    /// Promotes the candidate: the node gets it, and plan and candidate go, in one transaction. It
    /// is recorded in the history with the author and the message of the rollout. A lost answer is
    /// read back.
    ///
    /// # Errors
    ///
    /// - [`RolloutError::StableChanged`]: the node was changed since the rollout started.
    /// - Those of [`Present::read`], [`Present::plan`] and [`History::commit`].
    ///
    /// Not cancel-safe: what became of a transaction that was sent is not known then.
    pub async fn promote(
        &self,
        config: &Config,
        interrupt: impl Future<Output = ()>,
    ) -> Result<Published, Error> {
        let publication = self.promotion(config.zookeeper.max_node_bytes).await?;
        let message = match self.plan.message.as_str() {
            "" => format!("rollout {}", self.plan.id),
            message => message.to_owned(),
        };
        let note = Note::new(self.plan.author.as_str(), message)?;
        let history = History::new(&config.publish);
        let published = history.commit(&publication, &note, interrupt).await?;
        history.prune_all(&self.client, [&*self.plan.path], pending()).await;
        Ok(published[0])
    }

    async fn promotion(&self, max_node_bytes: usize) -> Result<Publication, Error> {
        let present = Present::read(&self.client, &self.plan.path).await?;
        if present.stat.mzxid != self.plan.stable_mzxid {
            return Err(self.stable_changed());
        }
        let plan = present.plan(self.candidate.clone(), max_node_bytes)?;
        let candidate = Operation::Delete { path: candidate_of(&self.place), version: None };
        let rollout = Operation::Delete { path: self.place.clone(), version: Some(self.stat.version) };
        let mark = Operation::Delete { path: self.mark(), version: None };
        Ok(Publication::new(plan).with(candidate).with(mark).with(rollout))
    }
}
