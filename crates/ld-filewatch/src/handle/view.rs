//! A value computed from the content, as a handle of its own.

use std::fmt;
use std::sync::Arc;

use crate::content::mapped::Mapped;
use crate::content::published::Published;
use crate::error::Error;
use crate::handle::guard::{Guard, Snapshot};
use crate::handle::reader::Reader;
use crate::handle::subscription::Subscription;

/// A value computed from the content, always fresh, from
/// [`FileWatcher::map`](crate::FileWatcher::map). Use it to give a component only what it needs.
///
/// ```
/// use ld_filewatch::{FileWatcher, View};
///
/// struct Settings { limit: u32, name: String }
///
/// /// Knows nothing of `Settings`.
/// struct Limiter { limit: View<u32> }
///
/// let settings = FileWatcher::fixed(Settings { limit: 10, name: "a".into() });
/// let limiter = Limiter { limit: settings.map(|settings| settings.limit * 2) };
/// assert_eq!(*limiter.limit.get()?, 20);
/// # let _ = settings.map(|settings| settings.name.clone());
/// # Ok::<(), ld_filewatch::Error>(())
/// ```
///
/// The value is computed once for each content, by the first read of it, in its thread; other reads
/// of the view wait meanwhile. A panic of the closure reaches that read. The version is that of the
/// content, so a subscription also delivers a value that is equal to the one before, unless it is
/// [`distinct`](Subscription::distinct).
///
/// It is a handle: the file is watched as long as the view lives. Cloning is cheap.
pub struct View<U> {
    content: Arc<dyn Published<U>>,
}

impl<U: Send + Sync + 'static> View<U> {
    pub(crate) fn new<T: Send + Sync + 'static>(
        source: Arc<dyn Published<T>>,
        compute: impl Fn(&T) -> U + Send + Sync + 'static,
    ) -> Self {
        Self { content: Arc::new(Mapped::new(source, compute)) }
    }

    /// The current value.
    ///
    /// # Errors
    ///
    /// As [`FileWatcher::get`](crate::FileWatcher::get).
    pub fn get(&self) -> Result<Guard<U>, Error> {
        match Guard::new(self.content.current()) {
            Some(guard) => Ok(guard),
            None => self.content.first().map(Guard::own),
        }
    }

    /// The current value with the content's modification time and version.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn snapshot(&self) -> Result<Snapshot<U>, Error> {
        self.content.load().map(|loaded| Snapshot::of(&loaded))
    }

    /// A cached handle for one thread's hot path.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn reader(&self) -> Result<Reader<U>, Error> {
        let loaded = self.content.load()?;
        Ok(Reader::new(Arc::clone(&self.content), &loaded))
    }

    /// A subscription to new values from now on. With [`distinct`](Subscription::distinct) it does
    /// not deliver a value that is equal to the one before.
    #[must_use]
    pub fn subscribe(&self) -> Subscription<U> {
        Subscription::new(Arc::clone(&self.content), self.content.version())
    }

    /// A view of a part of this one.
    pub fn map<V: Send + Sync + 'static>(
        &self,
        compute: impl Fn(&U) -> V + Send + Sync + 'static,
    ) -> View<V> {
        View::new(Arc::clone(&self.content), compute)
    }
}

impl<U> Clone for View<U> {
    fn clone(&self) -> Self {
        Self { content: Arc::clone(&self.content) }
    }
}

impl<U> fmt::Debug for View<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("path", &self.content.path()).finish_non_exhaustive()
    }
}
