//! What the nodes hold that reports name, asked in a bounded number of requests.

use std::collections::{HashMap, HashSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use ld_config::PublishConfig;
use ld_zk::zookeeper;

use crate::read;
use crate::{NodeReport, NodeState, ROLLOUTS, ReadError, Report, RolloutPlan, Standing, Wanted};

/// The most requests about nodes for one look at a fleet: 10,000. Reports name the nodes, and may
/// name any number. One report causes at most half of the requests that are left, so that others
/// are compared, too.
pub const MAX_NODE_REQUESTS: usize = 10_000;

/// How many requests are under way at a time.
const AT_A_TIME: usize = 32;

/// What the nodes hold.
pub(crate) struct Nodes<'a> {
    session: &'a zookeeper::Client,
    publish: &'a PublishConfig,
    held: HashMap<String, Held>,
    /// How many requests may follow.
    left: usize,
}

/// What one node holds.
struct Held {
    /// The transaction that made it so; `None`: the node does not exist.
    mzxid: Option<i64>,
    /// The plan of its rollout. It is asked for when a host may have a candidate.
    plan: Option<RolloutPlan>,
}

impl<'a> Nodes<'a> {
    pub(crate) fn new(session: &'a zookeeper::Client, publish: &'a PublishConfig) -> Self {
        Self { session, publish, held: HashMap::new(), left: MAX_NODE_REQUESTS }
    }

    /// Asks ZooKeeper about the nodes of these reports, with `path` about that node alone, as far
    /// as what is known does not settle how their hosts stand.
    pub(crate) async fn learn(&mut self, reports: &[&Report], path: Option<&str>) -> Result<(), ReadError> {
        let (session, publish) = (self.session, self.publish);
        let is_meant = |node: &NodeReport| path.is_none_or(|path| path == node.path);
        let ask = async |path: String| {
            let mzxid = read::stat(session, &path).await?.map(|stat| stat.mzxid);
            Ok::<_, ReadError>((path, mzxid))
        };
        let open = stream::iter(self.open(reports, is_meant));
        let versions: Vec<_> = open.map(ask).buffer_unordered(AT_A_TIME).try_collect().await?;
        for (path, mzxid) in versions {
            self.held.insert(path, Held { mzxid, plan: None });
        }
        // What is no version of the node may be a candidate.
        let ask = async |path: String| Ok::<_, ReadError>((plan(session, publish, &path).await?, path));
        let open = stream::iter(self.open(reports, |node| node.rollout && is_meant(node)));
        let plans: Vec<_> = open.map(ask).buffer_unordered(AT_A_TIME).try_collect().await?;
        for (plan, path) in plans {
            if let Some(held) = self.held.get_mut(&path) {
                held.plan = plan;
            }
        }
        Ok(())
    }

    /// The paths of the nodes that are to be asked about.
    fn open(&mut self, reports: &[&Report], is_meant: impl Fn(&NodeReport) -> bool) -> HashSet<String> {
        let mut open = HashSet::new();
        for report in reports {
            let most = open.len() + (self.left - open.len()) / 2;
            let nodes = report.nodes.iter().filter(|node| is_meant(node));
            for node in nodes.filter(|node| !self.is_known(&report.host, node)) {
                if open.len() >= most {
                    break;
                }
                // A report may name what is no path.
                if ld_config::znode_path(&node.path).is_ok_and(|valid| valid == node.path) {
                    open.insert(node.path.clone());
                }
            }
        }
        self.left -= open.len();
        open
    }

    /// Whether what is known settles how a host stands. A report may be younger than that.
    fn is_known(&self, host: &str, node: &NodeReport) -> bool {
        self.held.get(&node.path).is_some_and(|held| {
            node.state != NodeState::Current || node.mzxid <= held.mzxid || held.is_candidate(host, node)
        })
    }

    /// How a host stands that says this of a node.
    pub(crate) fn standing(&self, host: &str, node: &NodeReport) -> Standing {
        let Some(held) = self.held.get(&node.path) else {
            return match Wanted::version(node.mzxid).standing(node) {
                Standing::Good => Standing::Uncompared,
                standing => standing,
            };
        };
        match Wanted::version(held.mzxid).standing(node) {
            Standing::Lagging if held.is_candidate(host, node) && node.state.is_good() => Standing::Good,
            standing => standing,
        }
    }
}

impl Held {
    /// Whether the host has the candidate, and is meant to have it.
    fn is_candidate(&self, host: &str, node: &NodeReport) -> bool {
        let Some(plan) = self.plan.as_ref().filter(|_| node.rollout) else { return false };
        let candidate = plan.candidate_sha256.parse().ok();
        node.hash.is_some() && node.hash == candidate && plan.includes(host)
    }
}

/// The plan of the rollout of the node at `path`. One that is not valid, or may not be read, is
/// none: no host is known to be meant to have a candidate.
async fn plan(
    session: &zookeeper::Client,
    publish: &PublishConfig,
    path: &str,
) -> Result<Option<RolloutPlan>, ReadError> {
    match read::content(session, &publish.place_of(ROLLOUTS, path)).await {
        Ok(found) => Ok(found.and_then(|(bytes, _)| RolloutPlan::parse(&bytes, path).ok())),
        Err(ReadError::Denied { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
