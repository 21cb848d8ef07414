//! What a read gives: a guard that borrows the current content, or a snapshot that keeps one.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::SystemTime;

use crate::cell::Loaded;

/// The content at the moment of [`FileWatcher::get`](crate::FileWatcher::get); dereferences to it.
///
/// Meant for a short use within one function: it costs no reference count, and while a guard is held the old
/// content stays in memory. To keep content, take [`FileWatcher::get_arc`](crate::FileWatcher::get_arc).
pub struct Guard<T>(arc_swap::Guard<Option<Arc<T>>>);

impl<T> Guard<T> {
    #[inline]
    pub(crate) fn new(content: arc_swap::Guard<Option<Arc<T>>>) -> Option<Self> {
        content.is_some().then(|| Self(content))
    }

    pub(crate) fn own(data: Arc<T>) -> Self {
        Self(arc_swap::Guard::from_inner(Some(data)))
    }
}

impl<T> Deref for Guard<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        match self.0.as_ref() {
            Some(data) => data,
            None => unreachable!("a guard is only made of content"),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Guard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// One content with its time and number, belonging together.
#[derive(Debug)]
#[non_exhaustive]
pub struct Snapshot<T> {
    /// The parsed content.
    pub data: Arc<T>,
    /// When the file holding this content was last modified, as the file system says; it may go backwards.
    pub mtime: SystemTime,
    /// The how-manieth different content this is, from 1. A heartbeat (same bytes, new mtime) keeps it.
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
