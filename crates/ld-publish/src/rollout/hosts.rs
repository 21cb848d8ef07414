//! How the hosts stand to a candidate, by their reports.

use std::collections::BTreeMap;

use ld_config::{PublishConfig, escape_hidden};
use ld_fleet::{HostNodes, NodeState, ReadError, RolloutPlan, Standing, Wanted, node_reports};

use super::Rollout;

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

/// Hosts by name, and how each stands to the candidate.
pub type Hosts = BTreeMap<String, HostState>;

/// How many hosts of the share stand how.
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

    /// How many there are.
    pub fn total(&self) -> usize {
        self.good + self.pending + self.bad_count()
    }
}

/// The hosts of the present share that take part in the rollout and report. Cancel-safe.
///
/// # Errors
///
/// The reports cannot be read.
pub async fn candidate_hosts(rollout: &Rollout, publish: &PublishConfig) -> Result<Hosts, ReadError> {
    let plan = &rollout.plan;
    let reports =
        node_reports(&rollout.client, publish, &plan.path, |host: &str| plan.includes(host)).await?;
    let wanted = Wanted::content(rollout.candidate_mzxid, &rollout.candidate);
    let started = rollout.stat.czxid;
    let states = reports.into_iter().filter_map(|report| {
        let state = state_of(&wanted, started, &report)?;
        Some((report.host, state))
    });
    Ok(states.collect())
}

/// Which hosts take part in rollouts of a node, by their reports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Participants {
    /// Those that take part. Without one nothing shows whether a candidate does harm.
    pub hosts: Vec<String>,
    /// Those that are meant to and cannot, such as one that may not read plans: why. They get new
    /// content when it is promoted.
    pub unable: BTreeMap<String, String>,
}

impl Participants {
    /// Reads the reports of the hosts that have the node at `path`. Cancel-safe.
    ///
    /// # Errors
    ///
    /// The reports, or one of them, cannot be read: the rights of this user do not suffice.
    pub async fn read(
        client: &ld_zk::Client,
        publish: &PublishConfig,
        path: &str,
    ) -> Result<Self, ReadError> {
        Self::among(client, publish, path, |_| true).await
    }

    /// The same for the hosts that `is_wanted` names.
    async fn among(
        client: &ld_zk::Client,
        publish: &PublishConfig,
        path: &str,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Result<Self, ReadError> {
        Self::of(node_reports(client, publish, path, is_wanted).await?)
    }

    fn of(reports: Vec<HostNodes>) -> Result<Self, ReadError> {
        let mut found = Self::default();
        for HostNodes { host, nodes, .. } in reports {
            let nodes = match nodes {
                Ok(nodes) => nodes,
                // The rights of this tool do not suffice.
                Err(cause @ ReadError::Denied { .. }) => return Err(cause),
                Err(_) => continue,
            };
            if nodes.iter().any(|node| node.rollout) {
                found.hosts.push(host);
            } else if let Some(why) = nodes.iter().find_map(|node| node.no_rollout.as_deref()) {
                found.unable.insert(host, escape_hidden(why).into_owned());
            }
        }
        Ok(found)
    }
}

/// The hosts that take part and belong to the share of the plan. There are none where reports have
/// no directory yet.
pub(super) async fn hosts_in_share(
    client: &ld_zk::Client,
    publish: &PublishConfig,
    plan: &RolloutPlan,
) -> Result<Vec<String>, ReadError> {
    match Participants::among(client, publish, &plan.path, |host| plan.includes(host)).await {
        Ok(participants) => Ok(participants.hosts),
        Err(ReadError::NoDirectory { .. }) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// The worst of the nodes that take part; `None` if none does. A report from before the transaction
/// `started` says nothing bad of the candidate: what was wrong then, another one may have caused.
fn state_of(wanted: &Wanted, started: i64, report: &HostNodes) -> Option<HostState> {
    let nodes = match &report.nodes {
        Ok(nodes) => nodes.iter().filter(|node| node.rollout),
        // It may have the candidate, and nothing tells whether that does harm.
        Err(why) => return Some(HostState::Bad(escape_hidden(&why.to_string()).into_owned())),
    };
    let (standing, node) =
        nodes.map(|node| (wanted.standing(node), node)).max_by_key(|(standing, _)| *standing)?;
    Some(match standing {
        Standing::Good => HostState::Good,
        Standing::Lagging if node.state == NodeState::Delayed => HostState::Delayed,
        Standing::Lagging => HostState::Pending,
        _ if report.reported < started => HostState::Pending,
        _ => {
            let reason = escape_hidden(node.reason.as_deref().unwrap_or_default()).into_owned();
            HostState::Bad(format!("{}: {reason}", node.state.as_str()))
        }
    })
}

#[cfg(test)]
mod tests {
    use ld_fleet::NodeReport;

    use super::*;

    fn node(state: NodeState, mzxid: i64) -> NodeReport {
        let mut node = NodeReport::new("/a", state, 0).because("why");
        (node.mzxid, node.rollout) = (Some(mzxid), true);
        node
    }

    #[test]
    fn hosts_that_take_part_are_told_from_those_that_cannot() {
        let (takes_part, mut other) = (node(NodeState::Current, 7), node(NodeState::Current, 7));
        other.rollout = false;
        let unable = other.clone().without_rollout("plans cannot be read\x1b[2J");
        let found = Participants::of(vec![
            HostNodes::new("web-0", 1, vec![unable.clone(), takes_part]),
            HostNodes::new("web-1", 1, vec![other.clone(), unable]),
            HostNodes::new("web-2", 1, vec![other]),
            HostNodes::new("web-3", 1, Vec::new()),
        ])
        .unwrap();
        assert_eq!(found.hosts, ["web-0"]);
        let why = "plans cannot be read\\u{1b}[2J".to_owned();
        assert_eq!(found.unable, BTreeMap::from([("web-1".to_owned(), why)]));
    }

    #[test]
    fn a_host_is_as_good_as_its_worst_node_that_takes_part() {
        let wanted = Wanted::content(7, b"new");
        let state = |nodes: &[NodeReport]| state_of(&wanted, 5, &HostNodes::new("web-0", 5, nodes.to_vec()));
        let (good, old) = (node(NodeState::Current, 7), node(NodeState::Current, 6));
        let (rejected, delayed) = (node(NodeState::Rejected, 6), node(NodeState::Delayed, 6));
        let hook = node(NodeState::HookFailed, 7);
        let mut other = rejected.clone();
        other.rollout = false;
        assert_eq!(state(&[]), None);
        assert_eq!(state(std::slice::from_ref(&other)), None);
        assert_eq!(state(&[good.clone(), other]), Some(HostState::Good));
        assert_eq!(state(&[good.clone(), old]), Some(HostState::Pending));
        assert_eq!(state(&[delayed]), Some(HostState::Delayed));
        assert_eq!(state(&[good, rejected]), Some(HostState::Bad("rejected: why".to_owned())));
        assert_eq!(state(&[hook]), Some(HostState::Bad("hook-failed: why".to_owned())));
    }

    #[test]
    fn a_report_from_before_the_rollout_says_nothing_bad() {
        let report = |reported| HostNodes::new("web-0", reported, vec![node(NodeState::Rejected, 6)]);
        let state = |reported| state_of(&Wanted::content(7, b"new"), 5, &report(reported));
        assert_eq!(state(4), Some(HostState::Pending));
        assert_eq!(state(5), Some(HostState::Bad("rejected: why".to_owned())));
    }

    #[test]
    fn a_report_that_cannot_be_read_is_bad() {
        let mut report = HostNodes::new("web-0", 5, Vec::new());
        report.nodes = Err(ReadError::Denied { path: "/live-data/hosts/web-0".to_owned() });
        let state = state_of(&Wanted::content(7, b"new"), 5, &report);
        assert!(matches!(state, Some(HostState::Bad(why)) if why.contains("/live-data/hosts/web-0")));
    }
}
