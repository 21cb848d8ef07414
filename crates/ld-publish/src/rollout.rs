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
use ld_zk::zookeeper::{self, Stat};

use crate::Error;
use crate::lost::{self, Sent};
use crate::present::node_path;
use crate::request::{bounded, find_node, find_stat, read_node};

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
    /// changed the plan.
    pub async fn set_state(self, state: RolloutState) -> Result<Self, Error> {
        let mut plan = self.plan.clone();
        plan.state = state;
        self.set(plan).await
    }

    /// Gives the candidate to this share of the hosts, and counts them. Hosts that are gone from
    /// the present share stay in the count: only an abort forgets them.
    ///
    /// # Errors
    ///
    /// As [`set_state`](Self::set_state), and [`Error::Fleet`]: the hosts cannot be counted.
    pub async fn set_share(self, publish: &PublishConfig, share: Share) -> Result<Self, Error> {
        let mut plan = self.plan.clone();
        plan.share = share;
        let hosts = hosts_in_share(&self.client, publish, &plan).await?;
        let known = hosts.iter().filter(|host| self.plan.includes(host)).count();
        let gone = self.plan.hosts.saturating_sub(known);
        plan.hosts = (hosts.len() + gone).min(MAX_HOSTS);
        self.set(plan).await
    }

    /// Changes the plan if it still is what was read.
    async fn set(mut self, plan: RolloutPlan) -> Result<Self, Error> {
        let (bytes, place, before) = (plan.to_bytes(), &self.place, self.stat);
        let limit = self.client.max_read_bytes();
        let content = &bytes;
        let send = |session: zookeeper::Client| async move {
            lost::single(session.set_data(place, content, Some(before.version))).await
        };
        let read = |session: zookeeper::Client| async move { read_node(&session, place, limit).await };
        // What was sent is waited for: nothing else is at stake than a moment.
        let sent = lost::write(&self.client, place, send, read, std::future::pending()).await?;
        self.stat = match sent {
            Sent::Done(stat) => stat,
            Sent::Refused(zookeeper::Error::NoNode) => {
                return Err(RolloutError::Missing { path: self.plan.path }.into());
            }
            Sent::Refused(cause) => return Err(Error::write(place, cause)),
            Sent::Lost(cause, seen) => match &seen.found {
                (data, now) if *data == bytes && now.version == before.version.wrapping_add(1) => *now,
                (_, now) => return Err(seen.not_written(now.mzxid == before.mzxid, cause)),
            },
        };
        self.plan = plan;
        Ok(self)
    }
}

impl fmt::Debug for Rollout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rollout").field("plan", &self.plan).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
