//! The state of a watcher as JSON.

use std::time::SystemTime;

use ld_sync::{State, Status};
use ld_zk::SessionState;
use serde::{Deserialize, Serialize};

use crate::freshness::Freshness;
use crate::status_view::StatusView;

/// The state of a watcher at one moment. Its JSON is stable: fields may be added, and stay.
///
/// Times are RFC 3339 in UTC, durations seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// The version of the watcher.
    pub version: String,
    /// When the watcher started.
    pub started: String,
    /// When the report was made.
    pub now: String,
    /// The ensemble and the chroot.
    pub ensemble: String,
    /// Whether every node had its first outcome.
    pub ready: bool,
    /// The last reload of the configuration; `null` if there was none.
    pub last_reload: Option<ReloadReport>,
    /// One for each session.
    pub sessions: Vec<SessionReport>,
    /// One for each node, in the order of the configuration.
    pub nodes: Vec<NodeReport>,
}

/// One reload of the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReloadReport {
    /// When it was.
    pub at: String,
    /// Why it changed nothing; `null` if it succeeded.
    pub error: Option<String>,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionReport {
    /// `connected`, `read-only`, `suspended`, `connecting` or `closed`.
    pub state: String,
    /// For how long it has been so, in seconds.
    pub for_seconds: f64,
    /// Why there is no connection; `null` while there is one.
    pub last_error: Option<String>,
}

/// One node and its file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NodeReport {
    /// Its name in the configuration.
    pub name: String,
    /// Its znode path below the chroot.
    pub source: String,
    /// Its file.
    pub dest: String,
    /// Its state, as [`State::as_str`](ld_sync::State::as_str) has it.
    pub state: String,
    /// Whether the file is as the ensemble and the configuration want it.
    pub good: bool,
    /// Whether it is good, and its file was known to be current within the last three heartbeat
    /// intervals.
    pub fresh: bool,
    /// When it entered its state.
    pub since: String,
    /// The transaction that last changed the content of the file; `null` before the first apply.
    pub mzxid: Option<i64>,
    /// The size of that content in bytes.
    pub bytes: Option<u64>,
    /// When the file was last replaced or removed; `null` if this process never had to.
    pub applied_at: Option<String>,
    /// When the file last got its heartbeat.
    pub heartbeat_at: Option<String>,
    /// When the file was last known to be current: its heartbeat, or when it was found right.
    pub confirmed_at: Option<String>,
    /// From the change of the node to the replaced file, in seconds, over two clocks.
    pub propagated_seconds: Option<f64>,
    /// Failed attempts since it was last good.
    pub attempts: u32,
    /// Why it is not good.
    pub last_error: Option<String>,
    /// Why its hook did not succeed when it last ran; `null` if it did, or there is none.
    #[serde(default)]
    pub hook_error: Option<String>,
    /// What needs attention although the file may be right: another process changes it.
    #[serde(default)]
    pub warning: Option<String>,
}

impl Report {
    pub(crate) fn of(view: &StatusView) -> Self {
        let sessions = view.sessions().sessions;
        let freshness = Freshness::of(view, &sessions);
        let sessions = sessions.into_iter().map(|session| SessionReport {
            state: session_state(session.state).to_owned(),
            for_seconds: session.since.elapsed().as_secs_f64(),
            last_error: session.last_error.map(|error| view.without_secrets(&error.to_string())),
        });
        let node = |status: Status| {
            let hook_error = view.hooks.last_error(&status.name);
            let hook_error = hook_error.map(|error| view.without_secrets(&error));
            let fresh = freshness.is_fresh(&status);
            NodeReport { hook_error, ..NodeReport::of(view.shown(status), fresh) }
        };
        let nodes: Vec<_> = view.engine.statuses().map(node).collect();
        Self {
            version: view.version().to_owned(),
            started: time(view.started()),
            now: time(SystemTime::now()),
            ensemble: view.ensemble(),
            ready: nodes.iter().all(|node| node.state != State::Waiting.as_str()),
            last_reload: view.last_reload().map(|reload| ReloadReport {
                at: time(reload.at),
                error: reload.error.map(|error| view.without_secrets(&error)),
            }),
            sessions: sessions.collect(),
            nodes,
        }
    }

    /// Whether every file is fresh.
    pub fn is_fresh(&self) -> bool {
        self.nodes.iter().all(|node| node.fresh)
    }
}

impl NodeReport {
    fn of(status: Status, fresh: bool) -> Self {
        Self {
            state: status.state.as_str().to_owned(),
            good: status.state.is_good(),
            fresh,
            since: time(status.since),
            mzxid: status.mzxid,
            bytes: status.bytes,
            applied_at: status.applied_at.map(time),
            heartbeat_at: status.heartbeat_at.map(time),
            confirmed_at: status.confirmed_at.map(time),
            propagated_seconds: status
                .applied
                .and_then(|applied| applied.propagated)
                .map(|delay| delay.as_secs_f64()),
            attempts: status.attempts,
            last_error: status.last_error,
            hook_error: None,
            warning: status.warning,
            dest: status.dest.display().to_string(),
            name: status.name,
            source: status.source,
        }
    }
}

/// The word for a session's state.
pub(crate) fn session_state(state: SessionState) -> &'static str {
    match state {
        SessionState::Connected => "connected",
        SessionState::ReadOnly => "read-only",
        SessionState::Suspended => "suspended",
        SessionState::Closed => "closed",
        _ => "connecting",
    }
}

fn time(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}
