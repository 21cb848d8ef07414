//! Writes what was planned: one node, or several and what belongs to them in one transaction.

use std::future::Future;

use ld_zk::zookeeper::{self, MultiWriteResult, Stat};

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
            Some(operations) => send_all(&session, operations, plans.len()).await,
            None => send_one(&session, plan).await,
        }
    };
    let limit = client.max_read_bytes();
    let read = |session| async move { trace::read(&session, plans, others, limit).await };
    let zxid = match lost::write(client, plan.path(), send, read, interrupt).await? {
        Sent::Done(written) => {
            replaced(plans, &written)?;
            written[0].mzxid
        }
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

/// A server compares versions, which begin again in a node that was removed and made again. So
/// only the answer tells.
fn replaced(plans: &[Plan], written: &[Stat]) -> Result<(), Error> {
    let mut pairs = plans.iter().zip(written);
    match pairs.find(|(plan, stat)| stat.czxid != plan.present.stat.czxid) {
        Some((plan, _)) => Err(Error::Replaced { path: plan.path().to_owned() }),
        None => Ok(()),
    }
}

/// Sends the write of one node. Gives what it is then.
async fn send_one(session: &zookeeper::Client, plan: &Plan) -> Result<Vec<Stat>, Failed<Refused>> {
    let version = Some(plan.present.stat.version);
    let set = lost::single(session.set_data(plan.path(), &plan.new, version)).await;
    set.map(|stat| vec![stat]).map_err(|failed| match failed {
        Failed::Refused(cause) => Failed::Refused(Refused { path: plan.path().to_owned(), cause }),
        Failed::Unanswered(cause) => Failed::Unanswered(cause),
    })
}

/// Sends a transaction that begins with the writes of `nodes` nodes. Gives what these are then.
async fn send_all(
    session: &zookeeper::Client,
    operations: &[Operation],
    nodes: usize,
) -> Result<Vec<Stat>, Failed<Refused>> {
    let results = operation::commit(session, operations).await?;
    let stats: Vec<Stat> = results
        .into_iter()
        .map_while(|result| match result {
            MultiWriteResult::SetData { stat } => Some(stat),
            _ => None,
        })
        .take(nodes)
        .collect();
    if stats.len() == nodes { Ok(stats) } else { Err(Failed::Unanswered(Unanswered::Silence)) }
}
