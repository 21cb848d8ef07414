//! The state that all handles of one watcher share.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use crate::check::source::Source;
use crate::check::trigger::{Outcome, Trigger};
use crate::content::cell::Cell;
use crate::content::published::{Current, Loaded, Published};
use crate::content::signal::Signal;
use crate::disk::filter::Filter;
use crate::error::Error;
use crate::hub::{Registration, Timing, Watched};
use crate::status::Mode;
use crate::sync::lock;

/// Why a file is polled that has never had events.
const WITHOUT_EVENTS: &str = match cfg!(target_os = "linux") {
    true => "events are switched off",
    false => "events are available on Linux only",
};

pub(crate) struct Shared<T> {
    pub(crate) cell: Cell<T>,
    pub(crate) path: Arc<Path>,
    mode: Mutex<Mode>,
    /// Events were asked for and are not available at present.
    without_events: AtomicBool,
    source: Option<Source<T>>,
    /// `None` without a file, before the first check and after the end.
    registration: Mutex<Option<Arc<Registration>>>,
}

impl<T> Shared<T> {
    /// Without a file behind it.
    pub(crate) fn detached(path: PathBuf) -> Arc<Self> {
        Arc::new(Self {
            cell: Cell::new(),
            path: path.into(),
            mode: Mutex::new(Mode::Fixed),
            without_events: AtomicBool::new(false),
            source: None,
            registration: Mutex::new(None),
        })
    }

    pub(crate) fn mode(&self) -> Mode {
        if self.cell.signal.is_closed() { Mode::Closed } else { lock(&self.mode).clone() }
    }

    /// Ends the watching, and says so to all that wait.
    pub(crate) fn close(&self) {
        self.cell.signal.close();
        let registration = lock(&self.registration).take();
        // Dropped without the lock: it takes those of the hub.
        drop(registration);
    }
}

impl<T: Send + Sync + 'static> Shared<T> {
    /// Starts to watch, and checks the file once in the calling thread.
    pub(crate) fn watch(path: PathBuf, source: Source<T>, timing: Timing) -> Result<Arc<Self>, Error> {
        let path: Arc<Path> = path.into();
        let shared = Arc::new(Self {
            cell: Cell::new(),
            path: Arc::clone(&path),
            mode: Mutex::new(Mode::Polling { reason: WITHOUT_EVENTS.into() }),
            without_events: AtomicBool::new(false),
            source: Some(source),
            registration: Mutex::new(None),
        });
        let weak: Weak<dyn Watched> = Arc::<Self>::downgrade(&shared);
        let registration = Registration::new(weak, timing)
            .map_err(|source| Error::NoThread { path: path.to_path_buf(), source })?;
        let registration = Arc::new(registration);
        *lock(&shared.registration) = Some(Arc::clone(&registration));
        registration.check_first(&*shared);
        Ok(shared)
    }

    /// Waits for the first good load.
    pub(crate) fn wait_available(&self, timeout: Duration) -> Result<(), Error> {
        let deadline = Instant::now().checked_add(timeout);
        match self.wait_newer(0, deadline) {
            Some(_) => Ok(()),
            None if self.cell.signal.is_closed() => Err(self.cell.not_available(&self.path)),
            None => {
                Err(Error::TimedOut { path: self.path.to_path_buf(), timeout, cause: self.cell.last_error() })
            }
        }
    }
}

impl<T: Send + Sync + 'static> Published<T> for Shared<T> {
    fn path(&self) -> &Path {
        &self.path
    }

    fn signal(&self) -> &Arc<Signal> {
        &self.cell.signal
    }

    fn version(&self) -> u64 {
        self.cell.version()
    }

    fn current(&self) -> Current<T> {
        self.cell.current.load()
    }

    #[cold]
    fn first(&self) -> Result<Arc<Loaded<T>>, Error> {
        if self.source.as_ref().is_some_and(|source| source.load_on_read) {
            let registration = lock(&self.registration).clone();
            if let Some(registration) = registration {
                registration.check_now(self, Trigger { reader: true, ..Trigger::default() });
            }
        }
        self.cell.current.load_full().ok_or_else(|| self.cell.not_available(&self.path))
    }
}

impl<T: Send + Sync + 'static> Watched for Shared<T> {
    fn path(&self) -> &Path {
        &self.path
    }

    fn check(&self, trigger: Trigger) -> Outcome {
        self.source.as_ref().map_or(Outcome::Same, |source| source.check(&self.path, &self.cell, trigger))
    }

    fn is_current(&self) -> bool {
        self.source.as_ref().is_none_or(|source| source.is_current(&self.path))
    }

    fn tree(&self) -> Option<&Filter> {
        self.source.as_ref().and_then(Source::tree)
    }

    fn is_virtual(&self) -> bool {
        self.source.as_ref().is_some_and(Source::is_virtual)
    }

    fn wants_events_back(&self) -> bool {
        self.without_events.load(Ordering::Relaxed)
    }

    fn set_mode(&self, mode: Mode) {
        self.without_events.store(mode != Mode::Events, Ordering::Relaxed);
        let mut current = lock(&self.mode);
        if *current != mode {
            *current = mode;
        }
    }
}
