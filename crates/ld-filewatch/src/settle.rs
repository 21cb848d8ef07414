//! What is known of a file between two looks: what it was, what was made of it, and whether a change of it
//! has come to rest.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::identity::Seen;
use crate::limits::{COARSEST_CLOCK, MAX_UNSETTLED};

/// Turns a whole file into a value; the path is for its errors.
pub(crate) type Parser<T> = Box<dyn FnMut(&Path, &[u8]) -> Result<T, Error> + Send>;

/// One file's state; changed by one look at a time.
pub(crate) struct State<T> {
    pub(crate) parser: Parser<T>,
    /// What the path was at the last look that was dealt with.
    pub(crate) seen: Option<Seen>,
    /// The last attempt failed in a way that may pass without a change of the file.
    pub(crate) retry: bool,
    /// Hash of the content that is published.
    pub(crate) good: Option<u128>,
    /// Hash and error of the last content that the parser rejected.
    pub(crate) bad: Option<(u128, Arc<Error>)>,
    pub(crate) unsettled: Option<Unsettled>,
    pub(crate) verify: Verify,
}

/// A change that was found and not dealt with yet, until it is stable.
pub(crate) struct Unsettled {
    seen: Seen,
    /// When the path was first seen to be this.
    stable: Instant,
    /// When it was first seen to change.
    since: Instant,
}

impl Unsettled {
    fn new(seen: Seen, now: Instant) -> Self {
        Self { seen, stable: now, since: now }
    }
}

/// Reads that a poll still owes to file systems whose clocks are too coarse to show every change.
pub(crate) enum Verify {
    NextPoll(Instant),
    WhenOld(Instant),
    Done,
}

impl<T> State<T> {
    pub(crate) fn new(parser: Parser<T>) -> Self {
        Self { parser, seen: None, retry: true, good: None, bad: None, unsettled: None, verify: Verify::Done }
    }

    pub(crate) fn verify_due(&mut self) -> bool {
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

    /// Whether a change has been stable for the quiet time, or has been waited for long enough. Looks may follow each
    /// other at once, as when the directories above are moved: that two of them agree says nothing by itself.
    pub(crate) fn settled(&mut self, seen: Seen, quiet: Duration, now: Instant) -> bool {
        let change = self.unsettled.get_or_insert_with(|| Unsettled::new(seen, now));
        if change.seen != seen {
            change.seen = seen;
            change.stable = now;
        }
        now.duration_since(change.stable) >= quiet || now.duration_since(change.since) >= MAX_UNSETTLED
    }

    /// Records a look; true if the path was something else before.
    pub(crate) fn dealt_with(&mut self, seen: Seen) -> bool {
        self.unsettled = None;
        self.retry = false;
        self.seen.replace(seen) != Some(seen)
    }

    /// How long the file has been changing under every read.
    pub(crate) fn torn(&mut self, seen: Seen) -> Duration {
        self.unsettled.get_or_insert_with(|| Unsettled::new(seen, Instant::now())).since.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: Seen = Seen::Missing;
    const NEW: Seen = Seen::NotRegular("a directory");

    fn state() -> State<()> {
        State::new(Box::new(|_, _| Ok(())))
    }

    #[test]
    fn two_looks_in_a_row_that_agree_are_no_quiet_time() {
        let (mut state, quiet, now) = (state(), MAX_UNSETTLED / 2, Instant::now());
        assert!(!state.settled(NEW, quiet, now));
        assert!(!state.settled(NEW, quiet, now + quiet / 10));
    }

    #[test]
    fn a_change_that_lasts_for_the_quiet_time_is_stable_and_another_one_begins_anew() {
        let (mut state, quiet, now) = (state(), MAX_UNSETTLED / 4, Instant::now());
        assert!(!state.settled(OLD, quiet, now));
        assert!(!state.settled(NEW, quiet, now + quiet), "it has just become another");
        assert!(state.settled(NEW, quiet, now + quiet * 2));
    }

    #[test]
    fn a_change_that_goes_on_is_waited_for_no_longer_than_the_limit() {
        let (mut state, quiet, now) = (state(), MAX_UNSETTLED / 4, Instant::now());
        assert!(!state.settled(OLD, quiet, now));
        assert!(state.settled(NEW, quiet, now + MAX_UNSETTLED));
    }
}
