//! The kinds of faults.

use std::fmt;
use std::time::Duration;

use crate::nodes::ROLLOUTS;

/// A run of at least this length includes the long kinds.
pub(crate) const LONG_RUN: Duration = Duration::from_secs(300);

/// What a fault concerns. Faults of one track follow each other; different tracks overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Track {
    /// A watcher, or its network.
    Watcher,
    /// The ensemble.
    Ensemble,
    /// A node, or a destination.
    Data,
    /// S3, or a watcher's network to it.
    Objects,
}

impl Track {
    pub(crate) const ALL: [Self; 4] = [Self::Watcher, Self::Ensemble, Self::Data, Self::Objects];
}

macro_rules! kinds {
    ($($kind:ident: $name:literal, $track:ident, $duration:literal ms, overhead $overhead:literal ms, $length:ident;)*) => {
        /// A kind of fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum FaultKind { $($kind),* }

        impl FaultKind {
            pub(crate) const ALL: [Self; [$(Self::$kind),*].len()] = [$(Self::$kind),*];

            fn name(self) -> &'static str {
                match self { $(Self::$kind => $name),* }
            }

            pub(crate) fn track(self) -> Track {
                match self { $(Self::$kind => Track::$track),* }
            }

            /// The time until it is healed.
            pub(crate) fn duration(self) -> Duration {
                Duration::from_millis(match self { $(Self::$kind => $duration),* })
            }

            /// The estimated time to inject and to heal it, in addition.
            pub(crate) fn overhead(self) -> Duration {
                Duration::from_millis(match self { $(Self::$kind => $overhead),* })
            }

            fn length(self) -> Length {
                match self { $(Self::$kind => Length::$length),* }
            }
        }
    };
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    Short,
    Long,
}

// The session timeout is 4 s. A fault that must outlast the tolerance for heartbeats lasts 9 s.
kinds! {
    Reset: "connection reset", Watcher, 0 ms, overhead 0 ms, Short;
    Refuse: "connections refused", Watcher, 3000 ms, overhead 0 ms, Short;
    Blackhole: "network silent", Watcher, 9000 ms, overhead 0 ms, Short;
    HalfOpenToServer: "half-open to the server", Watcher, 6000 ms, overhead 0 ms, Short;
    HalfOpenToClient: "half-open to the client", Watcher, 6000 ms, overhead 0 ms, Short;
    Delay: "added latency", Watcher, 4000 ms, overhead 0 ms, Short;
    SessionClosed: "session closed from outside", Watcher, 0 ms, overhead 500 ms, Short;
    WatcherFrozen: "watcher frozen", Watcher, 6000 ms, overhead 0 ms, Short;
    WatcherKilled: "watcher killed", Watcher, 300 ms, overhead 200 ms, Short;
    WatcherTerminated: "watcher terminated", Watcher, 300 ms, overhead 500 ms, Short;
    ConfigurationChanged: "configuration changed", Watcher, 3000 ms, overhead 1000 ms, Short;
    SecretsHang: "secrets hang", Watcher, 8000 ms, overhead 0 ms, Short;
    ErrorUnread: "standard error unread", Watcher, 8000 ms, overhead 3000 ms, Short;
    ThreadsRefused: "threads refused", Watcher, 5000 ms, overhead 0 ms, Short;
    DescriptorsRefused: "descriptors refused", Watcher, 5000 ms, overhead 0 ms, Short;
    ServerKilled: "server killed", Ensemble, 3000 ms, overhead 4000 ms, Short;
    LeaderKilled: "leader killed", Ensemble, 3000 ms, overhead 4000 ms, Short;
    ServerFrozen: "server frozen", Ensemble, 6000 ms, overhead 1000 ms, Short;
    QuorumLost: "quorum lost", Ensemble, 4000 ms, overhead 5000 ms, Short;
    NodeDeleted: "node deleted, then recreated", Data, 1500 ms, overhead 100 ms, Short;
    NodeRecreated: "node recreated at once", Data, 0 ms, overhead 100 ms, Short;
    AclTaken: "read permission removed", Data, 8000 ms, overhead 100 ms, Short;
    FileEdited: "file edited by hand", Data, 4500 ms, overhead 0 ms, Short;
    FileDeleted: "file deleted by hand", Data, 4500 ms, overhead 0 ms, Short;
    FileIsDirectory: "file replaced by a directory", Data, 3000 ms, overhead 0 ms, Short;
    DirectoryRemoved: "directory removed", Data, 3000 ms, overhead 0 ms, Short;
    DestinationHangs: "destination hangs", Data, 12000 ms, overhead 0 ms, Short;
    UsersHang: "user database hangs", Data, 12000 ms, overhead 0 ms, Short;
    ObjectsReset: "connections to S3 reset", Objects, 3000 ms, overhead 0 ms, Short;
    ObjectsRefused: "connections to S3 refused", Objects, 4000 ms, overhead 0 ms, Short;
    ObjectsSilent: "S3 silent", Objects, 18000 ms, overhead 0 ms, Short;
    ObjectErrors: "S3 answers 500", Objects, 5000 ms, overhead 0 ms, Short;
    ObjectsCut: "objects cut", Objects, 5000 ms, overhead 0 ms, Short;
    LeaderFrozen: "leader frozen", Ensemble, 15000 ms, overhead 2000 ms, Long;
    ClockSetBack: "clock set back", Watcher, 8000 ms, overhead 0 ms, Long;
    NamesMoved: "names moved", Watcher, 3000 ms, overhead 0 ms, Long;
    DiskFull: "disk full", Data, 5000 ms, overhead 500 ms, Long;
    InodesExhausted: "inodes exhausted", Data, 5000 ms, overhead 500 ms, Long;
    CredentialsRotated: "credentials rotated", Data, 8000 ms, overhead 500 ms, Long;
    RollingRestart: "rolling restart", Ensemble, 0 ms, overhead 15000 ms, Long;
    EnsembleDown: "ensemble down", Ensemble, 20000 ms, overhead 5000 ms, Long;
    Restored: "restored from a backup", Ensemble, 3000 ms, overhead 20000 ms, Long;
    Wiped: "wiped and refilled", Ensemble, 5000 ms, overhead 20000 ms, Long;
    ChrootRemoved: "chroot removed and restored", Ensemble, 4000 ms, overhead 12000 ms, Long;
}

impl FaultKind {
    /// The kinds of a run of this length.
    pub(crate) fn for_length(length: Duration) -> Vec<Self> {
        let long = length >= LONG_RUN;
        Self::ALL.into_iter().filter(|kind| long || kind.length() == Length::Short).collect()
    }

    /// The node that it concerns if this one was drawn. The nodes with rollouts are written by one
    /// thread alone, which reads them as well.
    pub(crate) fn node(self, drawn: usize) -> usize {
        match self {
            Self::NodeDeleted | Self::NodeRecreated | Self::CredentialsRotated
                if ROLLOUTS.contains(&drawn) =>
            {
                drawn - ROLLOUTS.start
            }
            _ => drawn,
        }
    }

    /// Whether it needs hosts with names, disks and clocks of their own, in a mount namespace.
    pub(crate) fn needs_whole_hosts(self) -> bool {
        matches!(self, Self::NamesMoved | Self::DiskFull | Self::InodesExhausted | Self::ClockSetBack)
    }

    /// Whether no other fault may be in force: it changes all nodes at once, or excuses nothing.
    pub(crate) fn is_exclusive(self) -> bool {
        matches!(self, Self::Restored | Self::Wiped | Self::ChrootRemoved | Self::ErrorUnread)
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
