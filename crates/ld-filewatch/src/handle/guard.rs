//! What a read returns: a guard that borrows the current content, or a snapshot that keeps one.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::SystemTime;

use crate::content::published::{Current, Loaded};

/// The content at the moment of [`FileWatcher::get`](crate::FileWatcher::get); dereferences to it.
///
/// Use it for a short time within one function: it costs no reference count, and the old content
/// stays in memory while a guard is held. To keep content, use
/// [`FileWatcher::get_arc`](crate::FileWatcher::get_arc).
pub struct Guard<T>(Current<T>);

impl<T> Guard<T> {
    #[inline]
    pub(crate) fn new(content: Current<T>) -> Option<Self> {
        content.is_some().then(|| Self(content))
    }

    pub(crate) fn own(loaded: Arc<Loaded<T>>) -> Self {
        Self(arc_swap::Guard::from_inner(Some(loaded)))
    }
}

impl<T> Deref for Guard<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        match self.0.as_ref() {
            Some(loaded) => &loaded.data,
            None => unreachable!("a guard always holds content"),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Guard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// One content with its modification time and version, all from the same load.
#[derive(Debug)]
#[non_exhaustive]
pub struct Snapshot<T> {
    /// The parsed content.
    pub data: Arc<T>,
    /// The modification time of the file with this content. It may go backwards.
    pub mtime: SystemTime,
    /// The number of different contents loaded so far, this one included. A heartbeat (same bytes,
    /// new mtime) keeps it.
    pub version: u64,
}

impl<T> Snapshot<T> {
    pub(crate) fn of(loaded: &Loaded<T>) -> Self {
        Self { data: Arc::clone(&loaded.data), mtime: loaded.mtime, version: loaded.version }
    }
}

impl<T> Clone for Snapshot<T> {
    fn clone(&self) -> Self {
        Self { data: Arc::clone(&self.data), mtime: self.mtime, version: self.version }
    }
}
