//! What is known of a file between two checks: its `stat`, the result of its content, and whether a
//! change of it has settled.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::disk::seen::Seen;
use crate::error::Error;
use crate::limits::{COARSEST_CLOCK, MAX_UNSETTLED, REPARSE_AFTER};
use crate::parse::parser::Parser;

/// One file's state; changed by one check at a time.
pub(crate) struct State<T> {
    pub(crate) parser: Parser<T>,
    /// What the path was at the last check that was recorded.
    pub(crate) seen: Option<Seen>,
    /// The last attempt failed in a way that may pass without a change of the file.
    pub(crate) retry: bool,
    /// Hash of the content that is published.
    pub(crate) published: Option<u128>,
    /// The last content that the parser rejected.
    pub(crate) rejected: Option<Rejected>,
    pub(crate) unsettled: Option<Unsettled>,
    pub(crate) verify: Verify,
    /// The content changes without a change of `stat`: it is read at each poll.
    pub(crate) is_virtual: bool,
}

/// Content that the parser rejected.
pub(crate) struct Rejected {
    pub(crate) hash: u128,
    pub(crate) error: Arc<Error>,
    /// When a read without content last had it parsed again.
    pub(crate) reparsed: Option<Instant>,
}

/// A change that was found and is not recorded yet, until it is stable.
///
/// Only time between regular checks counts. After a pause of the process (a debugger, a CPU limit,
/// a suspended machine) the first check would otherwise end a long wait, in the middle of a write.
pub(crate) struct Unsettled {
    seen: Seen,
    /// The last check.
    checked: Instant,
    /// How long the path has been this.
    stable: Duration,
    /// How long it has been changing.
    waited: Duration,
}

/// A check that follows the last one after more than this many quiet times means a pause.
const PAUSED: u32 = 2;

impl Unsettled {
    fn new(seen: Seen, now: Instant) -> Self {
        Self { seen, checked: now, stable: Duration::ZERO, waited: Duration::ZERO }
    }

    fn record(&mut self, seen: Seen, quiet: Duration, now: Instant) {
        let gap = now.saturating_duration_since(self.checked);
        let most = quiet * PAUSED;
        self.checked = now;
        self.waited += gap.min(most);
        self.stable = if self.seen != seen {
            Duration::ZERO
        } else if gap > most {
            // The writer may have been paused as well: one more check has to agree.
            self.stable + quiet / 2
        } else {
            self.stable + gap
        };
        self.seen = seen;
    }
}

/// Reads that polls still have to make, since a coarse file system clock may hide a change.
pub(crate) enum Verify {
    NextPoll(Instant),
    WhenOld(Instant),
    Done,
}

impl<T> State<T> {
    pub(crate) fn new(parser: Parser<T>) -> Self {
        Self {
            parser,
            seen: None,
            retry: true,
            published: None,
            rejected: None,
            unsettled: None,
            verify: Verify::Done,
            is_virtual: false,
        }
    }

    /// Whether a poll has to read the file although its `stat` is the same.
    pub(crate) fn verify_due(&mut self) -> bool {
        if self.is_virtual || matches!(self.seen, Some(Seen::File(identity)) if identity.size() == 0) {
            return true;
        }
        match self.verify {
            Verify::NextPoll(loaded) => {
                self.verify = Verify::WhenOld(loaded);
                true
            }
            Verify::WhenOld(loaded) if loaded.elapsed() >= COARSEST_CLOCK => {
                self.verify = Verify::Done;
                true
            }
            _ => false,
        }
    }

    /// Whether a read without content may have the same rejected content parsed again.
    pub(crate) fn reparse_due(&mut self, now: Instant) -> bool {
        let Some(rejected) = &mut self.rejected else { return true };
        if rejected.reparsed.is_some_and(|at| now < at + REPARSE_AFTER) {
            return false;
        }
        rejected.reparsed = Some(now);
        true
    }

    /// Records content that the parser rejected; true if it is not the content rejected last.
    pub(crate) fn reject(&mut self, hash: u128, error: Arc<Error>) -> bool {
        let same = self.rejected.take().filter(|last| last.hash == hash);
        let changed = same.is_none();
        self.rejected = Some(Rejected { hash, error, reparsed: same.and_then(|last| last.reparsed) });
        changed
    }

    /// Whether a change has been stable for the quiet time, or the wait has reached its limit.
    /// Checks may follow each other at once, so two that agree are not enough.
    pub(crate) fn settled(&mut self, seen: Seen, quiet: Duration, now: Instant) -> bool {
        let change = self.changing(seen, quiet, now);
        change.stable >= quiet || change.waited >= MAX_UNSETTLED
    }

    /// Whether the file has been changing under every read up to the limit.
    pub(crate) fn torn(&mut self, seen: Seen, quiet: Duration, now: Instant) -> bool {
        self.changing(seen, quiet, now).waited >= MAX_UNSETTLED
    }

    fn changing(&mut self, seen: Seen, quiet: Duration, now: Instant) -> &Unsettled {
        let change = self.unsettled.get_or_insert_with(|| Unsettled::new(seen, now));
        change.record(seen, quiet, now);
        change
    }

    /// Records a check; true if the path was something else before.
    pub(crate) fn record(&mut self, seen: Seen) -> bool {
        self.unsettled = None;
        self.retry = false;
        self.seen.replace(seen) != Some(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: Seen = Seen::Missing;
    const NEW: Seen = Seen::NotFile("a directory");

    fn state() -> State<()> {
        State::new(Box::new(|_, _| Ok(())))
    }

    #[test]
    fn two_checks_that_agree_at_once_do_not_settle() {
        let (mut state, quiet, now) = (state(), MAX_UNSETTLED / 2, Instant::now());
        assert!(!state.settled(NEW, quiet, now));
        assert!(!state.settled(NEW, quiet, now + quiet / 10));
    }

    #[test]
    fn a_change_settles_after_the_quiet_time_and_not_before() {
        let (mut state, quiet, now) = (state(), MAX_UNSETTLED / 4, Instant::now());
        assert!(!state.settled(OLD, quiet, now));
        assert!(!state.settled(NEW, quiet, now + quiet), "it has just changed again");
        assert!(state.settled(NEW, quiet, now + quiet * 2));
    }

    #[test]
    fn a_change_without_end_settles_at_the_limit() {
        let (mut state, quiet, start) = (state(), MAX_UNSETTLED / 4, Instant::now());
        let checks = [NEW, OLD, NEW, OLD, NEW].into_iter().zip(0..);
        let settled: Vec<_> =
            checks.map(|(seen, check)| state.settled(seen, quiet, start + quiet * check)).collect();
        assert_eq!(settled, [false, false, false, false, true]);
    }

    #[test]
    fn a_pause_of_the_process_is_not_quiet_time() {
        let (mut state, quiet, now) = (state(), MAX_UNSETTLED / 10, Instant::now());
        assert!(!state.settled(OLD, quiet, now));
        let resumed = now + MAX_UNSETTLED * 10;
        assert!(!state.settled(NEW, quiet, resumed), "a writer may be active right now");
        assert!(state.settled(NEW, quiet, resumed + quiet));
    }

    #[test]
    fn a_check_after_a_pause_needs_another_that_agrees() {
        let (mut state, quiet, now) = (state(), MAX_UNSETTLED / 10, Instant::now());
        assert!(!state.settled(NEW, quiet, now));
        let resumed = now + MAX_UNSETTLED * 10;
        assert!(!state.settled(NEW, quiet, resumed), "the writer may have paused as well");
        assert!(state.settled(NEW, quiet, resumed + quiet));
    }

    #[test]
    fn a_process_that_is_always_paused_settles_in_the_end() {
        let (mut state, quiet, mut now) = (state(), MAX_UNSETTLED / 10, Instant::now());
        let mut settled_after = |seen: fn(usize) -> Seen| {
            state.unsettled = None;
            (0..100).position(|number| {
                now += quiet * 5;
                state.settled(seen(number), quiet, now)
            })
        };
        assert_eq!(settled_after(|_| NEW), Some(2));
        assert_eq!(settled_after(|number| if number % 2 == 0 { OLD } else { NEW }), Some(5));
    }
}
