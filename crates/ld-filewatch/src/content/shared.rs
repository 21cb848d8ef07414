//! The state that all handles of one watcher share.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};

use crate::check::source::Source;
use crate::check::trigger::{Outcome, Trigger};
use crate::content::cell::{Cell, Loaded};
use crate::error::Error;
use crate::hub::{Registration, Timing, Watched};
use crate::status::Mode;
use crate::sync::lock;

pub(crate) struct Shared<T> {
    pub(crate) cell: Cell<T>,
    pub(crate) path: Arc<Path>,
    mode: Mutex<Mode>,
    /// Events were asked for and are not available at present.
    without_events: AtomicBool,
    source: Option<Source<T>>,
    registration: OnceLock<Registration>,
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
            registration: OnceLock::new(),
        })
    }

    pub(crate) fn mode(&self) -> Mode {
        lock(&self.mode).clone()
    }

    /// Waits for the first good load.
    pub(crate) fn wait_available(&self, timeout: Duration) -> Result<(), Error> {
        let deadline = Instant::now().checked_add(timeout);
        self.cell.wait_newer(0, deadline).map(drop).ok_or_else(|| Error::TimedOut {
            path: self.path.to_path_buf(),
            timeout,
            cause: self.cell.last_error(),
        })
    }
}

impl<T: Send + Sync + 'static> Shared<T> {
    /// Starts to watch, and checks the file once in the calling thread.
    pub(crate) fn watch(path: PathBuf, source: Source<T>, timing: Timing) -> Result<Arc<Self>, Error> {
        let path: Arc<Path> = path.into();
        let shared = Arc::new(Self {
            cell: Cell::new(),
            path: Arc::clone(&path),
            mode: Mutex::new(Mode::Polling { reason: "events are switched off".into() }),
            without_events: AtomicBool::new(false),
            source: Some(source),
            registration: OnceLock::new(),
        });
        let weak: Weak<dyn Watched> = Arc::<Self>::downgrade(&shared);
        let registration = Registration::new(weak, timing)
            .map_err(|source| Error::NoThread { path: path.to_path_buf(), source })?;
        let registration = shared.registration.get_or_init(|| registration);
        registration.check_first(&*shared);
        Ok(shared)
    }

    /// The content; before the first good load the file is checked once more, as baseplate.py does.
    #[cold]
    pub(crate) fn first(&self) -> Result<Arc<Loaded<T>>, Error> {
        if let Some(registration) = self.registration.get() {
            registration.check_now(self, Trigger { reader: true, ..Trigger::default() });
        }
        self.cell.current.load_full().ok_or_else(|| self.cell.not_available(&self.path))
    }

    pub(crate) fn load(&self) -> Result<Arc<Loaded<T>>, Error> {
        self.cell.current.load_full().map_or_else(|| self.first(), Ok)
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
