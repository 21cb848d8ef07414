//! One attempt at reading a node, within the bounds of the client.

use std::time::Duration;

use tokio::time::timeout;
use zookeeper::{Error as ZkError, Stat};

use super::budget::Budget;
use super::set_watch::SetWatch;
use crate::Error;
use crate::error::FailureKind;
use crate::panics::catch_panic;
use crate::reading::NodeData;
use crate::session::LiveSession;

/// How long one request of a read may take. A lost connection is seen much sooner, by the session
/// itself.
const REQUEST_LIMIT: Duration = Duration::from_secs(60);

/// What an attempt found; `None` if there is no node.
pub(crate) type Found = Option<(NodeData, Stat)>;

/// Why an attempt gave nothing.
#[derive(Debug)]
pub(crate) enum Failure {
    Request(&'static str, ZkError),
    Unanswered(&'static str),
    /// The ZooKeeper crate panicked, for example on a malformed reply.
    Panicked(String),
}

/// Reads the node at `path` and sets a watch. `length` is what the node had last, if it was read
/// before.
pub(crate) async fn read(
    budget: &Budget,
    live: &LiveSession,
    path: &str,
    length: Option<usize>,
) -> Result<(Found, SetWatch), Failure> {
    let attempt = catch_panic(try_read(budget, live, path, length));
    attempt.await.unwrap_or_else(|reason| Err(Failure::Panicked(reason)))
}

async fn try_read(
    budget: &Budget,
    live: &LiveSession,
    path: &str,
    length: Option<usize>,
) -> Result<(Found, SetWatch), Failure> {
    let mut reservation = budget.reserve(length.unwrap_or_else(|| budget.estimate())).await;
    // Dropping a watch while no other one is set costs a request.
    let mut _former = None;
    loop {
        match bounded("read", live.client.get_and_watch_data(path)).await {
            Ok((bytes, _, watcher)) if !budget.correct(&mut reservation, bytes.len()) => {
                // Much more than was thought, and others hold the rest: now its size is known.
                let length = bytes.len();
                drop((bytes, reservation));
                _former = Some(watcher);
                budget.learn(length);
                reservation = budget.reserve(length).await;
                continue;
            }
            Ok((bytes, stat, watcher)) => {
                return Ok((Some((NodeData::new(bytes, reservation), stat)), SetWatch::new(watcher)));
            }
            Err(Failure::Request(_, ZkError::NoNode)) => {}
            Err(failure) => return Err(failure),
        }
        // A read of a missing node leaves no watch, a check does.
        let (stat, watcher) = bounded("check", live.client.check_and_watch_stat(path)).await?;
        if stat.is_none() {
            return Ok((None, SetWatch::new(watcher)));
        }
    }
}

impl Failure {
    pub(crate) fn kind(&self) -> FailureKind {
        match self {
            Self::Request(_, error) => FailureKind::of(error),
            Self::Unanswered(_) | Self::Panicked(_) => FailureKind::Connection,
        }
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
