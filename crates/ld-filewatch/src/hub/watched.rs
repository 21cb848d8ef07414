//! What the hub knows of a watched file.

use std::path::Path;
use std::time::Duration;

use crate::check::trigger::{Outcome, Trigger};
use crate::disk::filter::Filter;
use crate::status::Mode;

/// A file or directory that the hub watches.
pub(crate) trait Watched: Send + Sync {
    /// The absolute path.
    fn path(&self) -> &Path;
    /// Compares the file with what is known of it and loads it if needed.
    fn check(&self, trigger: Trigger) -> Outcome;
    /// Which files are watched, if the path is that of a directory.
    fn tree(&self) -> Option<&Filter>;
    /// Whether the path still is what the last check found.
    fn is_current(&self) -> bool;
    /// Whether the file's content changes without events.
    fn is_virtual(&self) -> bool;
    /// Whether events were asked for and are not available at present.
    fn wants_events_back(&self) -> bool;
    /// Sets how changes are noticed from now on.
    fn set_mode(&self, mode: Mode);
}

/// When one file is checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    pub(crate) events: bool,
    /// `None`: polled only while events are not available.
    pub(crate) poll: Option<Duration>,
    pub(crate) quiet: Duration,
}

/// Identifies one registration; never used twice.
pub(crate) type WatchId = u64;
