//! The handle for applications.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::content::published::Published;
use crate::content::shared::Shared;
use crate::error::Error;
use crate::handle::guard::{Guard, Snapshot};
use crate::handle::reader::Reader;
use crate::handle::subscription::Subscription;
use crate::handle::view::View;
use crate::status::Status;

/// A file's parsed content in memory, always fresh.
///
/// A handle: cloning is cheap, all clones see the same content, and the file is watched until the
/// last clone, [`Reader`], [`Subscription`] and [`View`] of it is dropped, or until
/// [`close`](Self::close).
pub struct FileWatcher<T> {
    shared: Arc<Shared<T>>,
}

impl<T: Send + Sync + 'static> FileWatcher<T> {
    /// A watcher of nothing that always returns `value`, for tests and for settings that do not
    /// come from a file. Its path is empty.
    #[must_use]
    pub fn fixed(value: T) -> Self {
        let shared = Shared::detached(PathBuf::new());
        let _ = shared.cell.publish(value, SystemTime::now());
        Self { shared }
    }

    pub(crate) fn of(shared: Arc<Shared<T>>) -> Self {
        Self { shared }
    }

    /// The current content: the last that could be loaded, also if the file is missing or broken
    /// now.
    ///
    /// Takes no lock and does no I/O, unless
    /// [`load_on_read`](crate::Builder::load_on_read) asks for it.
    ///
    /// # Errors
    ///
    /// [`Error::NotAvailable`] with the reason, or [`Error::Closed`], only before the first good
    /// load.
    #[inline]
    pub fn get(&self) -> Result<Guard<T>, Error> {
        match Guard::new(self.shared.cell.current.load()) {
            Some(guard) => Ok(guard),
            None => self.shared.first().map(Guard::own),
        }
    }

    /// The current content in an `Arc`, to keep.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn get_arc(&self) -> Result<Arc<T>, Error> {
        Ok(Arc::clone(&self.shared.load()?.data))
    }

    /// The current content with its modification time and version, all from the same load.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn snapshot(&self) -> Result<Snapshot<T>, Error> {
        Ok(Snapshot::of(&*self.shared.load()?))
    }

    /// When the file with the current content was last modified. A heartbeat (same bytes, new time)
    /// changes it.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn mtime(&self) -> Result<SystemTime, Error> {
        Ok(self.shared.load()?.mtime)
    }

    /// The number of different contents loaded so far; 0 before the first.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.shared.cell.version()
    }

    /// A cached handle for one thread's hot path.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get). An existing reader always has content.
    pub fn reader(&self) -> Result<Reader<T>, Error> {
        let loaded = self.shared.load()?;
        Ok(Reader::new(self.content(), &loaded))
    }

    /// A subscription to new content from now on.
    #[must_use]
    pub fn subscribe(&self) -> Subscription<T> {
        Subscription::new(self.content(), self.shared.cell.version())
    }

    /// A view of a value that is computed from the content, such as one of its fields. To share a
    /// large part without copying it, keep it in an `Arc`.
    pub fn map<U: Send + Sync + 'static>(
        &self,
        compute: impl Fn(&T) -> U + Send + Sync + 'static,
    ) -> View<U> {
        View::new(self.content(), compute)
    }

    /// Blocks the thread until there is content to read, at most for `timeout`. Tasks use
    /// [`available`](Self::available).
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] with the reason why the last load failed, [`Error::Closed`].
    pub fn wait_available(&self, timeout: Duration) -> Result<(), Error> {
        self.shared.wait_available(timeout)
    }

    /// Waits until there is content to read, without blocking the thread, and returns it. Needs no
    /// particular runtime; for a limit in time use that of yours.
    ///
    /// Cancel safe: dropping the future loses nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] if the watcher is closed before that.
    pub async fn available(&self) -> Result<Snapshot<T>, Error> {
        let first = self.subscribe().from_start().changed().await;
        first.ok_or_else(|| self.shared.cell.not_available(&self.shared.path))
    }

    /// Blocks the thread until there is content newer than `version`, at most for `timeout`; `None`
    /// after that, or if the watcher is closed.
    #[must_use]
    pub fn wait_changed(&self, version: u64, timeout: Duration) -> Option<Snapshot<T>> {
        let deadline = Instant::now().checked_add(timeout);
        self.shared.wait_newer(version, deadline).map(|loaded| Snapshot::of(&loaded))
    }

    fn content(&self) -> Arc<dyn Published<T>> {
        Arc::<Shared<T>>::clone(&self.shared)
    }
}

impl<T> FileWatcher<T> {
    /// The watched path, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Ends the watching, for all clones: no content is loaded any more, subscriptions end, and all
    /// that wait are woken. Reads still return the last content.
    ///
    /// Without this call the watching ends when the last handle is dropped.
    pub fn close(&self) {
        self.shared.close();
    }

    /// Why reads do not return the file's present content; `None` if they do.
    #[must_use]
    pub fn last_error(&self) -> Option<Arc<Error>> {
        self.shared.cell.last_error()
    }

    /// The watcher's state, for logs and health pages.
    #[must_use]
    pub fn status(&self) -> Status {
        let cell = &self.shared.cell;
        Status {
            mode: self.shared.mode(),
            last_checked: cell.last_checked(),
            last_loaded: cell.last_loaded(),
            version: cell.version(),
            last_error: cell.last_error().map(|error| error.to_string()),
        }
    }
}

impl<T> Clone for FileWatcher<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> fmt::Debug for FileWatcher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileWatcher")
            .field("path", &self.shared.path)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
