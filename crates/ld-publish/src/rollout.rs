//! Staged rollouts: a candidate for a growing share of the hosts, until it is promoted or taken
//! back.
//!
//! The state of a rollout is its plan in ZooKeeper, and nothing else: each change of it is a
//! compare-and-set. So a tool may die at any moment, and another one on another machine goes on.

mod check;
mod conduct;
mod end;
mod error;
mod hosts;
mod memory;
mod start;
mod step;

use std::fmt;

use ld_config::PublishConfig;
use ld_fleet::{MAX_HOSTS, ROLLOUTS, RolloutPlan, RolloutState, Share, candidate_of};
use ld_zk::zookeeper::{self, MultiWriteResult, Stat};

use crate::Error;
use crate::lost::{self, Failed, Sent};
use crate::operation::{self, Operation, Refused};
use crate::present::node_path;
use crate::request::{Unanswered, bounded, find_node, find_stat, read_node};

use hosts::hosts_in_share;

pub use check::{CheckError, RolloutCheck};
pub use conduct::{Conducted, conduct};
pub use error::RolloutError;
pub use hosts::{HostState, Hosts, Participants, RoundHosts, candidate_hosts};
pub use start::start_rollout;
pub use step::{Next, Round};

/// A rollout as it was read. `Debug` shows no content.
pub struct Rollout {
    client: ld_zk::Client,
    /// The node of the plan.
    place: String,
    plan: RolloutPlan,
    stat: Stat,
    candidate: Vec<u8>,
    candidate_mzxid: i64,
}

impl Rollout {
    /// Reads the rollout of the node at `path`; `None` if there is none. Cancel-safe.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidPath`], [`Error::Path`]: no node can have that path.
    /// - [`RolloutError::InvalidPlan`], [`RolloutError::NoCandidate`]: it cannot be followed, but
    ///   aborted.
    /// - [`Error::NotAuthorized`], [`Error::Read`], [`Error::Client`]: it cannot be read.
    pub async fn read(
        client: &ld_zk::Client,
        publish: &PublishConfig,
        path: &str,
    ) -> Result<Option<Self>, Error> {
        let path = node_path(path)?;
        let place = publish.place_of(ROLLOUTS, &path);
        let session = client.session().await?;
        // A server that lags would show what another tool has changed already. One that is
        // read-only refuses to catch up, and has nothing newer.
        let _ = bounded(session.sync(&place)).await;
        let limit = client.max_read_bytes();
        let found = find_node(&session, &place, limit).await.map_err(|cause| Error::read(&place, cause))?;
        let Some((bytes, stat)) = found else { return Ok(None) };
        let plan = RolloutPlan::parse(&bytes, &path)
            .map_err(|source| RolloutError::InvalidPlan { path: path.clone(), source })?;
        let candidate_place = candidate_of(&place);
        match find_node(&session, &candidate_place, limit).await {
            Ok(Some((candidate, found))) if plan.is_candidate(&candidate) => {
                let (client, candidate_mzxid) = (client.clone(), found.mzxid);
                Ok(Some(Self { client, place, plan, stat, candidate, candidate_mzxid }))
            }
            Ok(_) => {
                // The rollout may have ended between the two reads.
                match find_stat(&session, &place).await? {
                    None => Ok(None),
                    Some(_) => Err(RolloutError::NoCandidate { path }.into()),
                }
            }
            Err(cause) => Err(Error::read(&candidate_place, cause)),
        }
    }

    /// The plan.
    pub fn plan(&self) -> &RolloutPlan {
        &self.plan
    }

    /// The content that is rolled out.
    pub fn candidate(&self) -> &[u8] {
        &self.candidate
    }

    /// The version of the candidate, which hosts report that have it.
    pub fn candidate_mzxid(&self) -> i64 {
        self.candidate_mzxid
    }

    /// When the plan was last changed, in milliseconds since 1970 by the clock of the leader.
    pub fn changed_at(&self) -> i64 {
        self.stat.mtime
    }

    /// Lets the share grow, or stay as it is.
    ///
    /// # Errors
    ///
    /// As [`Plan::commit`](crate::Plan::commit): [`Error::ChangedMeanwhile`] if another tool has
    /// changed the plan, and [`RolloutError::Missing`] if this rollout has ended.
    pub async fn set_state(self, state: RolloutState) -> Result<Self, Error> {
        let mut plan = self.plan.clone();
        plan.state = state;
        self.set(plan, None).await
    }

    /// Gives the candidate to this share of the hosts, and counts them. Hosts that are gone from
    /// the present share stay in the count: only an abort forgets them.
    ///
    /// # Errors
    ///
    /// As [`set_state`](Self::set_state), and
    ///
    /// - [`Error::Fleet`]: the hosts cannot be counted.
    /// - [`RolloutError::StableChanged`]: the node was changed since the rollout started. More
    ///   hosts would lose that change.
    pub async fn set_share(self, publish: &PublishConfig, share: Share) -> Result<Self, Error> {
        let mut plan = self.plan.clone();
        let stable = self.stable().await?.ok_or_else(|| self.stable_changed())?;
        plan.share = share;
        let hosts = hosts_in_share(&self.client, publish, &plan).await?;
        let known = hosts.iter().filter(|host| self.plan.includes(host)).count();
        let gone = self.plan.hosts.saturating_sub(known);
        plan.hosts = (hosts.len() + gone).min(MAX_HOSTS);
        let stable = Operation::Check { path: self.plan.path.clone(), version: stable.version };
        self.set(plan, Some(stable)).await
    }

    /// The node, if it is as it was when the rollout started.
    async fn stable(&self) -> Result<Option<Stat>, Error> {
        let found = find_stat(&self.client.session().await?, &self.plan.path).await?;
        Ok(found.filter(|stat| stat.mzxid == self.plan.stable_mzxid))
    }

    fn stable_changed(&self) -> Error {
        RolloutError::StableChanged { path: self.plan.path.clone() }.into()
    }

    fn missing(&self) -> Error {
        RolloutError::Missing { path: self.plan.path.clone() }.into()
    }

    /// The node that no other rollout has: a transaction that names it changes this one alone.
    /// Versions do not tell two rollouts apart, since each begins with the same.
    fn mark(&self) -> String {
        mark_of(&self.place, &self.plan.id)
    }

    /// Changes the plan if it still is what was read, and what `check` asks for holds.
    async fn set(mut self, plan: RolloutPlan, check: Option<Operation>) -> Result<Self, Error> {
        use zookeeper::Error as E;
        let (bytes, place, before) = (plan.to_bytes(), &self.place, self.stat);
        let limit = self.client.max_read_bytes();
        let set =
            Operation::Set { path: place.clone(), content: bytes.clone(), version: Some(before.version) };
        let mark = Operation::Check { path: self.mark(), version: 0 };
        let operations: Vec<_> = [set, mark].into_iter().chain(check).collect();
        let operations = &operations;
        let send = |session: zookeeper::Client| async move {
            match operation::commit(&session, operations).await?.into_iter().next() {
                Some(MultiWriteResult::SetData { stat }) => Ok(stat),
                _ => Err(Failed::Unanswered(Unanswered::Silence)),
            }
        };
        let read = |session: zookeeper::Client| async move { read_node(&session, place, limit).await };
        // What was sent is waited for: nothing else is at stake than a moment.
        let sent = lost::write(&self.client, place, send, read, std::future::pending()).await?;
        self.stat = match sent {
            Sent::Done(stat) => stat,
            Sent::Refused(Refused { path, cause: E::NoNode | E::BadVersion }) if path == self.plan.path => {
                return Err(self.stable_changed());
            }
            Sent::Refused(Refused { cause: E::NoNode, .. }) => return Err(self.missing()),
            Sent::Refused(Refused { path, cause }) => return Err(Error::write(&path, cause)),
            Sent::Lost(cause, seen) => match &seen.found {
                (data, now) if *data == bytes && now.version == before.version.wrapping_add(1) => *now,
                (_, now) => return Err(seen.not_written(now.mzxid == before.mzxid, cause)),
            },
        };
        self.plan = plan;
        Ok(self)
    }
}

/// The [mark](Rollout::mark) of the rollout with this id and its plan at `place`.
fn mark_of(place: &str, id: &str) -> String {
    format!("{place}/id-{id}")
}

impl fmt::Debug for Rollout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rollout").field("plan", &self.plan).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
