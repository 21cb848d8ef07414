//! The fastest read: a handle for one thread that caches the content.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::content::published::{Loaded, Published};
use crate::content::signal::Signal;

/// A cached handle for one thread, from [`FileWatcher::reader`](crate::FileWatcher::reader) or
/// [`View::reader`](crate::View::reader).
///
/// While nothing changes, a read is one atomic load and a comparison. The cached content stays in
/// memory until the next read, so an idle thread should not keep a reader of something large.
pub struct Reader<T> {
    version: u64,
    data: Arc<T>,
    /// The same as that of `content`, which a read of unchanged content does not touch.
    signal: Arc<Signal>,
    content: Arc<dyn Published<T>>,
}

impl<T> Reader<T> {
    pub(crate) fn new(content: Arc<dyn Published<T>>, loaded: &Loaded<T>) -> Self {
        let signal = Arc::clone(content.signal());
        Self { version: loaded.version, data: Arc::clone(&loaded.data), signal, content }
    }

    /// The current content.
    #[inline]
    pub fn get(&mut self) -> &T {
        if self.signal.newest.load(Ordering::Acquire) != self.version {
            self.refresh();
        }
        &self.data
    }

    #[cold]
    fn refresh(&mut self) {
        // The new content may be published a moment after its number: then the next read is here
        // again.
        if let Some(loaded) = self.content.newer(self.version) {
            self.version = loaded.version;
            self.data = Arc::clone(&loaded.data);
        }
    }
}

impl<T> Clone for Reader<T> {
    fn clone(&self) -> Self {
        Self {
            version: self.version,
            data: Arc::clone(&self.data),
            signal: Arc::clone(&self.signal),
            content: Arc::clone(&self.content),
        }
    }
}

impl<T> fmt::Debug for Reader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("path", &self.content.path()).finish_non_exhaustive()
    }
}
