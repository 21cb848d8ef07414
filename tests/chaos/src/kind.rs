//! The kinds of faults.

use std::fmt;
use std::time::Duration;

/// A run of at least this length has the long kinds, too.
pub(super) const LONG_RUN: Duration = Duration::from_secs(300);

/// What a fault happens to. Faults of one track follow each other, those of different tracks overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Track {
    /// A watcher, or its network.
    Watcher,
    /// The ensemble.
    Ensemble,
    /// A node, or a destination.
    Data,
}

impl Track {
    pub(super) const ALL: [Self; 3] = [Self::Watcher, Self::Ensemble, Self::Data];
}

macro_rules! kinds {
    ($($kind:ident: $name:literal, $track:ident, $hold:literal ms, takes $takes:literal ms, $length:ident;)*) => {
        /// A kind of fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Kind { $($kind),* }

        impl Kind {
            pub(super) const ALL: [Self; [$(Self::$kind),*].len()] = [$(Self::$kind),*];

            fn name(self) -> &'static str {
                match self { $(Self::$kind => $name),* }
            }

            pub(super) fn track(self) -> Track {
                match self { $(Self::$kind => Track::$track),* }
            }

            /// How long it lasts before it is healed.
            pub(super) fn hold(self) -> Duration {
                Duration::from_millis(match self { $(Self::$kind => $hold),* })
            }

            /// How long making and healing it takes besides, by estimate.
            pub(super) fn takes(self) -> Duration {
                Duration::from_millis(match self { $(Self::$kind => $takes),* })
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

// The session timeout is 4 s. What must stay unnoticed longer than a heartbeat's tolerance lasts 9 s.
kinds! {
    Reset: "connection reset", Watcher, 0 ms, takes 0 ms, Short;
    Refuse: "connections refused", Watcher, 3000 ms, takes 0 ms, Short;
    Blackhole: "network silent", Watcher, 9000 ms, takes 0 ms, Short;
    HalfOpenToServer: "half-open to the server", Watcher, 6000 ms, takes 0 ms, Short;
    HalfOpenToClient: "half-open to the client", Watcher, 6000 ms, takes 0 ms, Short;
    Delay: "added latency", Watcher, 4000 ms, takes 0 ms, Short;
    SessionClosed: "session closed from outside", Watcher, 0 ms, takes 500 ms, Short;
    WatcherFrozen: "watcher frozen", Watcher, 6000 ms, takes 0 ms, Short;
    WatcherKilled: "watcher killed", Watcher, 300 ms, takes 200 ms, Short;
    WatcherTerminated: "watcher terminated", Watcher, 300 ms, takes 500 ms, Short;
    SecretsHang: "secrets hang", Watcher, 8000 ms, takes 0 ms, Short;
    ErrorUnread: "standard error unread", Watcher, 8000 ms, takes 3000 ms, Short;
    ThreadsRefused: "threads refused", Watcher, 5000 ms, takes 0 ms, Short;
    DescriptorsRefused: "descriptors refused", Watcher, 5000 ms, takes 0 ms, Short;
    ServerKilled: "server killed", Ensemble, 3000 ms, takes 4000 ms, Short;
    LeaderKilled: "leader killed", Ensemble, 3000 ms, takes 4000 ms, Short;
    ServerFrozen: "server frozen", Ensemble, 6000 ms, takes 1000 ms, Short;
    QuorumLost: "quorum lost", Ensemble, 4000 ms, takes 5000 ms, Short;
    NodeDeleted: "node deleted, then recreated", Data, 1500 ms, takes 100 ms, Short;
    NodeRecreated: "node recreated at once", Data, 0 ms, takes 100 ms, Short;
    AclTaken: "read right taken away", Data, 8000 ms, takes 100 ms, Short;
    FileEdited: "file edited by hand", Data, 4500 ms, takes 0 ms, Short;
    FileDeleted: "file deleted by hand", Data, 4500 ms, takes 0 ms, Short;
    FileIsDirectory: "directory in a file's place", Data, 3000 ms, takes 0 ms, Short;
    DirectoryRemoved: "directory removed", Data, 3000 ms, takes 0 ms, Short;
    DestinationHangs: "destination hangs", Data, 12000 ms, takes 0 ms, Short;
    UsersHang: "user database hangs", Data, 12000 ms, takes 0 ms, Short;
    LeaderFrozen: "leader frozen", Ensemble, 15000 ms, takes 2000 ms, Long;
    ClockSetBack: "clock set back", Watcher, 8000 ms, takes 0 ms, Long;
    NamesMoved: "names get other addresses", Watcher, 3000 ms, takes 0 ms, Long;
    DiskFull: "disk full", Data, 5000 ms, takes 500 ms, Long;
    InodesExhausted: "inodes exhausted", Data, 5000 ms, takes 500 ms, Long;
    CredentialsRotated: "credentials rotated", Data, 8000 ms, takes 500 ms, Long;
    RollingRestart: "rolling restart", Ensemble, 0 ms, takes 15000 ms, Long;
    EnsembleDown: "ensemble down", Ensemble, 20000 ms, takes 5000 ms, Long;
    Restored: "restored from a backup", Ensemble, 3000 ms, takes 20000 ms, Long;
    Wiped: "wiped and refilled", Ensemble, 5000 ms, takes 20000 ms, Long;
    ChrootRemoved: "chroot removed and back", Ensemble, 4000 ms, takes 12000 ms, Long;
}

impl Kind {
    /// The kinds that a run of this length must have.
    pub(super) fn of_a_run(length: Duration) -> Vec<Self> {
        let long = length >= LONG_RUN;
        Self::ALL.into_iter().filter(|kind| long || kind.length() == Length::Short).collect()
    }

    /// Whether it needs hosts with names, disks and clocks of their own, in a mount namespace.
    pub(super) fn needs_whole_hosts(self) -> bool {
        matches!(self, Self::NamesMoved | Self::DiskFull | Self::InodesExhausted | Self::ClockSetBack)
    }

    /// Whether it needs the world for itself: it changes what is true of all nodes at once, or must
    /// go unnoticed.
    pub(super) fn is_exclusive(self) -> bool {
        matches!(self, Self::Restored | Self::Wiped | Self::ChrootRemoved | Self::ErrorUnread)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
