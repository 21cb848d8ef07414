//! Judges one file: compares what was observed with what the ensemble held.

use std::time::Duration;

use super::violation::Violation;
use crate::nodes::{Content, History};

/// The greatest age of a heartbeat. The watcher allows 5 s for its round trip; the rest is for a
/// busy machine.
const HEARTBEAT_TOLERANCE: Duration = Duration::from_secs(6);
/// The same for a change while the watcher could not read the node. The server sends no event for
/// it, and the watcher reads the node before its heartbeats, but at most every 5 s.
const UNNOTIFIED_TOLERANCE: Duration = Duration::from_secs(11);
/// Limit for a file to converge after its last fault: 12 s after an outage, and slack for a busy
/// machine.
pub(crate) const CONVERGENCE_LIMIT: Duration = Duration::from_secs(20);

/// What the observer found at a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Observation {
    Missing,
    /// Something other than a regular file.
    Other,
    File(RegularFile),
}

/// A regular file with its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RegularFile {
    pub(crate) inode: u64,
    pub(crate) size: u64,
    /// By the wall clock, since the start of the run.
    pub(crate) mtime: Duration,
    pub(crate) content: Content,
}

/// The conditions of a file at the time of an observation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conditions {
    pub(crate) now: Duration,
    /// When the last fault of the file ended. `None` while one is in force.
    pub(crate) undisturbed_since: Option<Duration>,
    /// When the watcher resumed after a freeze. A heartbeat that began before may appear now.
    pub(crate) resumed_at: Option<Duration>,
    /// When the node was last unreadable for the watcher: from and until.
    pub(crate) unreadable: Option<(Duration, Duration)>,
    /// Whether the content of the ensemble may have rolled back.
    pub(crate) may_roll_back: bool,
    /// Whether the ensemble is empty. Then no file may be removed.
    pub(crate) ensemble_is_empty: bool,
}

/// The result of judging an observation.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) violations: Vec<(Violation, String)>,
    /// The version that appeared.
    pub(crate) applied: Option<u64>,
    pub(crate) heartbeat: bool,
    /// The file is right again, this long after its last fault.
    pub(crate) recovered: Option<Duration>,
}

/// Judges successive observations of one file.
#[derive(Debug)]
pub(crate) struct FileJudge {
    node: usize,
    /// What is meant for this file in the history.
    stream: usize,
    last: Observation,
    /// The newest place in the stream that was seen.
    newest: u64,
    /// Since when the file has held something that is not a version.
    invalid_since: Option<Duration>,
    /// Since when the file has not been right.
    wrong_since: Option<Duration>,
    reported: bool,
    /// The last document that was reported as not meant for this file.
    refused: Option<u64>,
}

impl FileJudge {
    /// The judge of a file of `node`, for which the history has `stream`.
    pub(crate) fn new(node: usize, stream: usize) -> Self {
        Self {
            node,
            stream,
            last: Observation::Missing,
            newest: 0,
            invalid_since: None,
            wrong_since: None,
            reported: false,
            refused: None,
        }
    }

    /// Whether the file was right at the last observation.
    pub(crate) fn is_right(&self) -> bool {
        self.wrong_since.is_none()
    }

    /// Judges an observation.
    pub(crate) fn observe(
        &mut self,
        seen: Observation,
        history: &History,
        conditions: Conditions,
    ) -> Finding {
        let mut finding = Finding::default();
        if conditions.may_roll_back {
            self.newest = 0;
        }
        if seen != self.last {
            self.change(&seen, history, conditions, &mut finding);
            self.last = seen;
        }
        finding.violations.extend(self.refusal(history));
        self.convergence(history, conditions, &mut finding);
        finding
    }

    fn change(
        &mut self,
        seen: &Observation,
        history: &History,
        conditions: Conditions,
        finding: &mut Finding,
    ) {
        match seen {
            Observation::Missing
                if conditions.ensemble_is_empty && matches!(self.last, Observation::File(_)) =>
            {
                let what = "removed while the ensemble was empty".to_owned();
                finding.violations.push((Violation::Emptied, what));
            }
            Observation::Missing | Observation::Other => {}
            Observation::File(file) => {
                match &self.last {
                    Observation::File(last) if last.is_touched_by(file) => {
                        finding.heartbeat = true;
                        finding.violations.extend(self.heartbeat(file, history, conditions));
                    }
                    _ => finding.violations.extend(self.content(file, history)),
                }
                if let Content::Whole { version, .. } = file.content {
                    finding.applied = Some(version);
                    self.newest = self.newest.max(history.place(self.stream, version, self.newest));
                }
            }
        }
    }

    fn content(&self, file: &RegularFile, history: &History) -> Option<(Violation, String)> {
        match &file.content {
            Content::Edited => None,
            Content::Torn(what) => Some((Violation::Torn, what.clone())),
            Content::Pointer => Some((Violation::Pointer, "holds the pointer itself".to_owned())),
            Content::Whole { node, .. } if *node != self.node => {
                Some((Violation::Torn, format!("holds content of n{node}, which is another node")))
            }
            // A write with an unknown outcome may take effect after a later one.
            Content::Whole { version, .. } if !history.has_unknown_outcome(self.stream, *version) => {
                let place = history.place(self.stream, *version, self.newest);
                let is_older = place > 0 && place < self.newest;
                is_older.then(|| {
                    let what = format!("version {version} again, after what came later");
                    let is_candidate = history.is_candidate(self.node, *version);
                    (if is_candidate { Violation::Candidate } else { Violation::Backwards }, what)
                })
            }
            Content::Whole { .. } => None,
        }
    }

    /// Whether the file holds what never was meant for it. That may be known only after it was
    /// seen: the start of a rollout decides for which hosts the candidate is.
    fn refusal(&mut self, history: &History) -> Option<(Violation, String)> {
        let Observation::File(RegularFile { content: Content::Whole { node, version }, .. }) = &self.last
        else {
            self.refused = None;
            return None;
        };
        if *node != self.node || history.was_written(self.stream, *version) {
            self.refused = None;
            return None;
        }
        if self.refused.replace(*version) == Some(*version) {
            return None;
        }
        Some(if history.is_candidate(self.node, *version) {
            (Violation::Candidate, format!("holds candidate {version}, which is not meant for this host"))
        } else {
            (
                Violation::Torn,
                format!("holds version {version} of n{node}, which was not written to this node"),
            )
        })
    }

    fn heartbeat(
        &self,
        file: &RegularFile,
        history: &History,
        conditions: Conditions,
    ) -> Option<(Violation, String)> {
        let Content::Whole { version, .. } = file.content else {
            return Some((Violation::FalseHeartbeat, "on content that is not of the node".to_owned()));
        };
        let outdated = history.outdated_since(self.stream, version)?;
        let age = file.mtime.checked_sub(outdated)?;
        let was_frozen =
            conditions.resumed_at.is_some_and(|resumed_at| file.mtime < resumed_at + HEARTBEAT_TOLERANCE);
        let is_unnotified =
            conditions.unreadable.is_some_and(|(from, until)| (from..until).contains(&outdated));
        let tolerance = if is_unnotified { UNNOTIFIED_TOLERANCE } else { HEARTBEAT_TOLERANCE };
        (age > tolerance && !was_frozen).then(|| {
            let what = format!("on version {version}, outdated for {:.1} s", age.as_secs_f64());
            (Violation::FalseHeartbeat, what)
        })
    }

    fn convergence(&mut self, history: &History, conditions: Conditions, finding: &mut Finding) {
        let version = match &self.last {
            Observation::File(RegularFile { content: Content::Whole { version, .. }, .. }) => Some(*version),
            Observation::Missing => Some(history.last_deletion(self.stream)),
            Observation::File(_) | Observation::Other => None,
        };
        let wrong_since = match version {
            Some(version) => {
                self.invalid_since = None;
                history.outdated_since(self.stream, version)
            }
            None => Some(*self.invalid_since.get_or_insert(conditions.now)),
        };
        let delay =
            |since: Duration| Some(conditions.now.saturating_sub(since.max(conditions.undisturbed_since?)));
        match wrong_since {
            Some(since) if !self.reported => {
                if let Some(delay) = delay(since).filter(|delay| *delay > CONVERGENCE_LIMIT) {
                    self.reported = true;
                    let what = format!("{} for {:.1} s", self.describe(), delay.as_secs_f64());
                    finding.violations.push((Violation::Lost, what));
                }
            }
            Some(_) => {}
            None => {
                finding.recovered = self.wrong_since.and_then(delay);
                self.reported = false;
            }
        }
        self.wrong_since = wrong_since;
    }

    /// The state of the file, for a message.
    fn describe(&self) -> String {
        match &self.last {
            Observation::Missing => "missing".to_owned(),
            Observation::Other => "not a regular file".to_owned(),
            Observation::File(file) => match &file.content {
                Content::Whole { version, .. } => format!("still at version {version}"),
                Content::Edited => "still as edited by hand".to_owned(),
                Content::Torn(what) => what.clone(),
                Content::Pointer => "still the pointer itself".to_owned(),
            },
        }
    }
}

impl RegularFile {
    /// Whether only the mtime differs.
    fn is_touched_by(&self, other: &Self) -> bool {
        self.mtime != other.mtime
            && (self.inode, self.size, &self.content) == (other.inode, other.size, &other.content)
    }
}
