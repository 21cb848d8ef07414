//! What a whole fleet has, host by host, in bounded memory.

use std::pin::pin;

use futures_util::stream::StreamExt;
use ld_config::{PublishConfig, counted};
use ld_zk::Client;
use serde::{Deserialize, Serialize};

use crate::nodes::Nodes;
use crate::read::{self, Names};
use crate::report::start;
use crate::{ContentHash, NodeReport, ReadError, Report, Standing};

/// How many nodes of a host are shown, the worst first: 3.
pub const MAX_DETAILS: usize = 3;

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
    /// How many say that all is well, but were not compared with all of their nodes.
    #[serde(default)]
    pub uncompared: u64,
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
    /// How many were not compared with what they hold, because there are too many of them.
    #[serde(default)]
    pub uncompared: u64,
    /// Some of its nodes, the worst first, at most [`MAX_DETAILS`].
    pub details: Vec<Detail>,
    /// Why its report does not say how it stands: it cannot be read, or has no room for all nodes.
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
    /// it shows only that node, and only the hosts that have it, or may have it without room for it
    /// in their reports. At most [`MAX_NODE_REQUESTS`](crate::MAX_NODE_REQUESTS) nodes are compared.
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
        let mut nodes = Nodes::new(&session, publish);
        let mut hosts = Vec::new();
        let mut reports = pin!(read::reports(&session, publish, names).ready_chunks(REPORTS));
        while let Some(some) = reports.next().await {
            let valid = some.iter().filter_map(|(_, report)| report.as_ref().ok());
            let valid: Vec<_> = valid.map(|(report, _)| report).collect();
            nodes.learn(&valid, path).await?;
            for (host, report) in some {
                match report {
                    Ok((report, _)) => hosts.extend(Host::of(report, path, &nodes)),
                    Err(error) => hosts.push(Host::unreadable(host, &error)),
                }
            }
        }
        Ok(Self::of(hosts, omitted as u64))
    }

    fn of(mut hosts: Vec<Host>, omitted: u64) -> Self {
        hosts.sort_unstable_by(|a, b| b.standing.cmp(&a.standing).then_with(|| a.host.cmp(&b.host)));
        let count = |standing| hosts.iter().filter(|host| host.standing == standing).count() as u64;
        let [good, lagging, bad] = [Standing::Good, Standing::Lagging, Standing::Bad].map(count);
        let [unreadable, uncompared] = [Standing::Unreadable, Standing::Uncompared].map(count);
        Self { hosts, good, lagging, bad, unreadable, uncompared, omitted }
    }

    /// Whether all hosts are known to have all that they are meant to have.
    pub fn is_good(&self) -> bool {
        self.good == self.hosts.len() as u64 && self.omitted == 0
    }
}

impl Host {
    /// What is shown of a report; `None` if the host does not have `path`.
    fn of(report: Report, path: Option<&str>, held: &Nodes<'_>) -> Option<Self> {
        let Report { host, version, started, nodes, omitted } = report;
        let nodes = nodes.into_iter().filter(|node| path.is_none_or(|path| node.path == path));
        let mut judged: Vec<_> = nodes.map(|node| (held.standing(&host, &node), node)).collect();
        let omitted = if path.is_some() && !judged.is_empty() { 0 } else { omitted };
        if path.is_some() && judged.is_empty() && omitted == 0 {
            return None;
        }
        let count = |wanted| judged.iter().filter(|(standing, _)| *standing == wanted).count() as u64;
        let (lagging, bad) = (count(Standing::Lagging), count(Standing::Bad));
        let uncompared = count(Standing::Uncompared).saturating_add(omitted);
        let total = (judged.len() as u64).saturating_add(omitted);
        judged.sort_by_key(|(standing, node)| (std::cmp::Reverse(*standing), node.no_rollout.is_none()));
        let worst = judged.first().map_or(Standing::Good, |(standing, _)| *standing);
        let standing = if uncompared > 0 { worst.max(Standing::Uncompared) } else { worst };
        let is_cut_off = omitted > 0 && standing == Standing::Uncompared;
        let error = is_cut_off.then(|| format!("the report has no room for {}", counted(omitted, "node")));
        judged.truncate(MAX_DETAILS);
        let details = judged.into_iter().map(|(standing, node)| Detail::of(node, standing)).collect();
        let (version, started) = (Some(version), Some(started));
        Some(Self {
            host,
            version,
            started,
            standing,
            nodes: total,
            lagging,
            bad,
            uncompared,
            details,
            error,
        })
    }

    fn unreadable(host: String, error: &ReadError) -> Self {
        Self {
            host,
            version: None,
            started: None,
            standing: Standing::Unreadable,
            nodes: 0,
            lagging: 0,
            bad: 0,
            uncompared: 0,
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
