//! The judgement on one file: what was seen of it, against what the ensemble held.

use std::time::Duration;

use super::document::Content;
use super::ledger::Ledger;
use super::verdict::Violation;

/// A heartbeat may be this old when it shows: the watcher gives its round trip 5 s, and the machine is busy.
pub(super) const TOLERANCE: Duration = Duration::from_secs(6);
/// The same for a change that came while the watcher might not read the node: the server tells nobody of it, and the watcher
/// looks for itself before its heartbeats, but at most every 5 s.
pub(super) const UNTOLD: Duration = Duration::from_secs(11);
/// A file must be right this long after nothing is in its way any more: 12 s after an outage, and slack for a busy machine.
pub(super) const BOUND: Duration = Duration::from_secs(20);

/// What stands at a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    Missing,
    /// Something that is no regular file.
    Other,
    File(Sight),
}

/// A regular file, read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sight {
    pub(super) inode: u64,
    pub(super) size: u64,
    /// Since the start of the run, by the wall clock.
    pub(super) mtime: Duration,
    pub(super) content: Content,
}

/// What the world around the file is like at the moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Circumstances {
    pub(super) now: Duration,
    /// Since when nothing has been in the way of this file; `None` while something is.
    pub(super) undisturbed: Option<Duration>,
    /// The watcher stood still until then: a heartbeat that it had begun before may show now.
    pub(super) thawed: Option<Duration>,
    /// When the watcher might not read the node the last time, from and until.
    pub(super) unreadable: Option<(Duration, Duration)>,
    /// What the ensemble holds may have gone back.
    pub(super) may_go_back: bool,
    /// The ensemble is empty: no file may be removed.
    pub(super) void: bool,
}

/// What a look at the file told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) violations: Vec<(Violation, String)>,
    /// The version that has just appeared.
    pub(super) applied: Option<u64>,
    pub(super) heartbeat: bool,
    /// The file is right again, so long after nothing was in its way any more.
    pub(super) healed: Option<Duration>,
}

/// The memory of one file.
#[derive(Debug)]
pub(super) struct Judge {
    node: usize,
    last: Seen,
    newest: u64,
    /// Since when the file has held what no version ever was.
    wrong_since: Option<Duration>,
    owed: Option<Duration>,
    reported: bool,
}

impl Judge {
    pub(super) fn new(node: usize) -> Self {
        Self { node, last: Seen::Missing, newest: 0, wrong_since: None, owed: None, reported: false }
    }

    /// Whether the file was right at the last look.
    pub(super) fn is_right(&self) -> bool {
        self.owed.is_none()
    }

    /// Judges what is there now.
    pub(super) fn look(&mut self, seen: Seen, ledger: &Ledger, world: Circumstances) -> Finding {
        let mut finding = Finding::default();
        if world.may_go_back {
            self.newest = 0;
        }
        if seen != self.last {
            self.change(&seen, ledger, world, &mut finding);
            self.last = seen;
        }
        self.convergence(ledger, world, &mut finding);
        finding
    }

    fn change(&mut self, seen: &Seen, ledger: &Ledger, world: Circumstances, finding: &mut Finding) {
        match seen {
            Seen::Missing if world.void && matches!(self.last, Seen::File(_)) => {
                let what = "removed while the ensemble was empty".to_owned();
                finding.violations.push((Violation::Emptied, what));
            }
            Seen::Missing | Seen::Other => {}
            Seen::File(sight) => {
                match &self.last {
                    Seen::File(last) if last.is_touched_by(sight) => {
                        finding.heartbeat = true;
                        finding.violations.extend(self.heartbeat(sight, ledger, world));
                    }
                    _ => finding.violations.extend(self.content(sight, ledger)),
                }
                if let Content::Whole { version, .. } = sight.content {
                    finding.applied = Some(version);
                    self.newest = self.newest.max(version);
                }
            }
        }
    }

    fn content(&self, sight: &Sight, ledger: &Ledger) -> Option<(Violation, String)> {
        match &sight.content {
            Content::Edited => None,
            Content::Torn(what) => Some((Violation::Torn, what.clone())),
            Content::Whole { node, version } if *node != self.node || !ledger.knows(*node, *version) => Some(
                (Violation::Torn, format!("holds version {version} of n{node}, which nobody wrote here")),
            ),
            // A write whose answer was lost may have come after a later one: then the ensemble went back, not the file.
            Content::Whole { version, .. }
                if *version < self.newest && !ledger.is_doubtful(self.node, *version) =>
            {
                Some((Violation::Backwards, format!("from version {} to {version}", self.newest)))
            }
            Content::Whole { .. } => None,
        }
    }

    fn heartbeat(&self, sight: &Sight, ledger: &Ledger, world: Circumstances) -> Option<(Violation, String)> {
        let Content::Whole { version, .. } = sight.content else {
            return Some((Violation::FalseHeartbeat, "on content that is not the node's".to_owned()));
        };
        let outdated = ledger.outdated_since(self.node, version)?;
        let age = sight.mtime.checked_sub(outdated)?;
        let stood_still = world.thawed.is_some_and(|thawed| sight.mtime < thawed + TOLERANCE);
        let untold = world.unreadable.is_some_and(|(from, until)| (from..until).contains(&outdated));
        let tolerance = if untold { UNTOLD } else { TOLERANCE };
        (age > tolerance && !stood_still).then(|| {
            let what = format!("on version {version}, out of date for {:.1} s", age.as_secs_f64());
            (Violation::FalseHeartbeat, what)
        })
    }

    fn convergence(&mut self, ledger: &Ledger, world: Circumstances, finding: &mut Finding) {
        let version = match &self.last {
            Seen::File(Sight { content: Content::Whole { version, .. }, .. }) => Some(*version),
            Seen::Missing => Some(ledger.last_deletion(self.node)),
            Seen::File(_) | Seen::Other => None,
        };
        let owed = match version {
            Some(version) => {
                self.wrong_since = None;
                ledger.outdated_since(self.node, version)
            }
            None => Some(*self.wrong_since.get_or_insert(world.now)),
        };
        let late = |owed: Duration| Some(world.now.saturating_sub(owed.max(world.undisturbed?)));
        match owed {
            Some(owed) if !self.reported => {
                if let Some(late) = late(owed).filter(|late| *late > BOUND) {
                    self.reported = true;
                    let what = format!("{} for {:.1} s", self.describe(), late.as_secs_f64());
                    finding.violations.push((Violation::Lost, what));
                }
            }
            Some(_) => {}
            None => {
                finding.healed = self.owed.and_then(late);
                self.reported = false;
            }
        }
        self.owed = owed;
    }

    /// What the file holds, for people.
    pub(super) fn describe(&self) -> String {
        match &self.last {
            Seen::Missing => "missing".to_owned(),
            Seen::Other => "no regular file".to_owned(),
            Seen::File(sight) => match &sight.content {
                Content::Whole { version, .. } => format!("still at version {version}"),
                Content::Edited => "still as edited by hand".to_owned(),
                Content::Torn(what) => what.clone(),
            },
        }
    }
}

impl Sight {
    /// Whether only the mtime differs.
    fn is_touched_by(&self, other: &Self) -> bool {
        self.mtime != other.mtime
            && (self.inode, self.size, &self.content) == (other.inode, other.size, &other.content)
    }
}

#[cfg(test)]
mod tests;
