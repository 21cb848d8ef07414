//! Writes what was planned: one node, or several and what belongs to them in one transaction.

use std::future::Future;

use ld_zk::zookeeper::{self, MultiWriteResult};

use crate::lost::{self, Failed, Seen, Sent};
use crate::operation::{self, Operation, Refused};
use crate::present::{Unanswered, bounded, read_node};
use crate::{Error, Plan, Published};

/// Writes the nodes of all `plans`, and does all `others`, or nothing of it.
pub(crate) async fn commit(
    plans: &[Plan],
    others: &[Operation],
    interrupt: impl Future<Output = ()>,
) -> Result<Vec<Published>, Error> {
    let (plan, client) = (&plans[0], &plans[0].present.client);
    let send = async |session: &zookeeper::Client| send(session, plans, others).await;
    // What was written may be larger than what is read otherwise.
    let limit = client.max_read_bytes().max(plan.new.len());
    let read = async |session: &zookeeper::Client| {
        let (data, stat) = read_node(session, plan.path(), limit).await?;
        let with_others = are_of(session, stat.mzxid, &plans[1..], others).await?;
        Ok(Found { data, stat, with_others })
    };
    match lost::write(client, plan.path(), send, read, interrupt).await? {
        Sent::Done(stat) => Ok(published(plans, &stat)),
        Sent::Refused(Refused { path, cause, .. }) => Err(Error::write(&path, Unanswered::Refused(cause))),
        Sent::Lost(cause, Some(seen)) => conclude(plans, &seen, cause),
        Sent::Lost(cause, None) => Err(Error::Unknown { cause }),
    }
}

/// Sends the write. Gives the first node's new stat.
async fn send(
    session: &zookeeper::Client,
    plans: &[Plan],
    others: &[Operation],
) -> Result<zookeeper::Stat, Failed<Refused>> {
    if let ([plan], []) = (plans, others) {
        let version = Some(plan.present.stat.version);
        let set = lost::single(session.set_data(plan.path(), &plan.new, version)).await;
        return set.map_err(|failed| match failed {
            Failed::Refused(cause) => Failed::Refused(Refused { path: plan.path().to_owned(), cause }),
            Failed::Unanswered(cause) => Failed::Unanswered(cause),
        });
    }
    let sets = plans.iter().map(|plan| Operation::Set {
        path: plan.path().to_owned(),
        content: plan.new.clone(),
        version: Some(plan.present.stat.version),
    });
    let operations: Vec<Operation> = sets.chain(others.iter().cloned()).collect();
    match operation::commit(session, &operations).await?.into_iter().next() {
        Some(MultiWriteResult::SetData { stat }) => Ok(stat),
        _ => Err(Failed::Unanswered(Unanswered::Silence)),
    }
}

/// The first node, read back after the answer to its write was lost.
struct Found {
    data: Vec<u8>,
    stat: zookeeper::Stat,
    /// Whether what belongs to it was written in the same transaction.
    with_others: bool,
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

fn conclude(plans: &[Plan], seen: &Seen<Found>, cause: String) -> Result<Vec<Published>, Error> {
    let (before, found) = (&plans[0].present.stat, &seen.found);
    let now = &found.stat;
    let next = now.version == before.version.wrapping_add(1);
    if next && found.data == plans[0].new && found.with_others {
        // Even if another client has written the same: the node holds the content, and our write
        // cannot come any more.
        Ok(published(plans, now))
    } else if next && now.czxid == before.czxid {
        Err(Error::ChangedMeanwhile)
    } else {
        Err(seen.not_written(now.mzxid == before.mzxid, cause))
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
