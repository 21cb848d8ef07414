//! Writes what was planned: one node, or several and what belongs to them in one transaction.
//!
//! A write without an answer may still be on its way: in a proxy, or in the buffers of a frozen
//! server. An unchanged node is therefore no proof by itself. It is one within the session that
//! wrote:
//!
//! - ZooKeeper serves a session's requests in order.
//! - A server on which the session resumes closes its old connection first.
//! - A server that the session has left refuses its requests (`SessionMoved`).
//!
//! So nothing of the write can arrive after the answers to `sync` and a read. Another session
//! proves only what cannot be undone: the content is there, or the version that the write was for
//! is gone.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use ld_zk::zookeeper::{self, MultiWriteError, MultiWriteResult};
use tracing::info;

use crate::operation::{self, Operation};
use crate::present::{REQUEST_LIMIT, Unanswered, bounded, read_node};
use crate::{Error, Plan, Published};

/// How long a write without an answer is looked for before it is reported as unknown.
const READ_BACK_LIMIT: Duration = Duration::from_secs(15);

/// The pause before another look, while the connection is being resumed.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Writes the nodes of all `plans`, and does all `others`, or nothing of it.
pub(crate) async fn commit(
    plans: &[Plan],
    others: &[Operation],
    interrupt: impl Future<Output = ()>,
) -> Result<Vec<Published>, Error> {
    let mut interrupt = pin!(interrupt);
    let client = &plans[0].present.client;
    let session = tokio::select! {
        biased;
        () = &mut interrupt => return Err(Error::Interrupted),
        session = client.session() => session?,
    };
    let answer = tokio::select! {
        answer = send(&session, plans, others) => answer,
        () = interrupt => Err(Failed::Unanswered(Unanswered::Interrupted)),
    };
    match answer {
        Ok(stat) => Ok(published(plans, &stat)),
        Err(Failed::At { path, cause }) => Err(Error::write(&path, cause)),
        Err(Failed::Unanswered(cause)) => read_back(plans, others, session, cause.to_string()).await,
    }
}

/// Why a write has not surely happened.
enum Failed {
    /// The server refuses it because of this node. Nothing was written.
    At { path: String, cause: Unanswered },
    /// It may have happened.
    Unanswered(Unanswered),
}

/// Sends the write. Gives the first node's new stat.
async fn send(
    session: &zookeeper::Client,
    plans: &[Plan],
    others: &[Operation],
) -> Result<zookeeper::Stat, Failed> {
    if let ([plan], []) = (plans, others) {
        let set = session.set_data(plan.path(), &plan.new, Some(plan.present.stat.version));
        return bounded(set).await.map_err(|cause| match cause {
            Unanswered::Refused(error) if is_refusal(&error) => {
                Failed::At { path: plan.path().to_owned(), cause: Unanswered::Refused(error) }
            }
            cause => Failed::Unanswered(cause),
        });
    }
    let sets = plans.iter().map(|plan| Operation::Set {
        path: plan.path().to_owned(),
        content: plan.new.clone(),
        version: Some(plan.present.stat.version),
    });
    let operations: Vec<Operation> = sets.chain(others.iter().cloned()).collect();
    let answer = tokio::time::timeout(REQUEST_LIMIT, operation::commit(session, &operations)).await;
    match answer.map_err(|_| Failed::Unanswered(Unanswered::Silence))? {
        Ok(results) => match results.into_iter().next() {
            Some(MultiWriteResult::SetData { stat }) => Ok(stat),
            _ => Err(Failed::Unanswered(Unanswered::Silence)),
        },
        Err(MultiWriteError::OperationFailed { index, source }) => {
            let path = operations.get(index).map_or_else(String::new, |failed| failed.path().to_owned());
            Err(Failed::At { path, cause: Unanswered::Refused(source) })
        }
        Err(MultiWriteError::RequestFailed { source }) => {
            Err(Failed::Unanswered(Unanswered::Refused(source)))
        }
    }
}

/// Whether the server has looked at the request and done nothing.
fn is_refusal(error: &zookeeper::Error) -> bool {
    use zookeeper::Error as E;
    matches!(error, E::BadVersion | E::NoNode | E::NoAuth)
}

/// What became of a write without an answer.
async fn read_back(
    plans: &[Plan],
    others: &[Operation],
    session: zookeeper::Client,
    cause: String,
) -> Result<Vec<Published>, Error> {
    let limit = READ_BACK_LIMIT.as_secs();
    info!("{cause}: looking whether it was written, for {limit} seconds at most");
    match tokio::time::timeout(READ_BACK_LIMIT, look(plans, others, session)).await {
        Ok(Some(found)) => conclude(plans, &found, cause),
        _ => Err(Error::Unknown { cause }),
    }
}

/// The first node, read back after the answer to its write was lost.
struct Found {
    data: Vec<u8>,
    stat: zookeeper::Stat,
    /// Whether the read was served after the write, or the write cannot come any more.
    behind_the_write: bool,
    /// Whether what belongs to it was written in the same transaction.
    with_others: bool,
}

/// The first node behind the write, or as another session sees it when the one that wrote has
/// ended.
async fn look(plans: &[Plan], others: &[Operation], mut session: zookeeper::Client) -> Option<Found> {
    let (plan, client) = (&plans[0], &plans[0].present.client);
    let mut behind_the_write = true;
    // What was written may be larger than what is read otherwise.
    let limit = client.max_read_bytes().max(plan.new.len());
    loop {
        let read = async {
            // A lagging server could show the node as it was before the write.
            session.sync(plan.path()).await.map_err(Unanswered::Refused)?;
            let (data, stat) = read_node(&session, plan.path(), limit).await?;
            let with_others = are_of(&session, stat.mzxid, &plans[1..], others).await?;
            Ok(Found { data, stat, behind_the_write, with_others })
        };
        match read.await {
            Ok(found) => return Some(found),
            Err(Unanswered::Refused(zookeeper::Error::NoNode | zookeeper::Error::NoAuth)) => return None,
            Err(Unanswered::TooLarge { .. }) => return None,
            Err(_) => tokio::time::sleep(LOOK_INTERVAL).await,
        }
        if session.state().is_terminated() {
            behind_the_write = false;
            session = client.session().await.ok()?;
        }
    }
}

/// Whether the other nodes of a transaction were written by it. Nodes with the digits of a sequence
/// cannot be found, and removed ones tell nothing.
async fn are_of(
    session: &zookeeper::Client,
    zxid: i64,
    plans: &[Plan],
    others: &[Operation],
) -> Result<bool, Unanswered> {
    let written = others.iter().filter_map(|other| match other {
        Operation::Create { path, is_sequential: false, .. } | Operation::Set { path, .. } => Some(&**path),
        _ => None,
    });
    for path in plans.iter().map(Plan::path).chain(written) {
        let stat = bounded(session.check_stat(path)).await?;
        if stat.is_none_or(|stat| stat.mzxid != zxid) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn conclude(plans: &[Plan], found: &Found, cause: String) -> Result<Vec<Published>, Error> {
    let (before, now) = (&plans[0].present.stat, &found.stat);
    let next = now.version == before.version.wrapping_add(1);
    if next && found.data == plans[0].new && found.with_others {
        // Even if another client has written the same: the node holds the content, and our write
        // cannot come any more.
        Ok(published(plans, now))
    } else if next && now.czxid == before.czxid {
        Err(Error::ChangedMeanwhile)
    } else if found.behind_the_write && now.mzxid == before.mzxid {
        Err(Error::NotWritten { cause })
    } else {
        Err(Error::Unknown { cause })
    }
}

/// What a transaction made of the nodes, of which the first has `stat` now.
fn published(plans: &[Plan], stat: &zookeeper::Stat) -> Vec<Published> {
    let of = |plan: &Plan| Published {
        version: plan.present.stat.version.wrapping_add(1),
        mzxid: stat.mzxid,
        bytes: plan.new.len(),
    };
    plans.iter().map(of).collect()
}
