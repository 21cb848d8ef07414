//! What the ensemble holds of a node with rollouts, read without the code of the tools.

use ld_testkit::{Admin, Error};
use serde_json::Value;

use crate::nodes::{Content, decode, follows, host_name, includes};
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
    /// In parts of 10,000.
    pub(crate) share: u64,
    pub(crate) is_paused: bool,
    /// The document that is rolled out.
    pub(crate) candidate: u64,
}

impl Truth {
    /// `Ok(None)`: it may not be read now. `Err`: the server does not answer.
    pub(super) fn read(admin: &Admin, node: usize) -> Result<Option<Self>, ()> {
        match admin.sync().and_then(|_| Self::of(admin, node)) {
            Ok(truth) => Ok(truth),
            Err(Error::Connection { .. } | Error::Server { .. }) => Err(()),
            Err(_) => Ok(None),
        }
    }

    pub(super) fn of(admin: &Admin, node: usize) -> Result<Option<Self>, Error> {
        let place = format!("{CHROOT}/live-data/rollouts/n{node}");
        let plan = existing(admin.get(&place))?;
        let candidate = existing(admin.get(&format!("{place}/candidate")))?;
        let Some(stable) = document(&admin.get(&path(node))?.0) else { return Ok(None) };
        let plan = plan.zip(candidate).and_then(|(plan, candidate)| Plan::parse(&plan, &candidate));
        Ok(Some(Self { stable, plan }))
    }

    /// The document that is meant for a watcher's file.
    pub(crate) fn meant(&self, watcher: usize, node: usize) -> u64 {
        let plan = self
            .plan
            .as_ref()
            .filter(|plan| follows(watcher, node) && includes(&plan.id, plan.share, &host_name(watcher)));
        plan.map_or(self.stable, |plan| plan.candidate)
    }
}

impl Plan {
    fn parse(plan: &[u8], candidate: &[u8]) -> Option<Self> {
        let plan: Value = serde_json::from_slice(plan).ok()?;
        Some(Self {
            id: plan["id"].as_str()?.to_owned(),
            share: plan["share"].as_u64()?,
            is_paused: plan["state"] == "paused",
            candidate: document(candidate)?,
        })
    }
}

fn document(bytes: &[u8]) -> Option<u64> {
    match decode(bytes) {
        Content::Whole { version, .. } => Some(version),
        _ => None,
    }
}

fn existing<T>(read: Result<(Vec<u8>, T), Error>) -> Result<Option<Vec<u8>>, Error> {
    match read {
        Ok((data, _)) => Ok(Some(data)),
        Err(Error::NoNode { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
