//! What an attempt leads to: the node's state, its log lines, and when it is tried again.

use std::time::{Duration, SystemTime};

use ld_config::{chain, counted};
use ld_file::{Done, JobError};
use ld_guard::Error;
use tracing::{debug, info, warn};

use super::delay::Delay;
use super::record::RejectedBy;
use super::retry::{Attempt, Retry, StateOfNode};
use super::task::Task;
use crate::source::NodeSource;
use crate::status::{Applied, State};

/// The reason shown for a node with drift that is only reported.
pub(crate) const DRIFT_STAYS: &str =
    "another process changed the file, which stays so until the node changes";

/// What may be behind a missing permission in a sandboxed process.
const SANDBOX_HINT: &str = "; watcher.sandbox allows writing only to the directories that destinations had at \
                            the start: if this is another one, restart the watcher";

impl<W: NodeSource> Task<W> {
    /// Records what an apply or a comparison has done.
    pub(super) fn record_apply(&mut self, done: Done, state: &StateOfNode, took: Duration) {
        match done {
            Done::Replaced | Done::Unchanged => {
                let replaced = done == Done::Replaced;
                let (node, version) = (&self.node, state.version);
                let (name, dest) = (&node.config.name, node.config.dest.display());
                if replaced {
                    let (source, mzxid, bytes) = (&node.config.source, version.mzxid, version.bytes);
                    info!(
                        node = name, source, %dest, mzxid, bytes, took = took.as_secs_f64(),
                        "Updating '{dest}' (nodes.{name}, mzxid {mzxid:#x}, {}, {})",
                        counted(bytes, "byte"),
                        shown(took),
                    );
                }
                let applied = replaced.then(|| Applied { took, propagated: since(state.mtime) });
                if node.set_current(version, applied) {
                    info!(node = name, %dest, "nodes.{name}: '{dest}' is current again");
                }
                self.confirmed = Some(state.session);
                self.keep_counter();
                self.retry = Retry::default();
                self.delay = None;
            }
            Done::Different => self.leave_file(State::Drifted, DRIFT_STAYS),
            Done::Delayed => self.wait_for_window(),
            _ => self.leave_file(
                State::Unverified,
                "connected to a read-only server; its version may be older than the file, so the file stays",
            ),
        }
    }

    /// Records what a removal has done.
    pub(super) fn record_removal(&mut self, done: Done) {
        let removed = match done {
            Done::Delayed => return self.wait_for_window(),
            done => done == Done::Removed,
        };
        let (node, source) = (&self.node, &self.shared.source);
        let (name, dest) = (&node.config.name, node.config.dest.display());
        let (before, was_unhealthy) = node.set_absent(removed);
        let path = &node.config.source;
        if removed {
            info!(
                node = name, source = path, %dest,
                "Removing '{dest}'; watched node deleted. (nodes.{name}: {path} does not exist in {source})"
            );
        } else if before != State::Absent {
            info!(
                node = name, source = path, %dest,
                "nodes.{name}: {path} does not exist in {source}; there is no file '{dest}'"
            );
        } else if was_unhealthy {
            debug!(node = name, %dest, "nodes.{name}: '{dest}' is as it should be again");
        }
        self.retry = Retry::default();
        self.delay = None;
    }

    /// The change waits for its part of the node's window, and is read again then: thousands of
    /// nodes may wait, and newer states supersede it.
    fn wait_for_window(&mut self) {
        let config = &self.node.config;
        let delay = self.delay.get_or_insert_with(|| {
            let delay = Box::new(Delay::draw(config.apply_jitter));
            let (name, dest) = (&config.name, config.dest.display());
            info!(node = name, %dest, "nodes.{name}: '{dest}': {}", delay.reason());
            delay
        });
        self.node.set_delayed(&delay.reason());
        self.retry.read_at(delay.due);
    }

    /// A job was not done: it is tried again, with the content if there is memory to hold it.
    pub(super) fn fail_job(&mut self, error: &JobError, attempt: Option<Attempt>) {
        match error {
            // Nothing was tried. While the file system hangs the next attempt waits before it
            // reads.
            JobError::Stalled => self.retry.later(None),
            error if error.is_shortage() && self.retry.is_young() => {
                let attempt = attempt.and_then(|attempt| self.shared.held.hold(attempt));
                self.retry.later(attempt);
            }
            error if self.shared.sandbox && error.is_denied() => {
                self.fail(&format!("{}{SANDBOX_HINT}", chain(error)), attempt);
            }
            error => self.fail(&chain(error), attempt),
        }
    }

    /// An attempt failed: it is tried again.
    pub(super) fn fail(&mut self, error: &str, attempt: Option<Attempt>) {
        let attempt = attempt.and_then(|attempt| self.shared.held.hold(attempt));
        self.retry.later(attempt);
        self.complain(State::Failing, error);
    }

    /// The guards did not accept the content.
    pub(super) fn reject(&mut self, error: &Error) {
        match error {
            Error::Rejected { guard, reason } => {
                self.reject_content(RejectedBy::Guard(*guard), reason);
            }
            // It was not judged, so it is read and judged again.
            _ => {
                self.fail(&format!("the content {}", error), None);
            }
        }
    }

    /// The content must not be written, and why.
    pub(super) fn reject_content(&mut self, by: RejectedBy, reason: &str) {
        self.node.count_rejection(by);
        let why = format!("the content is rejected: {reason}; the last file stays");
        self.leave_file(State::Rejected, &why);
    }

    /// The node holds a pointer that cannot be followed.
    pub(super) fn reject_pointer(&mut self, why: &str) {
        self.node.count_rejection(RejectedBy::Pointer);
        self.leave_file(State::Rejected, &format!("{why}; the last file stays"));
    }

    /// The file stays as it is, without a heartbeat.
    pub(super) fn leave_file(&mut self, state: State, why: &str) {
        if state != State::Rejected {
            // An outage affects all hosts, and they must not all apply the change when it ends.
            self.delay = None;
        }
        self.complain(state, why);
    }

    /// Records why the node is unhealthy, and logs it unless the same was logged a moment ago.
    pub(crate) fn complain(&mut self, state: State, error: &str) {
        self.confirmed = None;
        if !self.node.set_unhealthy(state, error) {
            return;
        }
        let (config, chroot) = (&self.node.config, &self.shared.chroot);
        let (name, path, dest) = (&config.name, &config.source, config.dest.display());
        if state == State::Kept {
            let source = &self.shared.source;
            info!(
                node = name, source = path, %dest, state = state.as_str(),
                "nodes.{name}: {path} does not exist in {source}; a file '{dest}' stays, without a heartbeat"
            );
        } else {
            warn!(
                node = name, source = path, %dest, state = state.as_str(), error,
                "nodes.{name}: {chroot}{path} -> '{dest}': {error}"
            );
        }
    }
}

/// A duration as a reader of log lines expects it.
fn shown(took: Duration) -> String {
    match took.as_secs_f64() {
        seconds if seconds >= 1.0 => format!("{seconds:.1} s"),
        seconds if seconds >= 0.001 => format!("{:.0} ms", seconds * 1_000.0),
        seconds => format!("{:.1} ms", seconds * 1_000.0),
    }
}

/// How long ago `mtime` was, in milliseconds since 1970; `None` if that is 0 or in the future.
fn since(mtime: i64) -> Option<Duration> {
    let mtime = u64::try_from(mtime).ok().filter(|mtime| *mtime > 0)?;
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH + Duration::from_millis(mtime)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_the_digits_that_matter() {
        let durations = [40, 900, 3_200, 999_400, 1_500_000, 12_340_000].map(Duration::from_micros);
        assert_eq!(durations.map(shown), ["0.0 ms", "0.9 ms", "3 ms", "999 ms", "1.5 s", "12.3 s"]);
    }
}
