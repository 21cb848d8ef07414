//! The watch of a node with `rollout`: its stable content, or the candidate of a staged rollout.
//!
//! Three ZooKeeper nodes are watched as one: the node itself, called stable here, the plan of a
//! rollout, and the candidate below the plan. A reading is that of the candidate if all of this
//! holds, and that of the stable node otherwise:
//!
//! - The plan can be read and is valid, and its share includes this host.
//! - The stable node exists. A rollout replaces its content, and does not outlast it.
//! - The candidate can be read, and its SHA-256 is that in the plan.
//! - No read-only server answered: how old its plan is cannot be known.
//!
//! All three are read in one session, so a proof for that session covers all of them: the heartbeat
//! knows nothing of rollouts. The plan is read before the stable node. A promotion removes the plan
//! and writes the stable node in one transaction, so a reader that finds no plan finds the stable
//! node as it is after that.

use std::future::pending;
use std::sync::Arc;

use futures_util::FutureExt;
use ld_config::NodeConfig;
use ld_zk::{NodeState, Reading, SessionKey};

use super::choice::Choice;
use super::directory::PlanDirectory;
use super::offer::Offer;
use crate::hashing::Hashing;
use crate::source::NodeSource;

/// The three watches.
pub(crate) struct RolloutWatch<W> {
    stable: W,
    plan: W,
    candidate: W,
    directory: PlanDirectory<W>,
    /// The last reading read the candidate and depends on it. Otherwise it is not watched.
    reads_candidate: bool,
    /// There may be something new.
    is_stale: bool,
    /// The client was closed: nothing new comes.
    is_closed: bool,
    /// The version of the last candidate that was handed over.
    last_candidate: Option<i64>,
    /// Which content the last reading is.
    choice: Choice,
    name: String,
    path: String,
    host: Arc<str>,
    hashing: Hashing,
}

impl<W: NodeSource> RolloutWatch<W> {
    pub(super) fn new(
        [stable, plan, candidate]: [W; 3],
        directory: String,
        config: &NodeConfig,
        host: Arc<str>,
        hashing: Hashing,
    ) -> Self {
        Self {
            stable,
            plan,
            candidate,
            directory: PlanDirectory::new(directory),
            reads_candidate: false,
            is_stale: true,
            is_closed: false,
            last_candidate: None,
            choice: Choice::Stable,
            name: config.name.clone(),
            path: config.source.clone(),
            host,
            hashing,
        }
    }

    /// Has the nodes read again.
    pub(super) fn refresh(&mut self) {
        self.is_stale = true;
    }

    /// The watch of the stable node.
    pub(super) fn stable(&self) -> &W {
        &self.stable
    }

    /// Whether the last reading is the candidate.
    pub(super) fn is_candidate(&self) -> bool {
        matches!(self.choice, Choice::Candidate(_))
    }

    /// Why this host can follow no rollout, as of the last reading.
    pub(super) fn no_rollout(&self) -> Option<&str> {
        match &self.choice {
            Choice::Denied(why) => Some(why),
            _ => None,
        }
    }

    /// Waits until one of the nodes may have changed.
    pub(super) async fn changed(&mut self) {
        if self.is_closed {
            return pending().await;
        }
        if self.is_stale {
            return;
        }
        // Unconstrained, as the watch of one node: a change that has come before shows at the first
        // poll, and a heartbeat rests on that.
        tokio::task::unconstrained(async {
            tokio::select! {
                () = self.plan.changed() => {}
                () = self.stable.changed() => {}
                () = self.candidate.changed(), if self.reads_candidate => {}
                () = self.directory.changed() => {}
            }
        })
        .await;
        self.is_stale = true;
    }

    /// Reads what is meant for this host.
    pub(super) async fn read(&mut self) -> Reading {
        (self.is_stale, self.reads_candidate) = (true, false);
        let (reading, choice) = self.choose().await;
        self.reads_candidate &= choice != Choice::Stable;
        if !self.reads_candidate {
            self.candidate.release();
        }
        self.is_closed = reading.is_closed();
        self.choice.replace(&self.name, choice);
        self.is_stale = false;
        reading
    }

    /// One reading of all that is needed, in one session.
    async fn choose(&mut self) -> (Reading, Choice) {
        // Why the plan with this version cannot be followed.
        let mut refused: Option<(i64, String)> = None;
        loop {
            let planned = self.plan.read().await;
            if planned.is_closed() {
                return (planned, Choice::Stable);
            }
            let session = planned.session;
            self.directory.unwatch();
            let denied = match planned.state {
                NodeState::Absent(_) => self.directory.read(&mut self.plan, session).await,
                _ => None,
            };
            let offer = match denied {
                Some(why) => Err(Choice::Denied(why)),
                None => Offer::in_plan(planned.state, &self.path, &self.host),
            };
            // Its content is dropped before another one is read: all readers share the memory.
            let stable = self.stable.read().await;
            if stable.is_closed() {
                return (stable, Choice::Stable);
            }
            if stable.session != session {
                continue;
            }
            let exists = matches!(stable.state, NodeState::Present { .. } | NodeState::TooLarge { .. });
            let offer = match offer {
                Ok(Some(offer)) if exists && !stable.read_only => offer,
                Ok(_) => return (self.known_since(stable), Choice::Stable),
                Err(choice) => return (self.known_since(stable), choice),
            };
            if let Some((_, why)) = refused.take_if(|(version, _)| *version == offer.stat.mzxid) {
                return (self.known_since(stable), Choice::Refused(why));
            }
            drop(stable);
            let candidate = self.read_candidate(&offer, session).await;
            // ZooKeeper sends the event of a change before all later answers: without one, the plan
            // was still the same when the candidate was read.
            if self.plan.changed().now_or_never().is_some() {
                continue;
            }
            match candidate {
                Some(Ok(reading)) => return (reading, Choice::Candidate(offer.plan.id)),
                // The stable node is read again, and first the plan, which may be gone.
                Some(Err(why)) => refused = Some((offer.stat.mzxid, why)),
                None => {}
            }
        }
    }

    /// The candidate, or why it cannot be used; `None` if it was read in another session.
    async fn read_candidate(
        &mut self,
        offer: &Offer,
        session: SessionKey,
    ) -> Option<Result<Reading, String>> {
        let mut reading = self.candidate.read().await;
        self.reads_candidate = true;
        if reading.session != session {
            return None;
        }
        Some(match reading.state {
            NodeState::Present { data, stat } => {
                let data = Arc::new(data);
                let is_planned = offer.plan.candidate_sha256 == self.hashing.sha256(&data).await;
                let data = Arc::into_inner(data)?;
                if !is_planned {
                    return Some(Err("the candidate is not the one in the plan".to_owned()));
                }
                self.last_candidate = Some(stat.mzxid);
                // This host is meant to have it since the plan includes it.
                let stat = stat.changed_at(offer.stat.mtime);
                reading.state = NodeState::Present { data, stat };
                Ok(reading)
            }
            NodeState::TooLarge { bytes, limit } => {
                Err(format!("the candidate has {bytes} bytes, and {limit} are read at most"))
            }
            NodeState::Absent(_) => Err("there is a plan and no candidate".to_owned()),
            NodeState::Unreadable(why) => Err(format!("the candidate cannot be read: {why}")),
            other => Err(format!("the candidate is {other:?}")),
        })
    }

    /// The reading of the stable node. If that was written before the last candidate, this host is
    /// meant to have it since the end of the rollout, which is not known.
    fn known_since(&self, mut reading: Reading) -> Reading {
        if let NodeState::Present { stat, .. } = &mut reading.state
            && self.last_candidate.is_some_and(|candidate| stat.mzxid < candidate)
        {
            *stat = stat.changed_at(0);
        }
        reading
    }
}

#[cfg(test)]
mod tests;
