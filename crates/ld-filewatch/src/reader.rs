//! The fastest read: a handle for one thread that keeps the content it saw last.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::shared::Shared;

/// A cached handle for one thread, from [`FileWatcher::reader`](crate::FileWatcher::reader).
///
/// Unchanged, a read is one atomic load and a comparison. The content that it saw last stays in memory until
/// the next read, so an idle thread should not keep a reader of something large.
pub struct Reader<T> {
    version: u64,
    data: Arc<T>,
    shared: Arc<Shared<T>>,
}

impl<T> Reader<T> {
    pub(crate) fn new(shared: Arc<Shared<T>>, data: Arc<T>) -> Self {
        // Version 0 is never current: the first read refreshes.
        Self { version: 0, data, shared }
    }

    /// The current content.
    #[inline]
    pub fn get(&mut self) -> &T {
        if self.shared.cell.version.load(Ordering::Acquire) != self.version {
            self.refresh();
        }
        &self.data
    }

    #[cold]
    fn refresh(&mut self) {
        // In this order the data is at least as new as the version; newer, the next read comes here again.
        self.version = self.shared.cell.version.load(Ordering::Acquire);
        if let Some(data) = self.shared.cell.data.load_full() {
            self.data = data;
        }
    }
}

impl<T> Clone for Reader<T> {
    fn clone(&self) -> Self {
        Self { version: self.version, data: Arc::clone(&self.data), shared: Arc::clone(&self.shared) }
    }
}

impl<T> fmt::Debug for Reader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("path", &self.shared.path).finish_non_exhaustive()
    }
}
