//! `fleet.*`: what a watcher reports of itself.

use std::time::Duration;

/// What a watcher reports of itself in ZooKeeper (`fleet.*`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FleetConfig {
    /// Whether the watcher keeps a report in ZooKeeper.
    pub report: bool,
    /// The name of this host in the fleet; `None`: the system's host name.
    pub host: Option<String>,
    /// The report is written at most once in this time.
    pub report_interval: Duration,
}

impl Default for FleetConfig {
    fn default() -> Self {
        Self { report: false, host: None, report_interval: Duration::from_secs(2) }
    }
}
