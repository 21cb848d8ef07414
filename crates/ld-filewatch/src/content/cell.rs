//! The published content of one file: written by one thread at a time, read without a lock.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwapOption;

use crate::content::published::Loaded;
use crate::content::signal::Signal;
use crate::error::Error;
use crate::sync::lock;

/// The last good content, the last error, and when both came.
pub(crate) struct Cell<T> {
    /// The one published pointer: every read and every subscriber takes the content from here.
    pub(crate) current: ArcSwapOption<Loaded<T>>,
    pub(crate) signal: Arc<Signal>,
    error: Mutex<Option<Arc<Error>>>,
    checked: Moment,
    loaded: Moment,
}

impl<T> Cell<T> {
    pub(crate) fn new() -> Self {
        Self {
            current: ArcSwapOption::empty(),
            signal: Arc::default(),
            error: Mutex::new(None),
            checked: Moment::default(),
            loaded: Moment::default(),
        }
    }

    /// Publishes new content, then wakes all that wait for it. Returns its version; `None` after
    /// the end of the publishing.
    pub(crate) fn publish(&self, data: T, mtime: SystemTime) -> Option<u64> {
        let version = self.version() + 1;
        self.loaded.set_now();
        self.clear_error();
        let loaded = Loaded { data: Arc::new(data), mtime, version };
        let former = self.signal.unless_closed(|| {
            self.signal.newest.store(version, Ordering::Release);
            self.current.swap(Some(Arc::new(loaded)))
        })?;
        self.signal.waiters.wake_all();
        // The application's `Drop` may panic; the new content is published all the same.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(former)));
        Some(version)
    }

    /// Publishes the same content with another modification time; wakes nothing. True if that ended
    /// an error.
    pub(crate) fn touch(&self, mtime: SystemTime) -> bool {
        let restored = self.clear_error();
        if let Some(now) = self.current.load_full().filter(|now| now.mtime != mtime) {
            let touched = Loaded { data: Arc::clone(&now.data), mtime, version: now.version };
            self.signal.unless_closed(|| self.current.store(Some(Arc::new(touched))));
        }
        restored
    }

    /// The version of the content; 0 before the first good load.
    pub(crate) fn version(&self) -> u64 {
        self.current.load().as_ref().map_or(0, |loaded| loaded.version)
    }

    /// Keeps the error until the next good load. The content stays.
    pub(crate) fn fail(&self, error: Arc<Error>) {
        let former = lock(&self.error).replace(error);
        drop(former);
    }

    fn clear_error(&self) -> bool {
        let former = lock(&self.error).take();
        former.is_some()
    }

    pub(crate) fn last_error(&self) -> Option<Arc<Error>> {
        lock(&self.error).clone()
    }

    pub(crate) fn not_available(&self, path: &Path) -> Error {
        if self.signal.is_closed() {
            return Error::Closed { path: path.to_path_buf() };
        }
        Error::NotAvailable { path: path.to_path_buf(), cause: self.last_error() }
    }

    pub(crate) fn set_checked(&self) {
        self.checked.set_now();
    }

    pub(crate) fn last_checked(&self) -> Option<SystemTime> {
        self.checked.get()
    }

    pub(crate) fn last_loaded(&self) -> Option<SystemTime> {
        self.loaded.get()
    }
}

/// A point in time to the microsecond that threads can share; none at first.
#[derive(Default)]
struct Moment(AtomicU64);

impl Moment {
    fn set_now(&self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.0.store(u64::try_from(now.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn get(&self) -> Option<SystemTime> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            micros => UNIX_EPOCH.checked_add(Duration::from_micros(micros)),
        }
    }
}
