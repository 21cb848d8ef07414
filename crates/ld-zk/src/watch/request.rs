//! One attempt at reading a node, within the bounds of the client.

use std::time::Duration;

use tokio::time::timeout;
use zookeeper::{Error as ZkError, Stat};

use crate::Error;
use crate::budget::Budget;
use crate::error::FailureKind;
use crate::nodes::SetWatch;
use crate::panics::catch_panic;
use crate::reading::NodeData;
use crate::session::LiveSession;

/// How long one request of a read may take. A lost connection is seen much sooner, by the session
/// itself.
const REQUEST_LIMIT: Duration = Duration::from_secs(60);

/// What an attempt found.
#[derive(Debug)]
pub(crate) enum Found {
    Absent,
    Present(NodeData, Stat),
    /// More than the limit, so the content was not asked for.
    TooLarge(usize, Stat),
}

/// Why an attempt gave nothing.
#[derive(Debug)]
pub(crate) enum Failure {
    Request(&'static str, ZkError),
    Unanswered(&'static str),
    /// The node changed between two requests, and the content does not fit any more.
    Changed,
    /// The server announced another length than it sent.
    WrongLength(i32),
    /// The ZooKeeper crate panicked, for example on a malformed reply.
    Panicked(String),
}

/// Reads the node at `path` and sets a watch, unless it has more than `limit` bytes.
pub(crate) async fn read(
    budget: &Budget,
    live: &LiveSession,
    path: &str,
    limit: usize,
) -> Result<(Found, SetWatch), Failure> {
    let attempt = catch_panic(try_read(budget, live, path, limit));
    attempt.await.unwrap_or_else(|reason| Err(Failure::Panicked(reason)))
}

/// The ZooKeeper crate receives whatever comes, so the length is asked first.
async fn try_read(
    budget: &Budget,
    live: &LiveSession,
    path: &str,
    limit: usize,
) -> Result<(Found, SetWatch), Failure> {
    let (announced, watcher) = bounded("check", live.client.check_and_watch_stat(path)).await?;
    let watch = SetWatch::new(watcher);
    let Some(announced) = announced else {
        // A damaged reply to a check reads as a missing node, one to a read does not.
        return match bounded("read", live.client.get_data(path)).await {
            Err(Failure::Request(_, ZkError::NoNode)) => Ok((Found::Absent, watch)),
            Err(failure) => Err(failure),
            Ok(_) => Err(Failure::Changed),
        };
    };
    let wrong = Failure::WrongLength(announced.data_length);
    let Ok(length) = usize::try_from(announced.data_length) else { return Err(wrong) };
    if length > limit {
        return Ok((Found::TooLarge(length, announced), watch));
    }
    let mut reservation = budget.reserve(length).await;
    match bounded("read", live.client.get_data(path)).await {
        Err(Failure::Request(_, ZkError::NoNode)) => Err(Failure::Changed),
        Err(failure) => Err(failure),
        Ok((bytes, stat)) if bytes.len() > length && stat.mzxid == announced.mzxid => Err(wrong),
        Ok((bytes, _)) if bytes.len() > limit || !budget.correct(&mut reservation, bytes.len()) => {
            Err(Failure::Changed)
        }
        Ok((bytes, stat)) => Ok((Found::Present(NodeData::new(bytes, reservation), stat), watch)),
    }
}

impl Failure {
    pub(crate) fn kind(&self) -> FailureKind {
        match self {
            Self::Request(_, error) => FailureKind::of(error),
            Self::Unanswered(_) | Self::Changed | Self::WrongLength(_) | Self::Panicked(_) => {
                FailureKind::Connection
            }
        }
    }

    /// Whether the session is not to be used any more.
    pub(crate) fn ends_session(&self) -> bool {
        matches!(self, Self::WrongLength(_) | Self::Panicked(_))
    }

    pub(crate) fn is_no_auth(&self) -> bool {
        matches!(self, Self::Request(_, ZkError::NoAuth))
    }

    pub(crate) fn into_error(self, path: &str) -> Error {
        match self {
            Self::Request(operation, error) => Error::request(operation, path, error),
            Self::Unanswered(operation) => {
                Error::Unanswered { operation, path: path.to_owned(), limit: REQUEST_LIMIT }
            }
            Self::Changed => Error::KeepsChanging { path: path.to_owned() },
            Self::WrongLength(announced) => Error::WrongLength { path: path.to_owned(), announced },
            Self::Panicked(reason) => Error::ClientFailed { reason },
        }
    }
}

pub(super) async fn bounded<T>(
    operation: &'static str,
    request: impl Future<Output = Result<T, ZkError>>,
) -> Result<T, Failure> {
    match timeout(REQUEST_LIMIT, request).await {
        Ok(result) => result.map_err(|error| Failure::Request(operation, error)),
        Err(_) => Err(Failure::Unanswered(operation)),
    }
}
