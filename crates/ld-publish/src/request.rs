//! Requests that read, each with a limit in time and in size.

use std::future::Future;
use std::time::Duration;

use ld_zk::zookeeper::{self, Stat};

use crate::Error;

/// A node with more children than this (100,000) is not listed.
pub const MAX_CHILDREN: usize = 100_000;

/// How many nodes are asked for at once.
pub(crate) const IN_FLIGHT: usize = 32;

/// A request that is not answered within this is given up; the answer of a write is then read back.
pub(crate) const REQUEST_LIMIT: Duration = Duration::from_secs(15);

/// Why a request has no good answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswered {
    #[error("{0}")]
    Refused(zookeeper::Error),
    #[error("no answer within {} seconds", REQUEST_LIMIT.as_secs())]
    Silence,
    #[error("interrupted")]
    Interrupted,
    #[error("it has {bytes} bytes, and {limit} are read at most")]
    TooLarge { bytes: usize, limit: usize },
}

/// The answer to a request, if it comes in time.
pub(crate) async fn bounded<T>(
    request: impl Future<Output = Result<T, zookeeper::Error>>,
) -> Result<T, Unanswered> {
    match tokio::time::timeout(REQUEST_LIMIT, request).await {
        Ok(answer) => answer.map_err(Unanswered::Refused),
        Err(_) => Err(Unanswered::Silence),
    }
}

/// The content of a node, unless it has more than `limit` bytes. The ZooKeeper crate receives
/// whatever comes, so the length is asked first.
pub(crate) async fn read_node(
    session: &zookeeper::Client,
    path: &str,
    limit: usize,
) -> Result<(Vec<u8>, Stat), Unanswered> {
    let announced = bounded(session.check_stat(path)).await?;
    // Without a stat the read says why.
    read_announced(session, path, announced.as_ref(), limit).await
}

/// As [`read_node`], of a node with this stat.
async fn read_announced(
    session: &zookeeper::Client,
    path: &str,
    announced: Option<&Stat>,
    limit: usize,
) -> Result<(Vec<u8>, Stat), Unanswered> {
    let bytes = announced.map_or(0, |stat| usize::try_from(stat.data_length).unwrap_or(0));
    if bytes > limit {
        return Err(Unanswered::TooLarge { bytes, limit });
    }
    let (data, stat) = bounded(session.get_data(path)).await?;
    match data.len() {
        bytes if bytes > limit => Err(Unanswered::TooLarge { bytes, limit }),
        _ => Ok((data, stat)),
    }
}

/// As [`read_node`]; `None` without the node.
pub(crate) async fn find_node(
    session: &zookeeper::Client,
    path: &str,
    limit: usize,
) -> Result<Option<(Vec<u8>, Stat)>, Unanswered> {
    let Some(announced) = bounded(session.check_stat(path)).await? else { return Ok(None) };
    match read_announced(session, path, Some(&announced), limit).await {
        Ok(read) => Ok(Some(read)),
        Err(Unanswered::Refused(zookeeper::Error::NoNode)) => Ok(None),
        Err(cause) => Err(cause),
    }
}

/// A node's stat, which needs no permission; `None` without the node.
pub(crate) async fn find_stat(session: &zookeeper::Client, path: &str) -> Result<Option<Stat>, Error> {
    bounded(session.check_stat(path)).await.map_err(|cause| Error::read(path, cause))
}

/// The names of the children of a node, in no order, and the node's stat. A node with more than
/// [`MAX_CHILDREN`] is not listed.
pub(crate) async fn list_children(
    session: &zookeeper::Client,
    path: &str,
) -> Result<(Vec<String>, Stat), Error> {
    match find_stat(session, path).await? {
        Some(announced) => list_announced(session, path, &announced).await,
        None => Err(Error::Absent { path: path.to_owned() }),
    }
}

/// As [`list_children`], of a node with this stat.
pub(crate) async fn list_announced(
    session: &zookeeper::Client,
    path: &str,
    announced: &Stat,
) -> Result<(Vec<String>, Stat), Error> {
    let count = usize::try_from(announced.num_children).unwrap_or(0);
    if count > MAX_CHILDREN {
        return Err(Error::TooManyChildren { path: path.to_owned(), count });
    }
    bounded(session.get_children(path)).await.map_err(|cause| Error::read(path, cause))
}
