//! Bounds on convergence: what the project promises, and what a busy machine may add.

use std::time::Duration;

/// The session timeout that these tests configure and the server grants.
pub(crate) const SESSION: Duration = Duration::from_secs(4);
/// The heartbeat interval that these tests configure.
pub(crate) const HEARTBEAT: Duration = Duration::from_millis(200);
/// The drift interval that these tests configure.
pub(crate) const DRIFT_INTERVAL: Duration = Duration::from_secs(1);

/// After a fault has healed, if no timeout is needed.
pub(crate) const AT_ONCE: Duration = Duration::from_secs(2);
/// After the start of a silence that the watcher must notice: the session timeout and 3 s.
pub(crate) const SILENCE: Duration = SESSION.saturating_add(Duration::from_secs(3));
/// After the end of an outage of any length.
pub(crate) const OUTAGE: Duration = Duration::from_secs(12);
/// After another process has changed a file: the drift interval and 2 s.
pub(crate) const DRIFT: Duration = DRIFT_INTERVAL.saturating_add(Duration::from_secs(2));
/// After a change without an event.
///
/// A ZooKeeper with the fix of CVE-2024-23944 drops the event if the watcher may not read the node
/// at that moment. The client audits 4 nodes of each session at least every 9.6 s.
pub(crate) const NO_EVENT: Duration = Duration::from_secs(10);

/// Added to each bound, because other tests run on the same processors at the same time.
///
/// The measured time is always printed.
pub(crate) const LOADED_MACHINE: Duration = Duration::from_secs(5);

/// Longest time between the proof that a file is current and its heartbeat.
pub(crate) const PROOF_TO_TOUCH: Duration = Duration::from_secs(2);

/// How long the mtime must stay the same to show that the heartbeat has stopped: many intervals.
pub(crate) const STANDSTILL: Duration = Duration::from_secs(2);

/// Limit for events that a test does not measure: a start, an election, an orderly exit.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
