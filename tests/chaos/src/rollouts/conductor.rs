//! The program that conducts rollouts: the real one, or one with a defect.

use std::time::Duration;

use clap::ValueEnum;
use ld_testkit::{Admin, Daemon, Error, Step};
use serde_json::{Value, json};

use super::truth::{Plan, place, sha256};
use crate::judge::Violation;
use crate::testbed::path;

/// The conductor of a run. Those with a defect share no code with the real one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ConductorProgram {
    /// The built `live-data-ctl`.
    LiveData,
    /// A broken one that gives all hosts the candidate at once.
    AllAtOnce,
    /// A broken one that does not wait until the soak is over.
    Hasty,
    /// A broken one that reads no reports.
    Deaf,
}

impl ConductorProgram {
    /// The violation that a run of a broken conductor must find. The run ends there.
    pub(crate) fn expected_violation(self) -> Option<Violation> {
        (self != Self::LiveData).then_some(Violation::Share)
    }

    /// One round of a broken conductor. `since`: for how long the share has been as it is.
    pub(super) fn act(self, admin: &Admin, node: usize, plan: &Plan, since: Duration) -> Result<(), Error> {
        let next = match self {
            Self::LiveData => None,
            Self::AllAtOnce => Some(10_000),
            Self::Hasty => plan.next(),
            Self::Deaf => plan.next().filter(|_| since > plan.soak + plan.soak / 2),
        };
        let place = place(node);
        match next.filter(|share| *share > plan.share) {
            Some(share) => {
                let (bytes, _) = admin.get(&place)?;
                let Ok(mut plan) = serde_json::from_slice::<Value>(&bytes) else { return Ok(()) };
                plan["share"] = share.into();
                admin.set(&place, plan.to_string()).map(drop)
            }
            None if plan.next().is_some() || since < plan.soak => Ok(()),
            None => {
                let content = admin.get(&format!("{place}/candidate"))?.0;
                let mut steps = vec![Step::set(path(node), content)];
                let below = admin.children(&place)?;
                steps.extend(below.into_iter().map(|child| Step::delete(format!("{place}/{child}"))));
                steps.push(Step::delete(place));
                admin.transaction(&steps)
            }
        }
    }
}

/// A process that conducts a rollout.
pub(super) struct Conductor {
    pub(super) program: Daemon,
    /// What it conducts, as far as that is known.
    pub(super) candidate: u64,
    /// When it is killed.
    pub(super) dies_at: Option<Duration>,
    /// Until when it is stopped.
    pub(super) frozen_until: Option<Duration>,
}

impl Conductor {
    pub(super) fn new(program: Daemon, candidate: u64) -> Self {
        Self { program, candidate, dies_at: None, frozen_until: None }
    }
}

/// Starts a rollout without a tool, for watchers that do not report.
pub(super) fn start_by_hand(
    admin: &Admin,
    node: usize,
    candidate: &[u8],
    steps: &[u64],
) -> Result<(), Error> {
    let place = place(node);
    let plan = json!({
        "format": 1,
        "id": format!("{:032x}", fastrand::u128(..)),
        "path": format!("/n{node}"),
        "candidate_sha256": sha256(candidate),
        "share": steps[0],
        "state": "running",
        "steps": steps,
        "soak_seconds": 1,
        "max_bad": 50,
        "stable_mzxid": 0,
        "author": "chaos@testbed",
        "started": "",
    });
    let candidate = Step::create(format!("{place}/candidate"), candidate);
    admin.transaction(&[Step::create(place, plan.to_string()), candidate])
}
