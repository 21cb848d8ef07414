//! What the nodes of a transaction say about it after its answer was lost.
//!
//! All of a transaction happens at one zxid, or nothing of it. So two nodes that hold its content
//! since the same zxid prove it, and one node that was not touched refutes it. Each may have been
//! changed again since then, by another client.

use ld_zk::zookeeper::{self, Stat};

use crate::lost::Seen;
use crate::operation::Operation;
use crate::request::{Unanswered, bounded, read_node};
use crate::{Error, Plan};

/// What one node says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trace {
    /// It is as it was compared.
    Untouched,
    /// It has what the transaction would have written, since this zxid.
    Written(i64),
    /// Another client wrote the version that the transaction would have written.
    Overtaken,
    /// It was to be removed, and is there.
    There,
    /// It tells nothing.
    Unclear,
}

/// Reads all of them, the first plan's node first.
///
/// # Errors
///
/// The first node cannot be read, or the connection is lost.
pub(crate) async fn read(
    session: &zookeeper::Client,
    plans: &[Plan],
    others: &[Operation],
    max_read_bytes: usize,
) -> Result<Vec<Trace>, Unanswered> {
    let mut traces = Vec::with_capacity(plans.len() + others.len());
    for plan in plans {
        // What was written may be larger than what is read otherwise.
        let limit = max_read_bytes.max(plan.new.len());
        let found = read_node(session, plan.path(), limit).await;
        traces.push(match found {
            Err(cause) if !traces.is_empty() && tells_nothing(&cause) => Trace::Unclear,
            found => of_plan(plan, &found?),
        });
    }
    for other in others {
        traces.push(match other {
            Operation::Create { path, content, is_sequential: false, .. }
            | Operation::Set { path, content, .. } => match read_node(session, path, content.len()).await {
                Ok((found, stat)) if found == *content => Trace::Written(stat.mzxid),
                Err(cause) if !tells_nothing(&cause) => return Err(cause),
                _ => Trace::Unclear,
            },
            Operation::Delete { path, .. } => match bounded(session.check_stat(path)).await? {
                Some(_) => Trace::There,
                None => Trace::Unclear,
            },
            Operation::Create { .. } | Operation::Check { .. } => Trace::Unclear,
        });
    }
    Ok(traces)
}

fn tells_nothing(cause: &Unanswered) -> bool {
    use zookeeper::Error as E;
    matches!(cause, Unanswered::TooLarge { .. } | Unanswered::Refused(E::NoNode | E::NoAuth))
}

fn of_plan(plan: &Plan, (data, now): &(Vec<u8>, Stat)) -> Trace {
    let before = &plan.present.stat;
    let is_next = now.version == before.version.wrapping_add(1);
    match () {
        () if is_next && *data == plan.new => Trace::Written(now.mzxid),
        () if is_next && now.czxid == before.czxid => Trace::Overtaken,
        () if now.mzxid == before.mzxid => Trace::Untouched,
        () => Trace::Unclear,
    }
}

/// What became of the transaction: its zxid, or why there is none. The first `targets` traces are
/// those of the plans.
pub(crate) fn conclude(
    seen: &Seen<Vec<Trace>>,
    targets: usize,
    has_witnesses: bool,
    cause: String,
) -> Result<i64, Error> {
    let traces = &seen.found;
    let is_untouched = |trace: &Trace| *trace == Trace::Untouched;
    if traces.contains(&Trace::Overtaken) {
        return Err(Error::ChangedMeanwhile);
    }
    if traces.iter().any(is_untouched) {
        let is_unchanged = traces[..targets].iter().all(is_untouched);
        return match seen.behind_the_write && !is_unchanged {
            true => Err(Error::ChangedMeanwhile),
            false => Err(seen.not_written(is_unchanged, cause)),
        };
    }
    // One node proves nothing where others could: another client may have written the same into it.
    let needed = if has_witnesses { 2 } else { 1 };
    let is_proven = |zxid: i64| {
        let count = traces.iter().filter(|trace| **trace == Trace::Written(zxid)).count();
        count >= needed && (has_witnesses || !traces.contains(&Trace::There))
    };
    let zxids = traces.iter().filter_map(|trace| match trace {
        Trace::Written(zxid) => Some(*zxid),
        _ => None,
    });
    // Even if another client has written the same: the nodes hold the content, and our write cannot
    // come any more.
    zxids.into_iter().find(|zxid| is_proven(*zxid)).ok_or(Error::Unknown { cause })
}

/// Whether more than one node keeps the zxid of the transaction.
pub(crate) fn has_witnesses(plans: &[Plan], others: &[Operation]) -> bool {
    let keeps_it = |other: &Operation| {
        matches!(other, Operation::Create { is_sequential: false, .. } | Operation::Set { .. })
    };
    plans.len() > 1 || others.iter().any(keeps_it)
}

#[cfg(test)]
mod tests {
    use super::Trace::{Overtaken, There, Unclear, Untouched, Written};
    use super::*;

    fn concluded(
        found: &[Trace],
        targets: usize,
        has_witnesses: bool,
        behind_the_write: bool,
    ) -> Result<i64, Error> {
        let seen = Seen { found: found.to_vec(), behind_the_write };
        conclude(&seen, targets, has_witnesses, "lost".to_owned())
    }

    #[test]
    fn one_node_with_the_content_is_enough_where_it_is_alone() {
        assert_eq!(concluded(&[Written(7)], 1, false, false).unwrap(), 7);
        assert!(matches!(concluded(&[Overtaken], 1, false, false), Err(Error::ChangedMeanwhile)));
        assert!(matches!(concluded(&[Untouched], 1, false, true), Err(Error::NotWritten { .. })));
        for (trace, behind_the_write) in [(Untouched, false), (Unclear, true), (Unclear, false)] {
            let error = concluded(&[trace], 1, false, behind_the_write);
            assert!(matches!(error, Err(Error::Unknown { .. })), "{trace:?}");
        }
        // Something else was to be removed, and is there.
        assert!(matches!(concluded(&[Written(7), There], 1, false, true), Err(Error::Unknown { .. })));
        assert_eq!(concluded(&[Written(7), Unclear], 1, false, true).unwrap(), 7);
    }

    #[test]
    fn two_nodes_of_one_zxid_prove_a_transaction() {
        assert_eq!(concluded(&[Written(7), Written(7)], 2, true, false).unwrap(), 7);
        // The first one was changed again.
        assert_eq!(concluded(&[Unclear, Written(7), Written(7)], 2, true, false).unwrap(), 7);
        for traces in [[Written(7), Written(8)], [Written(7), Unclear], [Unclear, Unclear]] {
            assert!(matches!(concluded(&traces, 2, true, true), Err(Error::Unknown { .. })), "{traces:?}");
        }
    }

    #[test]
    fn one_untouched_node_refutes_a_transaction() {
        assert!(matches!(concluded(&[Untouched; 2], 2, true, true), Err(Error::NotWritten { .. })));
        assert!(matches!(concluded(&[Untouched; 2], 2, true, false), Err(Error::Unknown { .. })));
        for traces in [[Untouched, Written(7)], [Written(7), Untouched], [Untouched, Unclear]] {
            assert!(matches!(concluded(&traces, 2, true, true), Err(Error::ChangedMeanwhile)), "{traces:?}");
            assert!(matches!(concluded(&traces, 2, true, false), Err(Error::Unknown { .. })), "{traces:?}");
        }
        assert!(matches!(concluded(&[Untouched, Overtaken], 2, true, false), Err(Error::ChangedMeanwhile)));
    }
}
