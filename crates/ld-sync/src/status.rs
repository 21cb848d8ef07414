//! What the engine knows of each node, to be shown.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use ld_fleet::{ContentHash, NodeState};

/// The state of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Nothing was read yet: there was no session so far, or the node waits to be read.
    Waiting,
    /// The file holds what the node held when it was last read.
    Current,
    /// The node does not exist, and neither does the file.
    Absent,
    /// The answer cannot be trusted (a missing chroot, an empty ensemble, a read-only server): the
    /// file stays as it is.
    Unverified,
    /// The node cannot be read; the file stays as it is.
    Unreadable,
    /// The node's content must not be written; the last good file stays.
    Rejected,
    /// Another process changed the file, which stays so until the node changes (`drift = report`).
    Drifted,
    /// A change was read and waits for its part of the node's window (`apply_jitter`); the last
    /// file stays until then.
    Delayed,
    /// The node was deleted, and its file stays (`on_delete = keep`).
    Kept,
    /// The file could not be written, removed or touched; it is tried again.
    Failing,
}

impl State {
    /// The word for logs, status pages and reports.
    pub fn as_str(self) -> &'static str {
        NodeState::from(self).as_str()
    }

    /// Whether the destination is as the ensemble and the configuration want it.
    pub fn is_good(self) -> bool {
        NodeState::from(self).is_good()
    }
}

/// The state in the report of a host, before that of a hook.
impl From<State> for NodeState {
    fn from(state: State) -> Self {
        match state {
            State::Waiting => Self::Waiting,
            State::Current => Self::Current,
            State::Absent => Self::Absent,
            State::Unverified => Self::Unverified,
            State::Unreadable => Self::Unreadable,
            State::Rejected => Self::Rejected,
            State::Drifted => Self::Drifted,
            State::Delayed => Self::Delayed,
            State::Kept => Self::Kept,
            State::Failing => Self::Failing,
        }
    }
}

/// How often something happened to a node since the engine began to follow it. A count starts again
/// from 0 after `u32::MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counts {
    /// Its file was replaced or removed.
    pub applied: u32,
    /// A write, a removal or a heartbeat failed or hung.
    pub failed: u32,
    /// A call on its file system took more than 10 s.
    pub hung: u32,
    /// Content was rejected.
    pub rejections: Rejections,
    /// The node could not be read, or an answer could not be trusted.
    pub unreadable: u32,
    /// A change of the file by another process was found and repaired.
    pub repaired: u32,
}

/// How often content was rejected, by what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Rejections {
    /// `min_bytes`, `max_bytes` or `zookeeper.max_read_bytes`.
    pub size: u32,
    /// `format`.
    pub format: u32,
    /// The check program.
    pub check: u32,
    /// A pointer that is not valid.
    pub pointer: u32,
    /// No signature that counts.
    pub signature: u32,
}

impl Rejections {
    /// How often it was rejected, by what does not matter.
    pub fn total(&self) -> u32 {
        let all = [self.size, self.format, self.check, self.pointer, self.signature];
        all.into_iter().fold(0, u32::wrapping_add)
    }
}

/// How the file was last replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// From the start of the work on the file to its end.
    pub took: Duration,
    /// From the change of the node, by the leader's clock, to the end of the work, by this host's;
    /// `None` if the clocks contradict each other, or the time of the change is not known.
    pub propagated: Option<Duration>,
}

/// One node at one moment.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Status {
    /// The node's name in the configuration.
    pub name: String,
    /// Its znode path below the chroot.
    pub source: String,
    /// Whether it takes part in staged rollouts.
    pub rollout: bool,
    /// Why it does not, if its configuration says that it does.
    pub no_rollout: Option<String>,
    /// Its file.
    pub dest: PathBuf,
    /// Its state.
    pub state: State,
    /// When it entered that state.
    pub since: SystemTime,
    /// The transaction that last modified the content that the file holds; `None` before the first
    /// apply.
    pub mzxid: Option<i64>,
    /// The size of that content in bytes.
    pub bytes: Option<u64>,
    /// The hash of what the node held then: of the pointer, if it was one. `None` unless the engine
    /// was told to make hashes.
    pub hash: Option<ContentHash>,
    /// When the file was last replaced or removed; `None` if this process never had to.
    pub applied_at: Option<SystemTime>,
    /// When the file last got its heartbeat, or was replaced; `None` if neither happened yet.
    pub heartbeat_at: Option<SystemTime>,
    /// When the file was last known to hold what the node holds: written, found right, or given its
    /// heartbeat; `None` if that was never known.
    pub confirmed_at: Option<SystemTime>,
    /// Why it is unhealthy, or else why there is no session; never content, never a secret.
    pub last_error: Option<String>,
    /// What needs attention although the file may be right: another process changes it again and
    /// again. It stays for an hour after the last such change.
    pub warning: Option<String>,
    /// Failed attempts since it was last healthy.
    pub attempts: u32,
    /// How its file was last replaced; `None` if this process never had to.
    pub applied: Option<Applied>,
    /// What happened to it since the engine began to follow it.
    pub counts: Counts,
}
