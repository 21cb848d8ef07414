//! The handle of a watched directory.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::handle::guard::{Guard, Snapshot};
use crate::handle::reader::Reader;
use crate::handle::subscription::Subscription;
use crate::handle::view::View;
use crate::handle::watcher::FileWatcher;
use crate::status::Status;

/// All files below a directory, parsed as one value in memory, always fresh.
///
/// ```
/// use std::collections::BTreeMap;
/// use ld_filewatch::DirectoryWatcher;
///
/// # let dir = tempfile::tempdir()?;
/// # std::fs::create_dir(dir.path().join("eu"))?;
/// # std::fs::write(dir.path().join("eu/limit.txt"), "10")?;
/// let limits: DirectoryWatcher<BTreeMap<String, u32>> =
///     DirectoryWatcher::builder(dir.path()).glob("**/*.txt").build(|files| {
///         let mut limits = BTreeMap::new();
///         for file in files.iter() {
///             let limit = file.parse(|text| Ok(text.trim().parse()?))?;
///             limits.insert(file.path().display().to_string(), limit);
///         }
///         Ok(limits)
///     })?;
/// assert_eq!(limits.get()?["eu/limit.txt"], 10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`FileContent::parse`](crate::FileContent::parse) makes errors name the file, here:
/// `/etc/limits: cannot be parsed: eu/limit.txt: invalid digit found in string`.
///
/// The value is that of one moment: all files are read again if any changes meanwhile, and the new
/// value replaces the old one at once. A switch of a symbolic link, such as Kubernetes' `..data`,
/// is one change.
///
/// A handle as [`FileWatcher`], with the same guarantees: cloning is cheap, and after an error the
/// last good value stays.
pub struct DirectoryWatcher<T> {
    watcher: FileWatcher<T>,
}

impl<T: Send + Sync + 'static> DirectoryWatcher<T> {
    pub(crate) fn of(watcher: FileWatcher<T>) -> Self {
        Self { watcher }
    }

    /// A watcher of nothing that always returns `value`. See [`FileWatcher::fixed`].
    #[must_use]
    pub fn fixed(value: T) -> Self {
        Self::of(FileWatcher::fixed(value))
    }

    /// The current value. See [`FileWatcher::get`].
    ///
    /// # Errors
    ///
    /// [`Error::NotAvailable`] or [`Error::Closed`], only before the first good load.
    #[inline]
    pub fn get(&self) -> Result<Guard<T>, Error> {
        self.watcher.get()
    }

    /// The current value in an `Arc`, to keep.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn get_arc(&self) -> Result<Arc<T>, Error> {
        self.watcher.get_arc()
    }

    /// The current value with its version and the modification time of the newest file.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn snapshot(&self) -> Result<Snapshot<T>, Error> {
        self.watcher.snapshot()
    }

    /// The number of different values loaded so far; 0 before the first.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.watcher.version()
    }

    /// A cached handle for one thread's hot path.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn reader(&self) -> Result<Reader<T>, Error> {
        self.watcher.reader()
    }

    /// A subscription to new values from now on.
    #[must_use]
    pub fn subscribe(&self) -> Subscription<T> {
        self.watcher.subscribe()
    }

    /// A view of something that is computed from the value. See [`FileWatcher::map`].
    pub fn map<U: Send + Sync + 'static>(
        &self,
        compute: impl Fn(&T) -> U + Send + Sync + 'static,
    ) -> View<U> {
        self.watcher.map(compute)
    }

    /// Blocks the thread until there is a value to read, at most for `timeout`.
    ///
    /// # Errors
    ///
    /// As [`FileWatcher::wait_available`].
    pub fn wait_available(&self, timeout: Duration) -> Result<(), Error> {
        self.watcher.wait_available(timeout)
    }

    /// Waits until there is a value to read, without blocking the thread. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] if the watcher is closed before that.
    pub async fn available(&self) -> Result<Snapshot<T>, Error> {
        self.watcher.available().await
    }

    /// Blocks the thread until there is a value newer than `version`. See
    /// [`FileWatcher::wait_changed`].
    #[must_use]
    pub fn wait_changed(&self, version: u64, timeout: Duration) -> Option<Snapshot<T>> {
        self.watcher.wait_changed(version, timeout)
    }
}

impl<T> DirectoryWatcher<T> {
    /// The watched directory, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.watcher.path()
    }

    /// Ends the watching, for all clones. See [`FileWatcher::close`].
    pub fn close(&self) {
        self.watcher.close();
    }

    /// Why reads do not return the present files; `None` if they do.
    #[must_use]
    pub fn last_error(&self) -> Option<Arc<Error>> {
        self.watcher.last_error()
    }

    /// The watcher's state, for logs and health pages.
    #[must_use]
    pub fn status(&self) -> Status {
        self.watcher.status()
    }
}

impl<T> Clone for DirectoryWatcher<T> {
    fn clone(&self) -> Self {
        Self { watcher: self.watcher.clone() }
    }
}

impl<T> fmt::Debug for DirectoryWatcher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DirectoryWatcher").field(&self.watcher).finish()
    }
}
