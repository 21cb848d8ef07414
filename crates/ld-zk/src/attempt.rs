//! One attempt at reading a node, within the bounds of the client.

use std::future::Future;
use std::time::Duration;

use tokio::time::timeout;
use zookeeper::Error as ZkError;

use crate::Error;
use crate::armed::Armed;
use crate::client::Shared;
use crate::error::Blame;
use crate::lane::Live;
use crate::reading::{Absence, NodeData, NodeStat, NodeState};

/// How long one request of a read may take. A lost connection is seen much sooner, by the session itself.
pub(crate) const READ_LIMIT: Duration = Duration::from_secs(60);

/// Why an attempt gave nothing.
pub(crate) enum Fault {
    Request(&'static str, ZkError),
    Unanswered(&'static str),
}

/// Reads the node at `path` and arms a watch. `length` is what it had last, if it was read before. Whether an
/// absence is to be believed is for the caller to say, who holds a turn of `shared.reads` meanwhile.
pub(crate) async fn read(
    shared: &Shared,
    live: &Live,
    path: &str,
    length: Option<usize>,
) -> Result<(NodeState, Option<Armed>), Fault> {
    let mut reserved = shared.budget.reserve(length.unwrap_or_else(|| shared.budget.estimate())).await;
    // Dropping a watch while no other one is armed costs a request.
    let mut _former = None;
    loop {
        match bounded("read", live.client.get_and_watch_data(path)).await {
            Ok((bytes, _, watcher)) if !reserved.correct(bytes.len()) => {
                // Much more than was thought, and others hold the rest: now its size is known.
                let length = bytes.len();
                drop((bytes, reserved));
                _former = Some(watcher);
                shared.budget.learn(length);
                reserved = shared.budget.reserve(length).await;
                continue;
            }
            Ok((bytes, stat, watcher)) => {
                let data = NodeData::new(bytes, reserved);
                let state = NodeState::Present { data, stat: NodeStat::from(&stat) };
                return Ok((state, Some(Armed::new(watcher))));
            }
            Err(Fault::Request(_, ZkError::NoNode)) => {}
            Err(fault) => return Err(fault),
        }
        // A read of a missing node leaves no watch, a check does.
        let (stat, watcher) = bounded("check", live.client.check_and_watch_stat(path)).await?;
        if stat.is_none() {
            return Ok((NodeState::Absent(Absence::Confirmed), Some(Armed::new(watcher))));
        }
    }
}

impl Fault {
    pub(crate) fn blame(&self) -> Blame {
        match self {
            Self::Request(_, error) => Blame::of(error),
            Self::Unanswered(_) => Blame::Connection,
        }
    }

    pub(crate) fn is_no_auth(&self) -> bool {
        matches!(self, Self::Request(_, ZkError::NoAuth))
    }

    pub(crate) fn into_error(self, path: &str) -> Error {
        match self {
            Self::Request(operation, error) => Error::request(operation, path, error),
            Self::Unanswered(operation) => {
                Error::Unanswered { operation, path: path.to_owned(), limit: READ_LIMIT }
            }
        }
    }
}

async fn bounded<T>(
    operation: &'static str,
    request: impl Future<Output = Result<T, ZkError>>,
) -> Result<T, Fault> {
    match timeout(READ_LIMIT, request).await {
        Ok(result) => result.map_err(|error| Fault::Request(operation, error)),
        Err(_) => Err(Fault::Unanswered(operation)),
    }
}
