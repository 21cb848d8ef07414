//! The options of a watcher.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use crate::check::settle::{Parser, State};
use crate::check::source::{OnError, Source};
use crate::content::shared::Shared;
use crate::error::{BoxError, Error};
use crate::handle::watcher::FileWatcher;
use crate::hub::Timing;
use crate::limits::{DEFAULT_MAX_SIZE, DEFAULT_POLL_INTERVAL, DEFAULT_QUIET_TIME, MIN_POLL_INTERVAL};
use crate::parse::text::{Text, TextOptions};

impl FileWatcher<()> {
    /// Starts to describe a watcher of `path`. A relative path is resolved when the watcher is
    /// built, against the current directory.
    pub fn builder(path: impl Into<PathBuf>) -> Builder {
        Builder::new(path.into())
    }
}

/// Options of a watcher, from [`FileWatcher::builder`]; ends with [`build`](Self::build),
/// [`text`](Self::text) or, with the features of that name, `json` or `toml`.
///
/// The parser gets the whole file and may run in any thread, in one at a time. Slow parsers delay
/// only their own file, as long as no more than [`MAX_LOADERS`](crate::MAX_LOADERS) of them are
/// running. A panic of the parser counts as an error, except in a program that is built to abort on
/// panics.
#[must_use = "nothing is watched before `build`"]
pub struct Builder {
    path: PathBuf,
    timeout: Option<Duration>,
    max_size: u64,
    poll: Duration,
    quiet: Duration,
    events: bool,
    on_error: Option<OnError>,
}

impl Builder {
    fn new(path: PathBuf) -> Self {
        Self {
            path,
            timeout: None,
            max_size: DEFAULT_MAX_SIZE,
            poll: DEFAULT_POLL_INTERVAL,
            quiet: DEFAULT_QUIET_TIME,
            events: true,
            on_error: None,
        }
    }

    /// Blocks until the first good load, at most this long. By default the file is checked once,
    /// and building succeeds with or without content.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The largest file in bytes that is read; by default [`DEFAULT_MAX_SIZE`].
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.max_size = bytes;
        self
    }

    /// How often the file is compared with the content in memory, with or without events; by
    /// default [`DEFAULT_POLL_INTERVAL`], at least [`MIN_POLL_INTERVAL`].
    ///
    /// The poll notices mounts, changes by other hosts of a network file system, files of /proc and
    /// /sys, and changes without an event. `Duration::MAX` switches it off, except while events are
    /// not available.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll = interval;
        self
    }

    /// How long a writer that changes the file in place must pause before the file is read; by
    /// default [`DEFAULT_QUIET_TIME`]. A file that is renamed into place, or whose writer closes
    /// it, is read at once. If the writer never pauses, the file is read after
    /// [`MAX_UNSETTLED`](crate::MAX_UNSETTLED), or after this time if it is longer.
    pub fn quiet_time(mut self, quiet: Duration) -> Self {
        self.quiet = quiet;
        self
    }

    /// Whether to use inotify; by default true. Without it the poll alone notices changes. Use that
    /// for a network file system that may hang, since adding a watch there hangs too.
    pub fn events(mut self, events: bool) -> Self {
        self.events = events;
        self
    }

    /// Called once for each new reason why the file's content could not be loaded. Other content
    /// that the parser rejects counts as a new reason; a read never does. Runs in the loading
    /// thread: keep it short.
    pub fn on_error(mut self, on_error: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.on_error = Some(Box::new(on_error));
        self
    }

    /// Starts to watch. The parser gets the file's bytes; its error becomes the source of
    /// [`Error::Parse`].
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] if a [`timeout`](Self::timeout) is set and nothing good could be loaded,
    /// [`Error::InvalidOption`], [`Error::NoThread`].
    pub fn build<T, E, P>(self, mut parser: P) -> Result<FileWatcher<T>, Error>
    where
        T: Send + Sync + 'static,
        E: Into<BoxError>,
        P: FnMut(&[u8]) -> Result<T, E> + Send + 'static,
    {
        self.start(Box::new(move |path, bytes| parser(bytes).map_err(|error| rejected(path, error))))
    }

    /// Starts to watch a text file.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn text<T, E, P>(self, options: TextOptions, mut parser: P) -> Result<FileWatcher<T>, Error>
    where
        T: Send + Sync + 'static,
        E: Into<BoxError>,
        P: FnMut(&Text<'_>) -> Result<T, E> + Send + 'static,
    {
        self.start(Box::new(move |path, bytes| {
            let text = std::str::from_utf8(bytes).map_err(|error| Error::NotUtf8 {
                path: path.to_path_buf(),
                valid_up_to: error.valid_up_to(),
            })?;
            parser(&Text::new(text, options)).map_err(|error| rejected(path, error))
        }))
    }

    /// Starts to watch a JSON file.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    #[cfg(feature = "json")]
    pub fn json<T>(self) -> Result<FileWatcher<T>, Error>
    where
        T: serde::de::DeserializeOwned + Send + Sync + 'static,
    {
        self.build(|bytes| serde_json::from_slice(bytes))
    }

    /// Starts to watch a TOML file.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    #[cfg(feature = "toml")]
    pub fn toml<T>(self) -> Result<FileWatcher<T>, Error>
    where
        T: serde::de::DeserializeOwned + Send + Sync + 'static,
    {
        self.build(|bytes| toml::from_slice(bytes))
    }

    fn start<T: Send + Sync + 'static>(self, parser: Parser<T>) -> Result<FileWatcher<T>, Error> {
        let timing = self.timing()?;
        let path = std::path::absolute(&self.path)
            .map_err(|source| Error::Unreadable { path: self.path.clone(), source })?;
        let source = Source {
            max_size: self.max_size,
            quiet: timing.quiet,
            on_error: self.on_error,
            state: Mutex::new(State::new(parser)),
        };
        let shared = Shared::watch(path, source, timing)?;
        if let Some(timeout) = self.timeout {
            shared.wait_available(timeout)?;
        }
        Ok(FileWatcher::of(shared))
    }

    fn timing(&self) -> Result<Timing, Error> {
        let invalid = |reason| Err(Error::InvalidOption { path: self.path.clone(), reason });
        if self.path.as_os_str().is_empty() {
            return invalid("path: must not be empty");
        }
        if self.poll < MIN_POLL_INTERVAL {
            return invalid("poll_interval: must be at least 1 ms");
        }
        if !self.events && self.poll == Duration::MAX {
            return invalid("poll_interval: must be finite without events, or nothing would be noticed");
        }
        let poll = (self.poll < NEVER).then_some(self.poll);
        Ok(Timing { events: self.events, poll, quiet: self.quiet.min(NEVER) })
    }
}

/// Longer intervals count as never, so that adding one to a point in time cannot overflow: 100
/// years.
const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

fn rejected(path: &Path, error: impl Into<BoxError>) -> Error {
    Error::Parse { path: path.to_path_buf(), source: error.into() }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("path", &self.path)
            .field("timeout", &self.timeout)
            .field("max_size", &self.max_size)
            .field("poll_interval", &self.poll)
            .field("quiet_time", &self.quiet)
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}
