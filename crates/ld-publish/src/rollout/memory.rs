//! What a tool remembers from one round to the next, and how the hosts of the share stand by that.

use std::collections::BTreeMap;
use std::time::Duration;

use ld_fleet::{RolloutPlan, Share};

use super::{HostState, Hosts, RoundHosts};

/// A host may be without a report for so long before it counts as bad: its watcher restarts, or all
/// sessions begin anew after an outage of the ensemble.
pub(super) const GONE_LIMIT: Duration = Duration::from_secs(30);

/// A host may take so long to have the candidate, or as long as the soak if that is longer, before
/// it counts as bad.
const LATE_LIMIT: Duration = Duration::from_secs(60);

/// The times of one rollout. A tool that goes on with a rollout begins with none:
/// it watches the present share anew. All times are since one moment.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The present share, and when it was first seen.
    share: Option<(Share, Duration)>,
    /// Since when enough hosts of the share have the candidate.
    settled: Option<Duration>,
    /// The hosts of the share that have ever reported, and when they last did.
    seen: BTreeMap<String, Duration>,
}

impl Memory {
    /// Notes which share there is, and which hosts report.
    pub(super) fn note(&mut self, plan: &RolloutPlan, hosts: &Hosts, now: Duration) {
        if self.share.is_none_or(|(share, _)| share != plan.share) {
            (self.share, self.settled) = (Some((plan.share, now)), None);
        }
        self.seen.extend(hosts.keys().map(|host| (host.clone(), now)));
    }

    /// How long the present share has been watched.
    pub(super) fn share_watched_for(&self, now: Duration) -> Duration {
        self.share.map_or(Duration::ZERO, |(_, since)| now.saturating_sub(since))
    }

    /// How the hosts of the share stand, of which `hosts` report now.
    pub(super) fn count(&self, plan: &RolloutPlan, hosts: &Hosts, now: Duration) -> RoundHosts {
        let watched = self.share_watched_for(now);
        let is_late = watched >= LATE_LIMIT.max(plan.soak());
        let mut counts = RoundHosts::default();
        for (host, state) in hosts {
            match state {
                HostState::Good => counts.good += 1,
                HostState::Pending if is_late => {
                    _ = counts.bad.insert(host.clone(), "it does not get the candidate".to_owned());
                }
                HostState::Pending | HostState::Delayed => counts.pending += 1,
                HostState::Bad(why) => _ = counts.bad.insert(host.clone(), why.clone()),
            }
        }
        for (host, last) in self.seen.iter().filter(|(host, _)| !hosts.contains_key(*host)) {
            if now.saturating_sub(*last) < GONE_LIMIT {
                counts.pending += 1;
            } else {
                counts.bad.insert(host.clone(), "it no longer reports that it takes part".to_owned());
            }
        }
        // Those that this tool has never seen have no name here.
        let missing = plan.hosts.saturating_sub(self.seen.len());
        if watched < GONE_LIMIT {
            counts.pending += missing;
        } else {
            counts.missing = missing;
        }
        counts
    }

    /// Notes whether enough hosts have the candidate. Gives for how long they have.
    pub(super) fn settle(&mut self, is_settled: bool, now: Duration) -> Option<Duration> {
        self.settled = is_settled.then(|| self.settled.unwrap_or(now));
        self.settled.map(|since| now.saturating_sub(since))
    }
}
