//! What a reading means for the file, and when the file is left alone because the answer cannot be
//! trusted.

use ld_config::{Guards, counted};
use ld_file::Existing;
use ld_guard::Guard;
use ld_zk::{Absence, Error, NodeStat, Unreadable};

use super::record::Node;
use super::retry::Aim;
use crate::status::State;

/// Why a file is left as it is: the node's state, and the reason.
pub(super) type LeaveFile = (State, String);

/// Rejects content of so many bytes, which need not be read for that. `limit` is what may be read.
pub(crate) fn too_large(guards: &Guards, bytes: usize, limit: usize) -> ld_guard::Error {
    let (key, limit) = match guards.max_bytes {
        Some(most) if bytes > most => ("max_bytes", most),
        _ => ("zookeeper.max_read_bytes", limit),
    };
    let reason = format!("it has {}, and {key} is {limit}", counted(bytes as u64, "byte"));
    ld_guard::Error::Rejected { guard: Guard::Size, reason }
}

/// What to do with content that has passed the guards. `existing` is what becomes of the last file
/// before a change.
pub(super) fn aim(
    node: &Node,
    stat: &NodeStat,
    read_only: bool,
    existing: Existing,
) -> Result<Aim, LeaveFile> {
    let known = node.applied().map(|applied| applied.mzxid);
    if node.state() == State::Drifted && known == Some(stat.mzxid) {
        return Ok(Aim::Compare);
    }
    let existing = match known {
        Some(known) if read_only && stat.mzxid < known => {
            let why = "the read-only server has an older version than was applied; the newer file stays";
            return Err((State::Unverified, why.to_owned()));
        }
        // Without a version to compare with, a file that exists may be newer.
        None if read_only => Existing::Keep,
        // It was applied before, so this is a repair.
        Some(known) if known == stat.mzxid => Existing::Replace,
        _ => existing,
    };
    Ok(Aim::Apply { existing, touch: !read_only })
}

/// Whether it is sure that a node does not exist: what becomes of its file is for `on_delete`.
pub(super) fn is_gone(absence: &Absence, read_only: bool) -> Result<(), LeaveFile> {
    let (state, why) = match absence {
        Absence::Unconfirmed { reason } => {
            return Err((State::Unverified, format!("the node is missing, and {reason}; the file stays")));
        }
        absence if !absence.is_certain() => {
            (State::Unverified, "the node is missing, and nothing confirms that; the file stays")
        }
        _ if read_only => {
            (State::Unverified, "the read-only server has no such node, but it may be behind; the file stays")
        }
        _ => return Ok(()),
    };
    Err((state, why.to_owned()))
}

/// Why the file of a node that cannot be read stays.
pub(super) fn unreadable(reason: &Unreadable) -> String {
    match reason {
        Unreadable::Other(Error::Closed) => "the ZooKeeper client is closed; the file stays".to_owned(),
        reason => format!("the node cannot be read: {reason}; the file stays"),
    }
}
