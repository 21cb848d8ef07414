//! The published content of one file: written by one loader at a time, read without a lock.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwapOption;

use crate::error::Error;
use crate::sync::lock;
use crate::waiters::Waiters;

/// One good load. The data has an `Arc` of its own, so that a heartbeat can replace only the time.
pub(crate) struct Loaded<T> {
    pub(crate) data: Arc<T>,
    pub(crate) mtime: SystemTime,
    pub(crate) version: u64,
}

/// The last good content, the last error, and who waits for more.
pub(crate) struct Cell<T> {
    /// What the hot paths read. The same content as in `current`, one dereference nearer.
    pub(crate) data: ArcSwapOption<T>,
    pub(crate) current: ArcSwapOption<Loaded<T>>,
    /// The version of `current`; 0 before the first good load. Stored after the content.
    pub(crate) version: AtomicU64,
    pub(crate) waiters: Waiters,
    error: Mutex<Option<Arc<Error>>>,
    checked: Moment,
    loaded: Moment,
}

impl<T> Cell<T> {
    pub(crate) fn new() -> Self {
        Self {
            data: ArcSwapOption::empty(),
            current: ArcSwapOption::empty(),
            version: AtomicU64::new(0),
            waiters: Waiters::default(),
            error: Mutex::new(None),
            checked: Moment::default(),
            loaded: Moment::default(),
        }
    }

    /// New content: visible to readers, then announced.
    pub(crate) fn publish(&self, data: T, mtime: SystemTime) {
        let version = self.version.load(Ordering::Relaxed) + 1;
        self.loaded.set_now();
        self.clear_error();
        let data = Arc::new(data);
        self.current.store(Some(Arc::new(Loaded { data: Arc::clone(&data), mtime, version })));
        self.data.store(Some(data));
        self.version.store(version, Ordering::Release);
        self.waiters.wake_all();
    }

    /// The same content with another modification time: nobody is woken.
    pub(crate) fn touch(&self, mtime: SystemTime) {
        self.clear_error();
        if let Some(now) = self.current.load_full().filter(|now| now.mtime != mtime) {
            let touched = Loaded { data: Arc::clone(&now.data), mtime, version: now.version };
            self.current.store(Some(Arc::new(touched)));
        }
    }

    /// Keeps the error until the next good load. The content stays.
    pub(crate) fn fail(&self, error: Arc<Error>) {
        *lock(&self.error) = Some(error);
    }

    pub(crate) fn clear_error(&self) {
        *lock(&self.error) = None;
    }

    pub(crate) fn last_error(&self) -> Option<Arc<Error>> {
        lock(&self.error).clone()
    }

    pub(crate) fn not_available(&self, path: &Path) -> Error {
        Error::NotAvailable { path: path.to_path_buf(), cause: self.last_error() }
    }

    /// Waits until there is content newer than `version`.
    pub(crate) fn wait_newer(&self, version: u64, deadline: Option<Instant>) -> Option<Arc<Loaded<T>>> {
        self.waiters.wait_until(deadline, || self.newer(version))
    }

    pub(crate) fn newer(&self, version: u64) -> Option<Arc<Loaded<T>>> {
        if self.version.load(Ordering::Acquire) == version {
            return None;
        }
        self.current.load_full().filter(|loaded| loaded.version > version)
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
