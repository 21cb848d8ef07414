//! The state of a watcher, for logs and health pages.

use std::sync::Arc;
use std::time::SystemTime;

/// How changes of the file are noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// By inotify within microseconds; the poll is a safety net.
    Events,
    /// By the poll alone, within the poll interval.
    Polling {
        /// Why: by choice, out of inotify watches or instances, a directory that may not be read,
        /// and so on.
        reason: Arc<str>,
    },
    /// Never: made by [`FileWatcher::fixed`](crate::FileWatcher::fixed) or for a test.
    Fixed,
    /// No more, after [`FileWatcher::close`](crate::FileWatcher::close).
    Closed,
}

/// A watcher's state at one moment, from [`FileWatcher::status`](crate::FileWatcher::status).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// How changes are noticed.
    pub mode: Mode,
    /// When the file was last compared with the content in memory. An age far above the poll
    /// interval means that the file system hangs, or that this process is the child of a `fork`.
    pub last_checked: Option<SystemTime>,
    /// When the content in memory was loaded.
    pub last_loaded: Option<SystemTime>,
    /// The number of different contents loaded so far; 0 before the first.
    pub version: u64,
    /// The text of [`FileWatcher::last_error`](crate::FileWatcher::last_error).
    pub last_error: Option<String>,
}
