//! One watched file: look, decide, load, parse, publish.

use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use xxhash_rust::xxh3::xxh3_128_with_seed;

use crate::cell::Cell;
use crate::error::Error;
use crate::identity::{Identity, Seen};
use crate::limits::KEPT_BUFFER;
use crate::load::{self, LoadFailure, Read};
use crate::settle::{State, Verify};
use crate::sync::lock;
use crate::trigger::{Outcome, Trigger};

/// Told of each new error.
pub(crate) type OnError = Box<dyn Fn(&Error) + Send + Sync>;

/// The side of a watched file that loads.
pub(crate) struct Source<T> {
    pub(crate) max_size: u64,
    pub(crate) quiet: Duration,
    pub(crate) on_error: Option<OnError>,
    pub(crate) state: Mutex<State<T>>,
}

impl<T> Source<T> {
    /// Looks at the file and does what is needed. Only one thread at a time gets past the lock.
    pub(crate) fn check(&self, path: &Path, cell: &Cell<T>, trigger: Trigger) -> Outcome {
        let mut state = lock(&self.state);
        let seen = Seen::at(path);
        cell.set_checked();
        let changed = state.seen != Some(seen);
        let read = changed
            || state.retry
            || trigger.touched
            || trigger.reader
            || (trigger.poll && state.verify_due());
        if !read {
            state.unsettled = None;
            return Outcome::Same;
        }
        // After a quiet time, or where a link or a directory was switched, the last write is that old.
        let quiet = trigger.event && seen.is_older_than(self.quiet);
        let at_once = trigger.settled || quiet || trigger.reader || state.seen.is_none();
        if changed && !at_once && !state.settled(seen, self.quiet, Instant::now()) {
            return Outcome::Unsettled;
        }
        match seen {
            Seen::File(_) => self.load(path, cell, &mut state, trigger, seen),
            _ => match seen.error(path).filter(|_| changed) {
                Some(error) => self.reject(cell, &mut state, seen, error),
                None => Outcome::Same,
            },
        }
    }

    /// Whether the path still is what was last dealt with.
    pub(crate) fn is_current(&self, path: &Path) -> bool {
        lock(&self.state).seen == Some(Seen::at(path))
    }

    /// Whether the file's content changes without a change of `stat` and without events.
    pub(crate) fn is_virtual(&self) -> bool {
        lock(&self.state).is_virtual
    }

    fn load(
        &self,
        path: &Path,
        cell: &Cell<T>,
        state: &mut State<T>,
        trigger: Trigger,
        seen: Seen,
    ) -> Outcome {
        // Taken, not borrowed: a parser may build another watcher on this thread.
        let mut buffer = BUFFER.take();
        let outcome = match load::load(path, self.max_size, &mut buffer) {
            Ok(Read { identity, is_virtual }) => {
                state.is_virtual = is_virtual;
                let now = stable(path, seen, identity);
                if now == seen || trigger.reader {
                    self.accept(path, cell, state, trigger, (now, identity), &buffer)
                } else {
                    // Written to since the look that found it settled: that look counts for nothing.
                    state.settled(now, self.quiet, Instant::now());
                    Outcome::Unsettled
                }
            }
            Err(LoadFailure::Torn) => {
                state.retry = true;
                if state.torn(seen, self.quiet, Instant::now()) {
                    self.report(cell, Arc::new(Error::Unstable { path: path.to_path_buf() }), false);
                }
                Outcome::Unsettled
            }
            Err(LoadFailure::Transient(error)) => {
                let outcome = self.reject(cell, state, seen, error);
                state.retry = true;
                outcome
            }
            Err(LoadFailure::Lasting(error)) => self.reject(cell, state, seen, error),
        };
        if buffer.capacity() <= KEPT_BUFFER {
            BUFFER.set(buffer);
        }
        outcome
    }

    fn reject(&self, cell: &Cell<T>, state: &mut State<T>, seen: Seen, error: Error) -> Outcome {
        let changed = state.dealt_with(seen);
        self.report(cell, Arc::new(error), changed);
        if changed { Outcome::Changed } else { Outcome::Same }
    }

    fn accept(
        &self,
        path: &Path,
        cell: &Cell<T>,
        state: &mut State<T>,
        trigger: Trigger,
        (seen, identity): (Seen, Identity),
        bytes: &[u8],
    ) -> Outcome {
        let changed = state.dealt_with(seen);
        if changed {
            state.verify = Verify::NextPoll(Instant::now());
        }
        let outcome = if changed { Outcome::Changed } else { Outcome::Same };
        let hash = xxh3_128_with_seed(bytes, *SEED);
        if state.good == Some(hash) {
            cell.touch(identity.mtime());
            return outcome;
        }
        if let Some((_, error)) = state.bad.as_ref().filter(|(bad, _)| *bad == hash && !trigger.reader) {
            self.report(cell, Arc::clone(error), false);
            return outcome;
        }
        match catch_unwind(AssertUnwindSafe(|| (state.parser)(path, bytes))) {
            Ok(Ok(data)) => {
                state.good = Some(hash);
                state.bad = None;
                cell.publish(data, identity.mtime());
                if state.is_virtual {
                    // No event was lost: there are none.
                    return outcome;
                }
            }
            Ok(Err(error)) => self.parser_failed(cell, state, hash, error),
            Err(panic) => {
                let error =
                    Error::ParserPanicked { path: path.to_path_buf(), message: message(panic.as_ref()) };
                self.parser_failed(cell, state, hash, error);
            }
        }
        Outcome::Changed
    }

    fn parser_failed(&self, cell: &Cell<T>, state: &mut State<T>, hash: u128, error: Error) {
        let error = Arc::new(error);
        state.bad = Some((hash, Arc::clone(&error)));
        self.report(cell, error, true);
    }

    /// Keeps the error and tells the callback, once for each change of the file or of the error's text.
    fn report(&self, cell: &Cell<T>, error: Arc<Error>, changed: bool) {
        let known = cell.last_error().is_some_and(|last| last.to_string() == error.to_string());
        cell.fail(Arc::clone(&error));
        if let Some(on_error) = self.on_error.as_ref().filter(|_| changed || !known) {
            // A callback that panics must not end the thread that serves every other file.
            let _ = catch_unwind(AssertUnwindSafe(|| on_error(&error)));
        }
    }
}

/// What to compare the next look with, after the open file said `identity`.
///
/// On some network file systems `fstat` and `stat` of one file disagree for ever. If the path itself did
/// not change around the read, its own `stat` is the one to remember.
fn stable(path: &Path, before: Seen, identity: Identity) -> Seen {
    let read = Seen::File(identity);
    if before != read && Seen::at(path) == before { before } else { read }
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "no message".to_owned(),
    }
}

/// Drawn once for the process, so that nobody can prepare two contents that count as one.
static SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(std::process::id()));

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}
