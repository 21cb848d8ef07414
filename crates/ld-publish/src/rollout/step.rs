//! What a rollout does next, decided by the plan and the reports of the hosts alone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ld_fleet::{RolloutPlan, RolloutState, Share};

/// A host may be without a report for so long before it counts as bad: its watcher restarts, or all
/// sessions begin anew after an outage of the ensemble.
const GONE_LIMIT: Duration = Duration::from_secs(30);

/// A host may take so long to have the candidate, or as long as the soak if that is longer, before
/// it counts as bad.
const LATE_LIMIT: Duration = Duration::from_secs(60);

/// How a host of the share stands to the candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostState {
    /// It has it, and all is well.
    Good,
    /// It does not have it yet.
    Pending,
    /// Its `apply_jitter` has it wait. That is never too late.
    Delayed,
    /// Something is wrong there: what.
    Bad(String),
}

/// What is done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nothing yet: what is waited for.
    Wait(String),
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

/// How the hosts of the share stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoundHosts {
    /// How many have the candidate, and all is well.
    pub good: usize,
    /// How many do not have it yet.
    pub pending: usize,
    /// Where something is wrong, and what.
    pub bad: BTreeMap<String, String>,
    /// How many the plan counts that have not reported for too long. They are bad, and not known by
    /// name: they were gone before this tool began.
    pub missing: usize,
}

impl RoundHosts {
    /// How many are bad.
    pub fn bad_count(&self) -> usize {
        self.bad.len() + self.missing
    }
}

/// What is remembered from one round to the next. A tool that goes on with a rollout begins with an
/// empty one: it watches the present share anew.
#[derive(Debug, Default)]
pub struct Conductor {
    /// The rollout that is watched, and since when.
    began: Option<(String, Duration)>,
    /// The rollout and its share that are watched, and since when.
    watched: Option<(String, Share, Duration)>,
    /// Since when enough hosts of the share have the candidate.
    settled: Option<Duration>,
    /// The hosts of the share that have ever reported, and when they last did.
    seen: BTreeMap<String, Duration>,
}

impl Conductor {
    /// Decides about one round. `hosts` are those that take part and report now; those outside the
    /// share are left out here. `check`: what the operator's program says, if there is one. `now`
    /// is the time since any moment that stays the same.
    pub fn round(
        &mut self,
        plan: &RolloutPlan,
        hosts: &BTreeMap<String, HostState>,
        check: Result<(), String>,
        now: Duration,
    ) -> Round {
        let since = self.watch(plan, now);
        if self.began.as_ref().is_none_or(|(id, _)| *id != plan.id) {
            self.began = Some((plan.id.clone(), now));
        }
        let hosts = self.count(plan, hosts, since, now);
        let next = self.next(plan, &hosts, check, now);
        Round { next, hosts }
    }

    /// Since when this share is watched.
    fn watch(&mut self, plan: &RolloutPlan, now: Duration) -> Duration {
        match &self.watched {
            Some((id, share, since)) if *id == plan.id && *share == plan.share => *since,
            _ => {
                if self.watched.as_ref().is_some_and(|(id, ..)| *id != plan.id) {
                    self.seen.clear();
                }
                self.watched = Some((plan.id.clone(), plan.share, now));
                self.settled = None;
                now
            }
        }
    }

    /// Whether a host that takes part has had the time to report since the rollout is watched.
    fn has_watched_long(&self, now: Duration) -> bool {
        self.began.as_ref().is_some_and(|(_, began)| now.saturating_sub(*began) >= GONE_LIMIT)
    }

    fn count(
        &mut self,
        plan: &RolloutPlan,
        hosts: &BTreeMap<String, HostState>,
        since: Duration,
        now: Duration,
    ) -> RoundHosts {
        let watched = now.saturating_sub(since);
        let late = watched >= LATE_LIMIT.max(plan.soak());
        let mut counts = RoundHosts::default();
        for (host, state) in hosts.iter().filter(|(host, _)| plan.includes(host)) {
            self.seen.insert(host.clone(), now);
            match state {
                HostState::Good => counts.good += 1,
                HostState::Pending if late => {
                    _ = counts.bad.insert(host.clone(), "it does not get the candidate".to_owned());
                }
                HostState::Pending | HostState::Delayed => counts.pending += 1,
                HostState::Bad(why) => _ = counts.bad.insert(host.clone(), why.clone()),
            }
        }
        let reporting: BTreeSet<&String> = hosts.keys().collect();
        for (host, last) in self.seen.iter().filter(|(host, _)| !reporting.contains(host)) {
            if now.saturating_sub(*last) < GONE_LIMIT {
                counts.pending += 1;
            } else {
                counts.bad.insert(host.clone(), "it no longer reports that it takes part".to_owned());
            }
        }
        let missing = plan.hosts.saturating_sub(self.seen.len());
        if watched < GONE_LIMIT {
            counts.pending += missing;
        } else {
            counts.missing = missing;
        }
        counts
    }

    fn next(
        &mut self,
        plan: &RolloutPlan,
        hosts: &RoundHosts,
        check: Result<(), String>,
        now: Duration,
    ) -> Next {
        let total = hosts.good + hosts.pending + hosts.bad_count();
        let allowed = plan.max_bad.of(total);
        if hosts.bad_count() > allowed {
            return Next::TakeBack(describe(hosts, total, plan));
        }
        if let Err(why) = check {
            return Next::TakeBack(why);
        }
        if hosts.good == 0 || hosts.pending + hosts.bad_count() > allowed {
            let why = match (total, plan.next_share()) {
                // All reports may be gone for a moment, such as after an outage of the ensemble.
                (0, Some(_)) if !self.has_watched_long(now) => "no host of the share reports yet".to_owned(),
                // A share without hosts shows nothing, and there is nothing to wait for.
                (0, Some(_)) => return grow(plan),
                (0, None) => "no host reports that it takes part".to_owned(),
                _ => format!("{} of {total} hosts have the candidate", hosts.good),
            };
            self.settled = None;
            return Next::Wait(why);
        }
        let settled = *self.settled.get_or_insert(now);
        match plan.soak().checked_sub(now.saturating_sub(settled)) {
            None | Some(Duration::ZERO) => grow(plan),
            Some(left) => Next::Wait(format!("{} s of the soak are left", left.as_secs_f64().ceil())),
        }
    }
}

/// The step after the present one.
fn grow(plan: &RolloutPlan) -> Next {
    match (plan.state, plan.next_share()) {
        (RolloutState::Running, Some(share)) => Next::Raise(share),
        (RolloutState::Running, None) => Next::Promote,
        _ => Next::Wait("the rollout is paused".to_owned()),
    }
}

fn describe(hosts: &RoundHosts, total: usize, plan: &RolloutPlan) -> String {
    let (bad, allowed) = (hosts.bad_count(), plan.max_bad);
    let example = match hosts.bad.first_key_value() {
        Some((host, why)) => format!("{host}: {why}"),
        None => format!("no report from {bad} of the hosts that took part"),
    };
    format!("{bad} of {total} hosts with the candidate are bad ({allowed} are allowed): {example}")
}

#[cfg(test)]
mod tests;
