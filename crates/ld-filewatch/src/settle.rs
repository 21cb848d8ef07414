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

/// A change found by polling, until it is stable.
pub(crate) struct Unsettled {
    seen: Seen,
    since: Instant,
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

    /// Whether a change that polling found has been stable since the look before, or has been waited for
    /// long enough.
    pub(crate) fn settled(&mut self, seen: Seen) -> bool {
        match &mut self.unsettled {
            Some(change) if change.seen == seen || change.since.elapsed() >= MAX_UNSETTLED => true,
            Some(change) => {
                change.seen = seen;
                false
            }
            None => {
                self.unsettled = Some(Unsettled { seen, since: Instant::now() });
                false
            }
        }
    }

    /// Records a look; true if the path was something else before.
    pub(crate) fn dealt_with(&mut self, seen: Seen) -> bool {
        self.unsettled = None;
        self.retry = false;
        self.seen.replace(seen) != Some(seen)
    }

    /// How long the file has been changing under every read.
    pub(crate) fn torn(&mut self, seen: Seen) -> Duration {
        self.unsettled.get_or_insert_with(|| Unsettled { seen, since: Instant::now() }).since.elapsed()
    }
}
