//! What both builders have in common.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use crate::check::settle::State;
use crate::check::source::{OnError, Source};
use crate::content::shared::Shared;
use crate::disk::target::Target;
use crate::error::Error;
use crate::handle::watcher::FileWatcher;
use crate::hub::Timing;
use crate::limits::{DEFAULT_MAX_SIZE, DEFAULT_POLL_INTERVAL, DEFAULT_QUIET_TIME, MIN_POLL_INTERVAL};
use crate::parse::parser::Parser;

/// Longer intervals count as never, so that adding one to a point in time cannot overflow: 100
/// years.
const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Elsewhere only the poll notices changes.
const HAS_EVENTS: bool = cfg!(target_os = "linux");

pub(crate) struct Options {
    pub(crate) path: PathBuf,
    pub(crate) timeout: Option<Duration>,
    pub(crate) max_size: u64,
    pub(crate) poll: Duration,
    pub(crate) quiet: Duration,
    pub(crate) events: bool,
    pub(crate) load_on_read: bool,
    pub(crate) on_error: Option<OnError>,
}

impl Options {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            timeout: None,
            max_size: DEFAULT_MAX_SIZE,
            poll: DEFAULT_POLL_INTERVAL,
            quiet: DEFAULT_QUIET_TIME,
            events: true,
            load_on_read: false,
            on_error: None,
        }
    }

    /// Starts to watch.
    pub(crate) fn start<T: Send + Sync + 'static>(
        self,
        target: Target,
        parser: Parser<T>,
    ) -> Result<FileWatcher<T>, Error> {
        let timing = self.timing()?;
        let path = std::path::absolute(&self.path)
            .map_err(|source| Error::Unreadable { path: self.path.clone(), source })?;
        let source = Source {
            target,
            load_on_read: self.load_on_read,
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

    pub(crate) fn invalid(&self, reason: impl Into<Cow<'static, str>>) -> Error {
        Error::InvalidOption { path: self.path.clone(), reason: reason.into() }
    }

    fn timing(&self) -> Result<Timing, Error> {
        if self.path.as_os_str().is_empty() {
            return Err(self.invalid("path: must not be empty"));
        }
        if self.poll < MIN_POLL_INTERVAL {
            return Err(self.invalid("poll_interval: must be at least 1 ms"));
        }
        if !self.events && self.poll == Duration::MAX {
            let reason = "poll_interval: must be finite without events, or nothing would be noticed";
            return Err(self.invalid(reason));
        }
        let quiet = self.quiet.min(NEVER);
        if self.events && !HAS_EVENTS {
            let poll = if self.poll < NEVER { self.poll } else { DEFAULT_POLL_INTERVAL };
            return Ok(Timing { events: false, poll: Some(poll), quiet });
        }
        let poll = (self.poll < NEVER).then_some(self.poll);
        Ok(Timing { events: self.events, poll, quiet })
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("path", &self.path)
            .field("timeout", &self.timeout)
            .field("max_size", &self.max_size)
            .field("poll_interval", &self.poll)
            .field("quiet_time", &self.quiet)
            .field("events", &self.events)
            .field("load_on_read", &self.load_on_read)
            .finish_non_exhaustive()
    }
}
