//! What a reading means for the file: all that the watcher may do, and when it leaves a file alone because what the server says
//! cannot be trusted.

use ld_config::OnDelete;
use ld_zk::{Absence, Error, NodeState, Reading, Unreadable};

use crate::apply::{Existing, Work};
use crate::content::Content;
use crate::record::Node;
use crate::retry::Attempt;
use crate::status::State;

/// What is to be done about a reading.
pub(crate) enum Decision {
    /// Bring the file to it.
    Attempt(Attempt),
    /// Leave the file as it is: this is how the node stands, and why.
    Stand(State, String),
    /// Nothing any more: the process is ending, which says nothing about the node.
    Ignore,
}

/// Decides about a reading whose content has passed the node's guards. `existing` is what becomes of the last file before a change.
pub(crate) fn decide(node: &Node, reading: Reading, existing: Existing) -> Decision {
    let Reading { state, session, read_only } = reading;
    let attempt = |work, mzxid, bytes| Decision::Attempt(Attempt { work, session, mzxid, bytes });
    let stand = |state, why: &str| Decision::Stand(state, why.to_owned());
    match state {
        NodeState::Present { data, stat } => {
            let (known, bytes) = (node.mzxid(), data.len() as u64);
            let content = Content::Read(data);
            if node.state() == State::Drifted && known == Some(stat.mzxid) {
                return attempt(Work::Compare(content), stat.mzxid, bytes);
            }
            if read_only && known.is_some_and(|known| stat.mzxid < known) {
                return stand(
                    State::Unverified,
                    "the read-only server has an older version than was applied; the newer file stays",
                );
            }
            let existing = match known {
                // Without a version to compare with, a file that is there may be newer.
                None if read_only => Existing::Keep,
                // It was applied before, so that this is a repair.
                Some(known) if known == stat.mzxid => Existing::Replace,
                _ => existing,
            };
            attempt(Work::Apply { content, existing, touch: !read_only }, stat.mzxid, bytes)
        }
        NodeState::Absent(Absence::Unconfirmed { reason }) => {
            stand(State::Unverified, &format!("the node is missing, and {reason}; the file stays"))
        }
        NodeState::Absent(_) if read_only => stand(
            State::Unverified,
            "the read-only server has no such node, but it may be behind; the file stays",
        ),
        NodeState::Absent(Absence::Deleted | Absence::Confirmed)
            if node.settings().on_delete == OnDelete::Keep =>
        {
            stand(State::Kept, "the node does not exist; its file is kept, without a heartbeat")
        }
        NodeState::Absent(Absence::Deleted | Absence::Confirmed) => attempt(Work::Remove(existing), 0, 0),
        NodeState::Unreadable(Unreadable::Other(Error::Closed)) => Decision::Ignore,
        NodeState::Unreadable(reason) => {
            stand(State::Unreadable, &format!("the node cannot be read: {reason}; the file stays"))
        }
    }
}
