//! What a reading means for the file, and when the file is left alone because the answer cannot be
//! trusted.

use ld_config::{Guards, OnDelete};
use ld_zk::{Absence, Error, NodeStat, Unreadable};

use super::record::Node;
use super::retry::Aim;
use crate::status::State;
use ld_file::Existing;

/// What a reading found, without the content.
pub(super) enum Found {
    /// Content that has passed the guards.
    Content {
        stat: NodeStat,
    },
    Absent(Absence),
    Unreadable(Unreadable),
}

/// What to do about a reading.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Do this with the content.
    Attempt(Aim),
    /// Make the file not exist.
    Remove(Existing),
    /// Leave the file as it is: the node's state, and why.
    LeaveFile(State, String),
}

/// Rejects content of so many bytes, which need not be read for that. `limit` is what may be read.
pub(super) fn too_large(guards: &Guards, bytes: usize, limit: usize) -> ld_guard::Error {
    let (key, limit) = match guards.max_bytes {
        Some(most) if bytes > most => ("max_bytes", most),
        _ => ("zookeeper.max_read_bytes", limit),
    };
    ld_guard::Error::Rejected(format!("it has {bytes} bytes, and {key} is {limit}"))
}

/// Decides about a reading. `existing` is what becomes of the last file before a change.
pub(super) fn decide(node: &Node, found: &Found, read_only: bool, existing: Existing) -> Decision {
    let leave = |state, why: &str| Decision::LeaveFile(state, why.to_owned());
    let known = node.applied().map(|applied| applied.mzxid);
    match found {
        Found::Content { stat } if node.state() == State::Drifted && known == Some(stat.mzxid) => {
            Decision::Attempt(Aim::Compare)
        }
        Found::Content { stat } if read_only && known.is_some_and(|known| stat.mzxid < known) => leave(
            State::Unverified,
            "the read-only server has an older version than was applied; the newer file stays",
        ),
        Found::Content { stat } => {
            let existing = match known {
                // Without a version to compare with, a file that exists may be newer.
                None if read_only => Existing::Keep,
                // It was applied before, so this is a repair.
                Some(known) if known == stat.mzxid => Existing::Replace,
                _ => existing,
            };
            Decision::Attempt(Aim::Apply { existing, touch: !read_only })
        }
        Found::Absent(Absence::Unconfirmed { reason }) => {
            leave(State::Unverified, &format!("the node is missing, and {reason}; the file stays"))
        }
        Found::Absent(_) if read_only => leave(
            State::Unverified,
            "the read-only server has no such node, but it may be behind; the file stays",
        ),
        Found::Absent(_) if node.config.on_delete == OnDelete::Keep => {
            leave(State::Kept, "the node does not exist; its file is kept, without a heartbeat")
        }
        Found::Absent(_) => Decision::Remove(existing),
        Found::Unreadable(Unreadable::Other(Error::Closed)) => {
            leave(State::Unreadable, "the ZooKeeper client is closed; the file stays")
        }
        Found::Unreadable(reason) => {
            leave(State::Unreadable, &format!("the node cannot be read: {reason}; the file stays"))
        }
    }
}
