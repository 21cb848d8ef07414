//! The fastest read: a handle for one thread that keeps the content it saw last.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

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
    pub(crate) fn new(shared: Arc<Shared<T>>, version: u64, data: Arc<T>) -> Self {
        Self { version, data, shared }
    }

    /// The current content.
    #[inline]
    pub fn get(&mut self) -> &T {
        if self.shared.cell.version.load(Ordering::Acquire) != self.version {
            self.refresh();
        }
        &self.data
    }

    /// The version of the content that [`get`](Self::get) gave last.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// When the file was last modified: moves with a heartbeat, too.
    #[must_use]
    pub fn mtime(&self) -> SystemTime {
        self.shared.cell.current.load().as_ref().map_or(SystemTime::UNIX_EPOCH, |loaded| loaded.mtime)
    }

    #[cold]
    fn refresh(&mut self) {
        if let Some(loaded) = self.shared.cell.current.load_full() {
            self.version = loaded.version;
            self.data = Arc::clone(&loaded.data);
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
        f.debug_struct("Reader")
            .field("path", &self.shared.path)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
