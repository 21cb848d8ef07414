//! What a whole fleet has, host by host, in bounded memory.

use std::collections::{HashMap, HashSet};
use std::pin::pin;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use ld_config::PublishConfig;
use ld_zk::{Client, zookeeper};
use serde::{Deserialize, Serialize};

use crate::read::{self, Names};
use crate::report::start;
use crate::{ContentHash, NodeReport, ReadError, Report, Standing, Wanted};

/// How many nodes of a host are shown, the worst first: 3.
pub const MAX_DETAILS: usize = 3;

/// The most nodes that ZooKeeper is asked about, for whether hosts lag. Reports name them, and may
/// name any number.
const MAX_PATHS: usize = 2_000;

/// How many of them it is asked about at a time.
const REQUESTS: usize = 32;

/// How many reports are compared at a time, if so many have arrived. Each may take a few MiB.
const REPORTS: usize = 8;

/// The longest path that is shown.
const MAX_SHOWN_PATH: usize = 400;

/// What the hosts of a fleet have. Its JSON is stable: fields may be added, and stay.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Fleet {
    /// The hosts, the worst first and then by name.
    pub hosts: Vec<Host>,
    /// How many of them have all that they are meant to have.
    pub good: u64,
    /// How many lag.
    pub lagging: u64,
    /// Where something is wrong.
    pub bad: u64,
    /// How many have a report that cannot be read.
    pub unreadable: u64,
    /// How many hosts were not read, because there are too many.
    pub omitted: u64,
}

/// One host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Host {
    /// Its name.
    pub host: String,
    /// The version of its watcher.
    pub version: Option<String>,
    /// When its watcher started, in seconds since 1970.
    pub started: Option<u64>,
    /// The worst of its nodes.
    pub standing: Standing,
    /// How many nodes it has.
    pub nodes: u64,
    /// How many of them lag.
    pub lagging: u64,
    /// With how many something is wrong.
    pub bad: u64,
    /// Some of its nodes, the worst first, at most [`MAX_DETAILS`].
    pub details: Vec<Detail>,
    /// Why its report cannot be read.
    pub error: Option<String>,
}

/// One node of a host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Detail {
    /// Its path.
    pub path: String,
    /// Its state, as [`NodeState::as_str`](crate::NodeState::as_str) has it.
    pub state: String,
    /// How the host stands to what the node holds.
    pub standing: Standing,
    /// The version that the host has.
    pub mzxid: Option<i64>,
    /// The hash of its content.
    pub hash: Option<String>,
    /// When it entered its state, in seconds since 1970.
    pub since: u64,
    /// Why it is not good, or follows no rollout.
    pub reason: Option<String>,
}

impl Fleet {
    /// Reads the reports of all hosts, and compares them with what the nodes hold now. With `path`
    /// it shows only that node, and only the hosts that have it.
    ///
    /// # Errors
    ///
    /// The directory of the reports cannot be read. A report that cannot be read is an entry.
    pub async fn read(
        client: &Client,
        publish: &PublishConfig,
        path: Option<&str>,
    ) -> Result<Self, ReadError> {
        let Names { names, omitted } = read::names(client, publish).await?;
        let session = client.session().await?;
        let mut nodes = Nodes { session: &session, wanted: HashMap::new() };
        let mut hosts = Vec::new();
        let mut reports = pin!(read::reports(&session, publish, names).ready_chunks(REPORTS));
        while let Some(some) = reports.next().await {
            let named = some.iter().filter_map(|(_, report)| report.as_ref().ok());
            let named = named.flat_map(|report| &report.nodes).map(|node| node.path.as_str());
            nodes.learn(named.filter(|named| path.is_none_or(|path| path == *named))).await?;
            for (host, report) in some {
                match report {
                    Ok(report) => hosts.extend(nodes.judge(report, path)),
                    Err(error) => hosts.push(Host::unreadable(host, &error)),
                }
            }
        }
        Ok(Self::of(hosts, omitted as u64))
    }

    fn of(mut hosts: Vec<Host>, omitted: u64) -> Self {
        hosts.sort_unstable_by(|a, b| b.standing.cmp(&a.standing).then_with(|| a.host.cmp(&b.host)));
        let count = |standing| hosts.iter().filter(|host| host.standing == standing).count() as u64;
        let [good, lagging, bad, unreadable] =
            [Standing::Good, Standing::Lagging, Standing::Bad, Standing::Unreadable].map(count);
        Self { hosts, good, lagging, bad, unreadable, omitted }
    }

    /// Whether all hosts have all that they are meant to have.
    pub fn is_good(&self) -> bool {
        self.good == self.hosts.len() as u64
    }
}

/// What the nodes hold that reports name.
struct Nodes<'a> {
    session: &'a zookeeper::Client,
    wanted: HashMap<String, Wanted>,
}

impl Nodes<'_> {
    /// Asks ZooKeeper about those of the nodes that are not known yet, until [`MAX_PATHS`] are.
    async fn learn(&mut self, paths: impl Iterator<Item = &str>) -> Result<(), ReadError> {
        let mut unknown = HashSet::new();
        for path in paths {
            if self.wanted.len() + unknown.len() >= MAX_PATHS {
                break;
            }
            // A report may name what is no path.
            let is_path = || ld_config::znode_path(path).is_ok_and(|valid| valid == path);
            if !self.wanted.contains_key(path) && is_path() {
                unknown.insert(path);
            }
        }
        let session = self.session;
        let ask = async |path: &str| {
            let mzxid = read::stat(session, path).await?.map(|stat| stat.mzxid);
            Ok::<_, ReadError>((path.to_owned(), Wanted::at_least(mzxid)))
        };
        let learned: Vec<_> = stream::iter(unknown).map(ask).buffer_unordered(REQUESTS).try_collect().await?;
        self.wanted.extend(learned);
        Ok(())
    }

    /// What is shown of a report; `None` if it does not name `path`.
    fn judge(&self, report: Report, path: Option<&str>) -> Option<Host> {
        let Report { host, version, started, nodes, omitted } = report;
        let nodes: Vec<_> =
            nodes.into_iter().filter(|node| path.is_none_or(|path| node.path == path)).collect();
        if path.is_some() && nodes.is_empty() {
            return None;
        }
        let mut judged: Vec<_> = nodes.into_iter().map(|node| (self.standing(&node), node)).collect();
        let count = |wanted| judged.iter().filter(|(standing, _)| *standing == wanted).count() as u64;
        let (lagging, bad) = (count(Standing::Lagging), count(Standing::Bad));
        let total = judged.len() as u64 + if path.is_some() { 0 } else { omitted };
        judged.sort_by_key(|(standing, node)| (std::cmp::Reverse(*standing), node.no_rollout.is_none()));
        let standing = judged.first().map_or(Standing::Good, |(standing, _)| *standing);
        judged.truncate(MAX_DETAILS);
        let details = judged.into_iter().map(|(standing, node)| Detail::of(node, standing)).collect();
        let (version, started) = (Some(version), Some(started));
        Some(Host { host, version, started, standing, nodes: total, lagging, bad, details, error: None })
    }

    fn standing(&self, node: &NodeReport) -> Standing {
        // Where it is not known what the node holds, the state alone counts.
        let wanted = self.wanted.get(&node.path).copied();
        wanted.unwrap_or(Wanted::at_least(node.mzxid)).standing(node)
    }
}

impl Host {
    fn unreadable(host: String, error: &ReadError) -> Self {
        Self {
            host,
            version: None,
            started: None,
            standing: Standing::Unreadable,
            nodes: 0,
            lagging: 0,
            bad: 0,
            details: Vec::new(),
            error: Some(error.to_string()),
        }
    }
}

impl Detail {
    fn of(node: NodeReport, standing: Standing) -> Self {
        let NodeReport { path, mzxid, hash, state, since, reason, no_rollout, .. } = node;
        let reason = reason.or(no_rollout.map(|why| format!("follows no rollout: {why}")));
        let path = start(&path, MAX_SHOWN_PATH).to_owned();
        let hash = hash.as_ref().map(ContentHash::to_string);
        Self { path, state: state.as_str().to_owned(), standing, mzxid, hash, since, reason }
    }
}
