//! One watched file or directory: check, load, parse, publish.

use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant, SystemTime};

use crate::check::settle::{State, Verify};
use crate::check::trigger::{Outcome, Trigger};
use crate::content::cell::Cell;
use crate::disk::file::LoadFailure;
use crate::disk::filter::Filter;
use crate::disk::input::Input;
use crate::disk::seen::Seen;
use crate::disk::target::{Read, Target};
use crate::error::Error;
use crate::limits::KEPT_BUFFER;
use crate::log;
use crate::parse::parser;
use crate::sync::lock;

/// Called with each new error.
pub(crate) type OnError = Box<dyn Fn(&Error) + Send + Sync>;

/// The loading side of a watched file.
pub(crate) struct Source<T> {
    pub(crate) target: Target,
    /// A read without content checks the file in the calling thread.
    pub(crate) load_on_read: bool,
    pub(crate) max_size: u64,
    pub(crate) quiet: Duration,
    pub(crate) on_error: Option<OnError>,
    pub(crate) state: Mutex<State<T>>,
}

impl<T> Source<T> {
    /// Compares the file with what is known of it, and loads it if needed. One thread at a time.
    pub(crate) fn check(&self, path: &Path, cell: &Cell<T>, mut trigger: Trigger) -> Outcome {
        let mut state = lock(&self.state);
        let seen = self.target.seen(path);
        cell.set_checked();
        let changed = state.seen != Some(seen);
        trigger.reader &= changed || state.reparse_due(Instant::now());
        let read = changed
            || state.retry
            || trigger.touched
            || trigger.reader
            || (trigger.poll && state.verify_due());
        if !read {
            state.unsettled = None;
            return Outcome::Same;
        }
        // After a quiet time, or where a link or a directory was switched, the last write is that
        // old.
        let quiet = trigger.event && seen.is_older_than(self.quiet);
        let at_once = trigger.settled || quiet || trigger.reader || state.seen.is_none();
        if changed && !at_once && !state.settled(seen, self.quiet, Instant::now()) {
            return Outcome::Unsettled;
        }
        match seen {
            Seen::File(_) | Seen::Directory(_) => self.load(path, cell, &mut state, trigger, seen),
            _ => match seen.error(path).filter(|_| changed) {
                Some(error) => self.reject(cell, &mut state, seen, error),
                None => Outcome::Same,
            },
        }
    }

    /// Whether the path still is what was last recorded.
    pub(crate) fn is_current(&self, path: &Path) -> bool {
        lock(&self.state).seen == Some(self.target.seen(path))
    }

    /// Which files are watched, if it is a directory.
    pub(crate) fn tree(&self) -> Option<&Filter> {
        match &self.target {
            Target::File => None,
            Target::Directory(filter) => Some(filter),
        }
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
        let mut input = INPUT.replace(Input::new());
        let outcome = match self.target.load(path, self.max_size, seen, &mut input) {
            Ok(Read { seen: now, is_virtual }) => {
                state.is_virtual = is_virtual;
                if now == seen || trigger.reader {
                    self.accept(path, cell, state, trigger, now, &input)
                } else {
                    // Written to since `seen` was found settled, so it has to settle again.
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
        if input.bytes.capacity() <= KEPT_BUFFER {
            INPUT.set(input);
        }
        outcome
    }

    fn reject(&self, cell: &Cell<T>, state: &mut State<T>, seen: Seen, error: Error) -> Outcome {
        let changed = state.record(seen);
        self.report(cell, Arc::new(error), false);
        if changed { Outcome::Changed } else { Outcome::Same }
    }

    fn accept(
        &self,
        path: &Path,
        cell: &Cell<T>,
        state: &mut State<T>,
        trigger: Trigger,
        seen: Seen,
        input: &Input,
    ) -> Outcome {
        let changed = state.record(seen);
        if changed {
            state.verify = Verify::NextPoll(Instant::now());
        }
        let outcome = if changed { Outcome::Changed } else { Outcome::Same };
        let mtime = seen.mtime().unwrap_or(SystemTime::UNIX_EPOCH);
        let hash = input.hash(*SEED);
        if state.published == Some(hash) {
            if cell.touch(mtime) {
                log::restored(path);
            }
            return outcome;
        }
        let known = state.rejected.as_ref().filter(|last| last.hash == hash && !trigger.reader);
        if let Some(rejected) = known {
            self.report(cell, Arc::clone(&rejected.error), false);
            return outcome;
        }
        let error = match parser::run(&mut state.parser, path, input) {
            Ok(data) => {
                state.published = Some(hash);
                state.rejected = None;
                let recovered = cell.last_error().is_some();
                if let Some(version) = cell.publish(data, mtime) {
                    log::loaded(path, version, recovered);
                }
                // A virtual file has no events, so a change without one means nothing.
                return if state.is_virtual { outcome } else { Outcome::Changed };
            }
            Err(error) => error,
        };
        let error = Arc::new(error);
        let new = state.reject(hash, Arc::clone(&error));
        self.report(cell, error, new);
        Outcome::Changed
    }

    /// Keeps the error, and reports it once: for `new` content, or if the reason is another one.
    fn report(&self, cell: &Cell<T>, error: Arc<Error>, new: bool) {
        let known = cell.last_error().is_some_and(|last| last.to_string() == error.to_string());
        cell.fail(Arc::clone(&error));
        if known && !new {
            return;
        }
        log::failed(&error);
        if let Some(on_error) = &self.on_error {
            // A callback that panics must not end the check.
            let _ = catch_unwind(AssertUnwindSafe(|| on_error(&error)));
        }
    }
}

/// Random for each process, so that two contents with one hash cannot be prepared.
static SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(std::process::id()));

thread_local! {
    static INPUT: RefCell<Input> = const { RefCell::new(Input::new()) };
}
