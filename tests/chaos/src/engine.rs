//! Which watcher is driven: the real one, or one that is broken on purpose.

use clap::ValueEnum;

use super::verdict::Violation;

/// The watcher of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// The built `live-data-watcher`.
    Watcher,
    /// A broken one that writes files in place.
    InPlace,
    /// A broken one whose heartbeat verifies nothing.
    BlindHeartbeat,
}

impl Engine {
    /// The binary of the workspace.
    pub(super) fn program(self) -> &'static str {
        match self {
            Self::Watcher => "live-data-watcher",
            Self::InPlace | Self::BlindHeartbeat => "ld-dev",
        }
    }

    /// Its arguments before the configuration.
    pub(super) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Watcher => &[],
            Self::InPlace => &["broken-watcher", "--in-place"],
            Self::BlindHeartbeat => &["broken-watcher", "--blind-heartbeat"],
        }
    }

    /// What a run of a broken one must find; it may end there.
    pub(super) fn breaks(self) -> Option<Violation> {
        match self {
            Self::Watcher => None,
            Self::InPlace => Some(Violation::Torn),
            Self::BlindHeartbeat => Some(Violation::FalseHeartbeat),
        }
    }
}
