//! What a plan says to one host.

use ld_fleet::{MAX_PLAN_BYTES, RolloutPlan};
use ld_zk::{NodeStat, NodeState};

/// A plan that gives this host the candidate.
pub(super) struct Offer {
    pub(super) plan: RolloutPlan,
    pub(super) stat: NodeStat,
}

impl Offer {
    /// What the plan says to this host. An error: why it is not followed.
    pub(super) fn in_plan(state: NodeState, path: &str, host: &str) -> Result<Option<Self>, String> {
        match state {
            NodeState::Absent(_) => Ok(None),
            NodeState::Present { data, stat } => {
                let plan = RolloutPlan::parse(&data, path).map_err(|error| error.to_string())?;
                Ok(plan.includes(host).then_some(Self { plan, stat }))
            }
            NodeState::TooLarge { bytes, .. } => {
                Err(format!("the plan has {bytes} bytes, and {MAX_PLAN_BYTES} are read at most"))
            }
            NodeState::Unreadable(why) => Err(format!("the plan cannot be read: {why}")),
            other => Err(format!("the plan is {other:?}")),
        }
    }
}
