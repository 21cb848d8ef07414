//! What the ensemble holds of a node with rollouts, read without the code of the tools.

use std::time::Duration;

use ld_testkit::{Admin, Error};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::nodes::{Content, decode, follows, host_name, includes};
use crate::schedule::WATCHERS;
use crate::testbed::{CHROOT, path};

/// A node and its rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Truth {
    /// The document that the node holds.
    pub(crate) stable: u64,
    pub(crate) plan: Option<Plan>,
}

/// A plan with its candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) id: String,
    /// How often the plan was changed.
    pub(crate) version: i32,
    /// In parts of 10,000.
    pub(crate) share: u64,
    /// The shares one after the other.
    pub(crate) steps: Vec<u64>,
    pub(crate) soak: Duration,
    pub(crate) is_paused: bool,
    /// The document that is rolled out.
    pub(crate) candidate: u64,
}

impl Truth {
    /// `Ok(None)`: it may not be read now. `Err`: the server does not answer.
    pub(super) fn read(admin: &Admin, node: usize) -> Result<Option<Self>, ()> {
        match admin.sync().and_then(|()| Self::of(admin, node)) {
            Ok(truth) => Ok(truth),
            Err(Error::Connection { .. } | Error::Server { .. }) => Err(()),
            Err(_) => Ok(None),
        }
    }

    pub(super) fn of(admin: &Admin, node: usize) -> Result<Option<Self>, Error> {
        let place = place(node);
        let plan = existing(admin.get(&place))?;
        let candidate = existing(admin.get(&format!("{place}/candidate")))?;
        let Some(stable) = document(&admin.get(&path(node))?.0) else { return Ok(None) };
        let plan = plan.zip(candidate);
        let plan = plan.and_then(|((plan, version), (candidate, _))| Plan::parse(&plan, version, &candidate));
        Ok(Some(Self { stable, plan }))
    }

    /// The document that is meant for a watcher's file, if it rejects no candidate.
    pub(crate) fn meant(&self, watcher: usize, node: usize) -> u64 {
        let plan = self.plan.as_ref().filter(|plan| plan.includes(watcher, node));
        plan.map_or(self.stable, |plan| plan.candidate)
    }
}

impl Plan {
    /// `None` for a candidate of another rollout: it ended between the two reads.
    fn parse(plan: &[u8], version: i32, candidate: &[u8]) -> Option<Self> {
        let plan: Value = serde_json::from_slice(plan).ok()?;
        Some(Self {
            id: plan["id"].as_str()?.to_owned(),
            version,
            share: plan["share"].as_u64()?,
            steps: plan["steps"].as_array()?.iter().map(Value::as_u64).collect::<Option<_>>()?,
            soak: Duration::from_secs(plan["soak_seconds"].as_u64()?),
            is_paused: plan["state"] == "paused",
            candidate: document(candidate).filter(|_| plan["candidate_sha256"] == sha256(candidate))?,
        })
    }

    /// Whether a watcher takes part in the rollout and belongs to its share.
    pub(crate) fn includes(&self, watcher: usize, node: usize) -> bool {
        self.has_in(self.share, watcher, node)
    }

    /// The same for another share.
    pub(crate) fn has_in(&self, share: u64, watcher: usize, node: usize) -> bool {
        follows(watcher, node) && includes(&self.id, share, &host_name(watcher))
    }

    /// Whether no watcher belongs to the share.
    pub(super) fn is_empty(&self, node: usize) -> bool {
        (0..WATCHERS).all(|watcher| !self.includes(watcher, node))
    }

    /// The share after the present one.
    pub(super) fn next(&self) -> Option<u64> {
        self.steps.iter().copied().find(|step| *step > self.share)
    }
}

/// Where the plan of a node lies.
pub(super) fn place(node: usize) -> String {
    format!("{CHROOT}/live-data/rollouts/n{node}")
}

/// The SHA-256 of a content in lower-case hex.
pub(super) fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn document(bytes: &[u8]) -> Option<u64> {
    match decode(bytes) {
        Content::Whole { version, .. } => Some(version),
        _ => None,
    }
}

fn existing(read: Result<(Vec<u8>, ld_testkit::Stat), Error>) -> Result<Option<(Vec<u8>, i32)>, Error> {
    match read {
        Ok((data, stat)) => Ok(Some((data, stat.version))),
        Err(Error::NoNode { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
