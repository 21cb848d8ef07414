//! Writes what was planned: one node, or several and what belongs to them in one transaction.

use std::future::Future;

use ld_zk::zookeeper::{self, MultiWriteResult};

use crate::lost::{self, Failed, Sent};
use crate::operation::{self, Operation, Refused};
use crate::request::Unanswered;
use crate::{Error, Plan, Published, trace};

/// Writes the nodes of all `plans`, and does all `others`, or nothing of it.
pub(crate) async fn commit(
    plans: &[Plan],
    others: &[Operation],
    interrupt: impl Future<Output = ()>,
) -> Result<Vec<Published>, Error> {
    let (plan, client) = (&plans[0], &plans[0].present.client);
    let transaction = &transaction(plans, others)?;
    let send = |session| async move {
        match transaction {
            Some(operations) => send_all(&session, operations).await,
            None => send_one(&session, plan).await,
        }
    };
    let limit = client.max_read_bytes();
    let read = |session| async move { trace::read(&session, plans, others, limit).await };
    let zxid = match lost::write(client, plan.path(), send, read, interrupt).await? {
        Sent::Done(zxid) => zxid,
        Sent::Refused(refused) => return Err(Error::part(plans, others, refused)),
        Sent::Lost(cause, seen) => {
            trace::conclude(&seen, plans.len(), trace::has_witnesses(plans, others), cause)?
        }
    };
    let published = |plan: &Plan| Published {
        version: plan.present.stat.version.wrapping_add(1),
        mzxid: zxid,
        bytes: plan.new.len(),
    };
    Ok(plans.iter().map(published).collect())
}

/// All operations in their order; `None` for one node alone, which needs no transaction.
///
/// # Errors
///
/// [`Error::TransactionTooLarge`].
fn transaction(plans: &[Plan], others: &[Operation]) -> Result<Option<Vec<Operation>>, Error> {
    if let ([_], []) = (plans, others) {
        return Ok(None);
    }
    let sets = plans.iter().map(|plan| Operation::Set {
        path: plan.path().to_owned(),
        content: plan.new.clone(),
        version: Some(plan.present.stat.version),
    });
    let operations: Vec<Operation> = sets.chain(others.iter().cloned()).collect();
    let chroot = plans[0].present.client.chroot();
    let max_node_bytes = plans.iter().map(|plan| plan.max_node_bytes).min().unwrap_or_default();
    operation::check_size(&operations, chroot, max_node_bytes)?;
    Ok(Some(operations))
}

/// Sends the write of one node. Gives its zxid.
async fn send_one(session: &zookeeper::Client, plan: &Plan) -> Result<i64, Failed<Refused>> {
    let version = Some(plan.present.stat.version);
    let set = lost::single(session.set_data(plan.path(), &plan.new, version)).await;
    set.map(|stat| stat.mzxid).map_err(|failed| match failed {
        Failed::Refused(cause) => Failed::Refused(Refused { path: plan.path().to_owned(), cause }),
        Failed::Unanswered(cause) => Failed::Unanswered(cause),
    })
}

/// Sends a transaction that begins with the write of a node. Gives its zxid.
async fn send_all(session: &zookeeper::Client, operations: &[Operation]) -> Result<i64, Failed<Refused>> {
    match operation::commit(session, operations).await?.into_iter().next() {
        Some(MultiWriteResult::SetData { stat }) => Ok(stat.mzxid),
        _ => Err(Failed::Unanswered(Unanswered::Silence)),
    }
}
