//! Why a host cannot report.

use ld_zk::zookeeper;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// It passes by itself: no connection, another session.
    #[error("the session is lost")]
    Lost,
    /// Another session has the name.
    #[error(
        "another watcher reports as '{host}', or a former one whose session lives on: give each host its own fleet.host"
    )]
    Taken {
        host: String,
        /// A session that had died would have expired by now.
        is_alive: bool,
    },
    #[error("{directory} does not exist in ZooKeeper: make it with 'live-data-ctl init CONFIG'")]
    NoDirectory { directory: String },
    #[error(
        "this watcher may not create nodes below {directory}: set zookeeper.credentials, or give a user of it 'cr' with 'live-data-ctl set-acl CONFIG {directory}', beside all entries that are there"
    )]
    Denied { directory: String },
    #[error("ZooKeeper refuses the report of this host: {0}")]
    Refused(zookeeper::Error),
}

impl Problem {
    pub(crate) fn of(error: zookeeper::Error, directory: &str) -> Self {
        use zookeeper::Error;
        match error {
            Error::NoNode => Self::NoDirectory { directory: directory.to_owned() },
            Error::NoAuth => Self::Denied { directory: directory.to_owned() },
            // A read-only server takes part in a quorum again some day.
            Error::NotReadOnly
            | Error::ConnectionLoss
            | Error::SessionExpired
            | Error::SessionMoved
            | Error::ClientClosed
            | Error::Timeout
            | Error::Throttled => Self::Lost,
            // Another attempt sees which session has it.
            Error::NodeExists => Self::Lost,
            error => Self::Refused(error),
        }
    }

    /// Whether it passes without an administrator.
    pub(crate) fn passes(&self) -> bool {
        matches!(self, Self::Lost | Self::Taken { is_alive: false, .. })
    }
}

impl From<ld_zk::Error> for Problem {
    fn from(_: ld_zk::Error) -> Self {
        Self::Lost
    }
}
