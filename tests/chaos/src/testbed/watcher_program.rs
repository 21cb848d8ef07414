//! The programs under test: the real ones, or one with a defect.

use clap::ValueEnum;

use crate::judge::Violation;
use crate::rollouts::ConductorProgram;

/// The programs of a run. At most one of them has a defect.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Programs {
    pub(crate) watcher: WatcherProgram,
    pub(crate) conductor: ConductorProgram,
}

impl Programs {
    /// The violation that a run with a broken program must find. The run ends there.
    pub(crate) fn expected_violation(self) -> Option<Violation> {
        self.watcher.expected_violation().or_else(|| self.conductor.expected_violation())
    }
}

/// The watcher of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WatcherProgram {
    /// The built `live-data-watcher`.
    LiveData,
    /// A broken one that writes files in place.
    InPlace,
    /// A broken one with a heartbeat that verifies nothing.
    BlindHeartbeat,
    /// A broken one that writes pointers instead of their objects.
    Pointers,
    /// A broken one that writes as much of an object as comes.
    HalfObjects,
    /// A broken one that gives each host the candidates of all rollouts.
    AnyShare,
}

impl WatcherProgram {
    /// The binary of the workspace.
    pub(super) fn binary(self) -> &'static str {
        match self {
            Self::LiveData => "live-data-watcher",
            _ => "ld-dev",
        }
    }

    /// The arguments before the configuration.
    pub(super) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::LiveData => &[],
            Self::InPlace => &["broken-watcher", "--in-place"],
            Self::BlindHeartbeat => &["broken-watcher", "--blind-heartbeat"],
            Self::Pointers => &["broken-watcher", "--pointers"],
            Self::AnyShare => &["broken-watcher", "--any-share"],
            Self::HalfObjects => &["broken-watcher", "--half-objects"],
        }
    }

    /// Whether it knows rollouts.
    pub(crate) fn follows_rollouts(self) -> bool {
        matches!(self, Self::LiveData | Self::AnyShare)
    }

    /// Whether it reports its nodes.
    pub(crate) fn reports(self) -> bool {
        self == Self::LiveData
    }

    /// The violation that a run of a broken watcher must find. The run ends there.
    pub(crate) fn expected_violation(self) -> Option<Violation> {
        match self {
            Self::LiveData => None,
            Self::InPlace | Self::HalfObjects => Some(Violation::Torn),
            Self::BlindHeartbeat => Some(Violation::FalseHeartbeat),
            Self::AnyShare => Some(Violation::Candidate),
            Self::Pointers => Some(Violation::Pointer),
        }
    }
}
