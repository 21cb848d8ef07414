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
    /// The content changes without a change of `stat`: it is read at each poll.
    pub(crate) is_virtual: bool,
}

/// A change that was found and not dealt with yet, until it is stable.
///
/// Only time in which the path was looked at counts. Whoever is kept from running, with its machine or by a limit of CPU, would
/// otherwise take the first look afterwards for the end of a long wait, and that look may find a writer in the middle.
pub(crate) struct Unsettled {
    seen: Seen,
    /// The last look.
    looked: Instant,
    /// How long the path has been this.
    stable: Duration,
    /// How long it has been changing.
    waited: Duration,
}

/// A look that follows the last one after more than so many quiet times was held up.
const HELD_UP: u32 = 2;

impl Unsettled {
    fn new(seen: Seen, now: Instant) -> Self {
        Self { seen, looked: now, stable: Duration::ZERO, waited: Duration::ZERO }
    }

    fn look(&mut self, seen: Seen, quiet: Duration, now: Instant) {
        let gap = now.saturating_duration_since(self.looked);
        let most = quiet * HELD_UP;
        self.looked = now;
        self.waited += gap.min(most);
        self.stable = if self.seen != seen {
            Duration::ZERO
        } else if gap > most {
            // The writer may have been held up as well: one more look has to agree.
            self.stable + quiet / 2
        } else {
            self.stable + gap
        };
        self.seen = seen;
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
        Self {
            parser,
            seen: None,
            retry: true,
            good: None,
            bad: None,
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

    /// Whether a change has been stable for the quiet time, or has been waited for long enough. Looks may follow each
    /// other at once, as when the directories above are moved: that two of them agree says nothing by itself.
    pub(crate) fn settled(&mut self, seen: Seen, quiet: Duration, now: Instant) -> bool {
        let change = self.look(seen, quiet, now);
        change.stable >= quiet || change.waited >= MAX_UNSETTLED
    }

    /// Whether the file has been changing under every read for as long as anybody waits.
    pub(crate) fn torn(&mut self, seen: Seen, quiet: Duration, now: Instant) -> bool {
        self.look(seen, quiet, now).waited >= MAX_UNSETTLED
    }

    fn look(&mut self, seen: Seen, quiet: Duration, now: Instant) -> &Unsettled {
        let change = self.unsettled.get_or_insert_with(|| Unsettled::new(seen, now));
        change.look(seen, quiet, now);
        change
    }

    /// Records a look; true if the path was something else before.
    pub(crate) fn dealt_with(&mut self, seen: Seen) -> bool {
        self.unsettled = None;
        self.retry = false;
        self.seen.replace(seen) != Some(seen)
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
        let (mut state, quiet, start) = (state(), MAX_UNSETTLED / 4, Instant::now());
        let looks = [NEW, OLD, NEW, OLD, NEW].into_iter().zip(0..);
        let settled: Vec<_> =
            looks.map(|(seen, look)| state.settled(seen, quiet, start + quiet * look)).collect();
        assert_eq!(settled, [false, false, false, false, true]);
    }

    #[test]
    fn time_in_which_nobody_looked_is_no_wait() {
        let (mut state, quiet, now) = (state(), MAX_UNSETTLED / 10, Instant::now());
        assert!(!state.settled(OLD, quiet, now));
        let resumed = now + MAX_UNSETTLED * 10;
        assert!(!state.settled(NEW, quiet, resumed), "somebody is writing right now");
        assert!(state.settled(NEW, quiet, resumed + quiet));
    }

    #[test]
    fn a_look_after_a_pause_needs_another_one_that_agrees() {
        let (mut state, quiet, now) = (state(), MAX_UNSETTLED / 10, Instant::now());
        assert!(!state.settled(NEW, quiet, now));
        let resumed = now + MAX_UNSETTLED * 10;
        assert!(!state.settled(NEW, quiet, resumed), "the writer may have paused as well");
        assert!(state.settled(NEW, quiet, resumed + quiet));
    }

    #[test]
    fn who_is_always_held_up_reads_in_the_end_what_is_stable_and_what_is_not() {
        let (mut state, quiet, mut now) = (state(), MAX_UNSETTLED / 10, Instant::now());
        let mut settled_after = |look: fn(usize) -> Seen| {
            state.unsettled = None;
            (0..100).position(|number| {
                now += quiet * 5;
                state.settled(look(number), quiet, now)
            })
        };
        assert_eq!(settled_after(|_| NEW), Some(2));
        assert_eq!(settled_after(|number| if number % 2 == 0 { OLD } else { NEW }), Some(5));
    }
}
