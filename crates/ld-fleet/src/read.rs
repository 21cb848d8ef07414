//! All reports of a fleet, read a few at a time.

use std::pin::pin;

use futures_util::stream::{self, Stream, StreamExt};
use ld_config::{PublishConfig, escape_hidden, is_host_name};
use ld_zk::Client;
use ld_zk::zookeeper::{self, Stat};

use crate::request::bounded;
use crate::{HOSTS, InvalidReport, NodeReport, Report};

/// The most reports that are read: 50,000, one for each host. Others are counted.
pub const MAX_HOSTS: usize = 50_000;

/// How many reports are read at a time. Each may have a megabyte, though most have a few hundred
/// bytes.
const AT_A_TIME: usize = 64;

/// Why the reports of a fleet, or one of them, cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There is no session in time.
    #[error(transparent)]
    Client(#[from] ld_zk::Error),
    /// `live-data-ctl init` was not run.
    #[error("{directory} does not exist: make it with 'live-data-ctl init CONFIG'")]
    NoDirectory {
        /// The directory of the reports.
        directory: String,
    },
    /// The users of this session may not read it.
    #[error(
        "not authorized to read {path}: zookeeper.credentials need a user with the permission r (a report: a user of its watcher)"
    )]
    Denied {
        /// The node.
        path: String,
    },
    /// ZooKeeper refuses, or does not answer.
    #[error("cannot read {path}: {cause}")]
    Refused {
        /// The node.
        path: String,
        /// What it said.
        cause: zookeeper::Error,
    },
    /// A node below the directory is no report of a watcher.
    #[error("the report is not valid: {0}")]
    Invalid(#[from] InvalidReport),
    /// Its name is none that a watcher can have.
    #[error("the node's name cannot be that of a host")]
    Name,
}

impl ReadError {
    /// Whether it passes by itself, and says nothing of what was to be read.
    pub(crate) fn passes(&self) -> bool {
        matches!(self, Self::Client(_) | Self::Refused { .. })
    }
}

/// The names of the hosts that report, at most [`MAX_HOSTS`], and how many more there are.
pub(crate) struct Names {
    pub(crate) names: Vec<String>,
    pub(crate) omitted: usize,
}

/// Lists the hosts that report.
pub(crate) async fn names(client: &Client, publish: &PublishConfig) -> Result<Names, ReadError> {
    let directory = publish.directory(HOSTS);
    let session = client.session().await?;
    let listed = bounded(session.list_children(&directory)).await;
    let mut names = listed.map_err(|cause| match cause {
        zookeeper::Error::NoNode => ReadError::NoDirectory { directory: directory.clone() },
        cause => refused(&directory, cause),
    })?;
    names.sort_unstable();
    let omitted = names.len().saturating_sub(MAX_HOSTS);
    names.truncate(MAX_HOSTS);
    Ok(Names { names, omitted })
}

/// The reports of these hosts and the stats of their nodes, in any order. A host that is gone
/// meanwhile is left out.
pub(crate) fn reports<'a>(
    session: &'a zookeeper::Client,
    publish: &'a PublishConfig,
    names: impl IntoIterator<Item = String> + 'a,
) -> impl Stream<Item = (String, Result<(Report, Stat), ReadError>)> + 'a {
    let read = async move |name: String| {
        if !is_host_name(&name) {
            return Some((escape_hidden(&name).chars().take(80).collect(), Err(ReadError::Name)));
        }
        let path = format!("{}/{name}", publish.directory(HOSTS));
        let report = match bounded(session.get_data(&path)).await {
            Ok((bytes, stat)) => match Report::parse(&name, &bytes) {
                Ok(report) => Ok((report, stat)),
                Err(invalid) => Err(invalid.into()),
            },
            Err(zookeeper::Error::NoNode) => return None,
            Err(cause) => Err(refused(&path, cause)),
        };
        Some((name, report))
    };
    stream::iter(names).map(read).buffer_unordered(AT_A_TIME).filter_map(async |report| report)
}

/// What the report of one host says of one node.
#[derive(Debug)]
#[non_exhaustive]
pub struct HostNodes {
    /// The name of the host.
    pub host: String,
    /// The transaction that wrote the report.
    pub reported: i64,
    /// What it says: once for each file that the host has of the node. An error for a report that
    /// is not valid, or may not be read.
    pub nodes: Result<Vec<NodeReport>, ReadError>,
}

impl HostNodes {
    /// What the report that the transaction `reported` wrote says of a node.
    pub fn new(host: impl Into<String>, reported: i64, nodes: Vec<NodeReport>) -> Self {
        Self { host: host.into(), reported, nodes: Ok(nodes) }
    }
}

/// What the hosts say of the node at `path` that `is_wanted` names. Cancel-safe.
///
/// # Errors
///
/// The directory of the reports cannot be read, or ZooKeeper does not answer.
pub async fn node_reports(
    client: &Client,
    publish: &PublishConfig,
    path: &str,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Vec<HostNodes>, ReadError> {
    let Names { mut names, .. } = names(client, publish).await?;
    names.retain(|name| is_wanted(name));
    let session = client.session().await?;
    let mut reports = pin!(reports(&session, publish, names));
    let mut hosts = Vec::new();
    while let Some((host, report)) = reports.next().await {
        match report {
            Ok((report, stat)) => {
                hosts.push(HostNodes::new(host, stat.mzxid, report.nodes_at(path).cloned().collect()));
            }
            Err(cause @ (ReadError::Invalid(_) | ReadError::Denied { .. })) => {
                hosts.push(HostNodes { host, reported: 0, nodes: Err(cause) });
            }
            Err(ReadError::Name) => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(hosts)
}

/// What the node at `path` is like; `None` if it does not exist. It needs no permission.
pub(crate) async fn stat(session: &zookeeper::Client, path: &str) -> Result<Option<Stat>, ReadError> {
    bounded(session.check_stat(path)).await.map_err(|cause| refused(path, cause))
}

/// What the node at `path` holds; `None` if it does not exist.
pub(crate) async fn content(
    session: &zookeeper::Client,
    path: &str,
) -> Result<Option<(Vec<u8>, Stat)>, ReadError> {
    match bounded(session.get_data(path)).await {
        Ok(read) => Ok(Some(read)),
        Err(zookeeper::Error::NoNode) => Ok(None),
        Err(cause) => Err(refused(path, cause)),
    }
}

fn refused(path: &str, cause: zookeeper::Error) -> ReadError {
    let path = path.to_owned();
    match cause {
        zookeeper::Error::NoAuth => ReadError::Denied { path },
        cause => ReadError::Refused { path, cause },
    }
}
