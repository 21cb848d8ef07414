//! What a rollout does next, decided by the plan, the hosts and the time alone.

use std::time::Duration;

use ld_fleet::{RolloutPlan, RolloutState, Share};

use super::memory::{GONE_LIMIT, Memory};
use super::{Hosts, RoundHosts};

/// What a round decides by.
#[derive(Debug)]
pub(super) struct Input<'a> {
    /// The plan as it was read.
    pub(super) plan: &'a RolloutPlan,
    /// The hosts of the share that take part and report, and how they stand to the candidate.
    pub(super) hosts: &'a Hosts,
    /// Whether any host reports that it takes part, in the share or outside of it.
    pub(super) is_watched: bool,
    /// Whether the node is as it was when the rollout started.
    pub(super) is_stable: bool,
    /// What the operator's program says, if there is one.
    pub(super) check: Result<(), String>,
    /// The time since any moment that stays the same.
    pub(super) now: Duration,
}

/// What is done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nothing yet: what is waited for.
    Wait(String),
    /// Nothing yet: enough hosts are good, and this much of the soak is left.
    Soak(Duration),
    /// This share gets the candidate.
    Raise(Share),
    /// The node gets the candidate.
    Promote,
    /// The candidate is taken back: why.
    TakeBack(String),
}

/// How the hosts of the share stand, and what is done next.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Round {
    /// What is done next.
    pub next: Next,
    /// The hosts of the share.
    pub hosts: RoundHosts,
}

/// Decides about one round.
pub(super) fn decide(memory: &mut Memory, input: Input<'_>) -> Round {
    let Input { plan, is_watched, now, .. } = input;
    memory.note(plan, input.hosts, now);
    let hosts = memory.count(plan, input.hosts, now);
    let settled = memory.settle(is_settled(plan, &hosts), now);
    let total = hosts.total();
    let next = if hosts.bad_count() > plan.max_bad.of(total) {
        Next::TakeBack(describe_bad(plan, &hosts))
    } else if !input.is_stable {
        // A share that grows would take that change from more hosts, and no promotion can follow.
        Next::TakeBack(format!("{} was changed since the rollout started", plan.path))
    } else if let Err(why) = input.check {
        Next::TakeBack(why)
    } else if !is_watched {
        Next::Wait("no host reports that it takes part".to_owned())
    } else if total == 0 && plan.next_share().is_none() {
        // Nothing would show whether the candidate does harm.
        Next::Wait("no host of the last share reports: start again with larger steps".to_owned())
    } else if total == 0 {
        // A share without hosts shows nothing, and there is nothing to wait for. But its reports
        // may be gone for a moment, such as after an outage of the ensemble.
        match memory.share_watched_for(now) {
            watched if watched < GONE_LIMIT => Next::Wait("no host of the share reports yet".to_owned()),
            _ => grow(plan),
        }
    } else if let Some(settled) = settled {
        match plan.soak().saturating_sub(settled) {
            Duration::ZERO => grow(plan),
            left => Next::Soak(left),
        }
    } else {
        Next::Wait(format!("{} of {total} hosts have the candidate", hosts.good))
    };
    Round { next, hosts }
}

/// Whether all hosts but those that may be bad have the candidate, and all is well.
fn is_settled(plan: &RolloutPlan, hosts: &RoundHosts) -> bool {
    hosts.good > 0 && hosts.pending + hosts.bad_count() <= plan.max_bad.of(hosts.total())
}

/// The step after the present one.
fn grow(plan: &RolloutPlan) -> Next {
    match (plan.state, plan.next_share()) {
        (RolloutState::Running, Some(share)) => Next::Raise(share),
        (RolloutState::Running, None) => Next::Promote,
        _ => Next::Wait("the rollout is paused".to_owned()),
    }
}

fn describe_bad(plan: &RolloutPlan, hosts: &RoundHosts) -> String {
    let (bad, total, allowed) = (hosts.bad_count(), hosts.total(), plan.max_bad);
    let example = match hosts.bad.first_key_value() {
        Some((host, why)) => format!("{host}: {why}"),
        None => format!("no report from {bad} of the hosts that took part"),
    };
    format!("{bad} of {total} hosts with the candidate are bad ({allowed} are allowed): {example}")
}

#[cfg(test)]
mod tests;
