//! How soon a file is right again: what the project promises, and what a busy machine may add.

use std::time::Duration;

/// The session timeout that these tests configure and the server grants.
pub(crate) const SESSION: Duration = Duration::from_secs(4);
/// The heartbeat interval that these tests configure.
pub(crate) const HEARTBEAT: Duration = Duration::from_millis(200);
/// The drift interval that these tests configure.
pub(crate) const DRIFT_INTERVAL: Duration = Duration::from_secs(1);

/// After healing, where nothing must time out.
pub(crate) const AT_ONCE: Duration = Duration::from_secs(2);
/// After the begin of a silence that must be noticed: the session timeout and 3 s.
pub(crate) const SILENCE: Duration = SESSION.saturating_add(Duration::from_secs(3));
/// After the end of an outage of any length.
pub(crate) const OUTAGE: Duration = Duration::from_secs(12);
/// After somebody else has changed a file: the drift interval and 2 s.
pub(crate) const DRIFT: Duration = DRIFT_INTERVAL.saturating_add(Duration::from_secs(2));
/// Until a change is found that the server told nobody of: Debian's ZooKeeper (with the fix of CVE-2024-23944) drops the
/// event when the watcher may not read the node at that moment. The client audits 4 nodes of a session every 9.6 s or less.
pub(crate) const UNTOLD: Duration = Duration::from_secs(10);

/// What every bound is stretched by: other tests run on the same two processors, and a suite that fails for want of them
/// teaches to ignore it. The figure that was measured is printed in any case.
pub(crate) const LOADED_MACHINE: Duration = Duration::from_secs(5);

/// How late a heartbeat may be after the proof that the file is current: the way of the proof, and the touch.
pub(crate) const PROOF_TO_TOUCH: Duration = Duration::from_secs(2);

/// How long a heartbeat must be seen to stand still: many intervals.
pub(crate) const STANDSTILL: Duration = Duration::from_secs(2);

/// How long things may take that are no subject of the test: a start, an election, an orderly end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
