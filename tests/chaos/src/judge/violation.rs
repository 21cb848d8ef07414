//! The invariants that a run checks, by the name of their violation.

use std::fmt;

/// A violated invariant. docs/chaos.md has the exact conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Violation {
    /// A file did not get its content, although no fault was in force any more.
    Lost,
    /// A file held part of a version, or content that was never written.
    Torn,
    /// A file held a pointer instead of its object.
    Pointer,
    /// A file held an older version than before.
    Backwards,
    /// A file held a candidate that was not meant for its host.
    Candidate,
    /// The share of a rollout grew too early, or with a bad candidate.
    Share,
    /// A rollout ended as it must not, or not at all.
    RolloutEnd,
    /// The mtime of an outdated file moved.
    FalseHeartbeat,
    /// A file neither changed nor had a heartbeat during a fault without an excuse.
    Silent,
    /// A file was removed because the ensemble was empty.
    Emptied,
    /// A file of another program is gone.
    ForeignRemoved,
    /// A temporary file was left behind.
    Stray,
    /// A watcher exited early, or did not exit after SIGTERM.
    Died,
}

impl Violation {
    pub(super) const ALL: [Self; 13] = [
        Self::Lost,
        Self::Torn,
        Self::Pointer,
        Self::Backwards,
        Self::Candidate,
        Self::Share,
        Self::RolloutEnd,
        Self::FalseHeartbeat,
        Self::Silent,
        Self::Emptied,
        Self::ForeignRemoved,
        Self::Stray,
        Self::Died,
    ];
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Lost => "lost",
            Self::Torn => "torn",
            Self::Pointer => "pointers written",
            Self::Backwards => "backwards",
            Self::Candidate => "candidates",
            Self::Share => "shares",
            Self::RolloutEnd => "rollout ends",
            Self::FalseHeartbeat => "false heartbeats",
            Self::Silent => "silent",
            Self::Emptied => "emptied",
            Self::ForeignRemoved => "foreign removed",
            Self::Stray => "stray temporaries",
            Self::Died => "died",
        })
    }
}
