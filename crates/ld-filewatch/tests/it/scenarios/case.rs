//! One watcher in one scenario.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ld_filewatch::{Builder, FileWatcher, Mode};

use crate::kit::eventually;
use crate::payload::{number, payload};

/// How changes are noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    EventsOnly,
    PollAlone,
    Both,
}

/// Long enough that on a busy machine the test's own pauses are shorter.
pub(crate) const QUIET: Duration = Duration::from_millis(100);

/// A watcher of a [`payload`] that counts what it parses.
pub(crate) struct Case {
    how: How,
    watcher: FileWatcher<u64>,
    parsed: Arc<AtomicUsize>,
    torn: Arc<AtomicUsize>,
}

impl Case {
    pub(crate) fn new(how: How, path: &Path) -> Self {
        Self::with(how, path, |builder| builder)
    }

    pub(crate) fn with(how: How, path: &Path, options: impl FnOnce(Builder<u64>) -> Builder<u64>) -> Self {
        let builder = FileWatcher::builder(path).quiet_time(QUIET);
        let builder = match how {
            How::EventsOnly => builder.poll_interval(Duration::MAX),
            How::PollAlone => builder.events(false).poll_interval(Duration::from_millis(20)),
            How::Both => builder.poll_interval(Duration::from_millis(20)),
        };
        let (parsed, torn) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counters = (Arc::clone(&parsed), Arc::clone(&torn));
        let watcher = options(builder)
            .build(move |bytes| {
                counters.0.fetch_add(1, Ordering::Relaxed);
                assert!(bytes != b"panic", "asked to");
                if bytes == b"bad" {
                    return Err("asked to be bad".into());
                }
                number(bytes).ok_or_else(|| {
                    counters.1.fetch_add(1, Ordering::Relaxed);
                    "torn".into()
                })
            })
            .expect("a watcher");
        Self { how, watcher, parsed, torn }
    }

    pub(crate) fn watcher(&self) -> &FileWatcher<u64> {
        &self.watcher
    }

    pub(crate) fn parsed(&self) -> usize {
        self.parsed.load(Ordering::Relaxed)
    }

    pub(crate) fn torn(&self) -> usize {
        self.torn.load(Ordering::Relaxed)
    }

    /// Waits until reads return the number, and no error is left.
    #[track_caller]
    pub(crate) fn shows(&self, expected: u64) {
        let shown = || self.watcher.get().is_ok_and(|number| *number == expected);
        eventually(&format!("{expected} in {self:?}"), || shown() && self.watcher.last_error().is_none());
    }

    /// Waits for an error with this text; reads still return the number.
    #[track_caller]
    pub(crate) fn fails(&self, text: &str, number: u64) {
        let failed = || self.watcher.last_error().is_some_and(|error| error.to_string().contains(text));
        eventually(&format!("an error with {text:?} in {self:?}"), failed);
        assert_eq!(*self.watcher.get().expect("the last good content"), number);
    }

    /// Checks that nothing was torn and that events are in use where they should be.
    #[track_caller]
    pub(crate) fn ends_well(self) {
        let (torn, stalled) = (self.torn(), STALLED.load(Ordering::Relaxed));
        assert!(torn <= stalled, "{torn} contents were read torn, {stalled} writes were delayed");
        if self.how != How::PollAlone {
            eventually("events", || self.watcher.status().mode == Mode::Events);
        }
    }
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}, {:?}", self.how, self.watcher)
    }
}

/// Writes in place that the system delayed. They count as a writer that pauses, so the file may
/// have been read half-written.
static STALLED: AtomicUsize = AtomicUsize::new(0);

/// Writes a number in place.
pub(crate) fn write(path: &Path, number: u64) {
    let start = Instant::now();
    std::fs::write(path, payload(number)).expect("write");
    if start.elapsed() > QUIET / 2 {
        STALLED.fetch_add(1, Ordering::Relaxed);
    }
}

/// Renames a number into place.
pub(crate) fn replace(path: &Path, number: u64) {
    crate::kit::replace(path, payload(number));
}
