//! What a plan says to one host.

use ld_fleet::{MAX_PLAN_BYTES, RolloutPlan};
use ld_zk::{NodeStat, NodeState, Unreadable};

use super::choice::Choice;

/// A plan that gives this host the candidate.
pub(super) struct Offer {
    pub(super) plan: RolloutPlan,
    pub(super) stat: NodeStat,
}

impl Offer {
    /// What the plan says to this host. An error: the content of the node is meant for it, and why.
    pub(super) fn in_plan(state: NodeState, path: &str, host: &str) -> Result<Option<Self>, Choice> {
        match state {
            NodeState::Absent(_) => Ok(None),
            NodeState::Present { data, stat } => {
                let plan =
                    RolloutPlan::parse(&data, path).map_err(|error| Choice::Refused(error.to_string()))?;
                Ok(plan.includes(host).then_some(Self { plan, stat }))
            }
            NodeState::TooLarge { bytes, .. } => {
                let most = MAX_PLAN_BYTES;
                Err(Choice::Refused(format!("the plan has {bytes} bytes, and {most} are read at most")))
            }
            NodeState::Unreadable(why @ Unreadable::NoAuth) => {
                Err(Choice::Denied(format!("the plan cannot be read: {why}")))
            }
            NodeState::Unreadable(why) => Err(Choice::Refused(format!("the plan cannot be read: {why}"))),
            other => Err(Choice::Refused(format!("the plan is {other:?}"))),
        }
    }
}
