//! One attempt at reading a node, within the bounds of the client.

use std::time::Duration;

use tokio::time::timeout;
use zookeeper::{Error as ZkError, OneshotWatcher, Stat};

use crate::Error;
use crate::budget::Budget;
use crate::reading::NodeData;
use crate::session::LiveSession;

/// How long one request of a read may take. A lost connection is seen much sooner, by the session
/// itself.
const REQUEST_LIMIT: Duration = Duration::from_secs(60);

/// What an attempt found.
#[derive(Debug)]
pub(super) enum Found {
    Absent,
    Present(NodeData, Stat),
    /// More than the limit, so the content was not asked for.
    TooLarge(usize, Stat),
}

/// Reads the node at `path` and sets a watch, unless it has more than `limit` bytes. The ZooKeeper
/// crate receives whatever comes, so the length is asked first.
pub(super) async fn read(
    budget: &Budget,
    live: &LiveSession,
    path: &str,
    limit: usize,
) -> Result<(Found, OneshotWatcher), Error> {
    let changed = || Error::KeepsChanging { path: path.to_owned() };
    let (announced, watcher) = bounded("check", path, live.client.check_and_watch_stat(path)).await?;
    let Some(announced) = announced else {
        // A damaged reply to a check reads as a missing node, one to a read does not.
        return match bounded("read", path, live.client.get_data(path)).await {
            Err(error) if is_no_node(&error) => Ok((Found::Absent, watcher)),
            Err(error) => Err(error),
            Ok(_) => Err(changed()),
        };
    };
    let wrong = || Error::WrongLength { path: path.to_owned(), announced: announced.data_length };
    let length = usize::try_from(announced.data_length).map_err(|_| wrong())?;
    if length > limit {
        return Ok((Found::TooLarge(length, announced), watcher));
    }
    let mut reservation = budget.reserve(length).await;
    match bounded("read", path, live.client.get_data(path)).await {
        Err(error) if is_no_node(&error) => Err(changed()),
        Err(error) => Err(error),
        Ok((bytes, stat)) if bytes.len() > length && stat.mzxid == announced.mzxid => Err(wrong()),
        Ok((bytes, _)) if bytes.len() > limit || !budget.correct(&mut reservation, bytes.len()) => {
            Err(changed())
        }
        Ok((bytes, stat)) => Ok((Found::Present(NodeData::new(bytes, reservation), stat), watcher)),
    }
}

pub(super) fn is_no_node(error: &Error) -> bool {
    matches!(error.said(), Some(ZkError::NoNode))
}

pub(super) async fn bounded<T>(
    operation: &'static str,
    path: &str,
    request: impl Future<Output = Result<T, ZkError>>,
) -> Result<T, Error> {
    match timeout(REQUEST_LIMIT, request).await {
        Ok(result) => result.map_err(|error| Error::request(operation, path, error)),
        Err(_) => Err(Error::Unanswered { operation, path: path.to_owned(), limit: REQUEST_LIMIT }),
    }
}
