//! The options of a file's watcher.

use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::time::Duration;

use crate::builder::options::Options;
use crate::disk::target::Target;
use crate::error::{BoxError, Error};
use crate::handle::watcher::FileWatcher;
use crate::parse::parser;
use crate::parse::text::{Text, TextOptions};

impl<T: Send + Sync + 'static> FileWatcher<T> {
    /// Starts to describe a watcher of `path`. A relative path is resolved when the watcher is
    /// built, against the current directory.
    pub fn builder(path: impl Into<PathBuf>) -> Builder<T> {
        Builder { options: Options::new(path.into()), value: PhantomData }
    }
}

/// Options of a watcher, from [`FileWatcher::builder`]; ends with [`build`](Self::build),
/// [`text`](Self::text) or, with the features of that name, `json` or `toml`.
///
/// The parser gets the whole file and may run in any thread, in one at a time. Slow parsers delay
/// only their own file, as long as no more than 32 of them are running
/// ([`MAX_LOADERS`](crate::MAX_LOADERS)). A panic of the parser counts as an error, except in a
/// program that is built to abort on panics. In a parser, `?` converts any error, so the end of a
/// parser is `Ok(last()?)` and not `last()`:
///
/// ```
/// use ld_filewatch::FileWatcher;
///
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("range");
/// # std::fs::write(&path, "1-9")?;
/// let range = FileWatcher::<(u32, u32)>::builder(path).build(|bytes| {
///     let text = std::str::from_utf8(bytes)?;
///     let (low, high) = text.trim().split_once('-').ok_or("no '-' in the range")?;
///     Ok((low.parse()?, high.parse()?))
/// })?;
/// assert_eq!(*range.get()?, (1, 9));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing is watched before `build`"]
pub struct Builder<T> {
    options: Options,
    value: PhantomData<fn() -> T>,
}

impl<T: Send + Sync + 'static> Builder<T> {
    /// Blocks until the first good load, at most this long. By default the file is checked once,
    /// and building succeeds with or without content. An async application builds without it and
    /// awaits [`available`](FileWatcher::available).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// The largest file in bytes that is read; by default 64 MiB
    /// ([`DEFAULT_MAX_SIZE`](crate::DEFAULT_MAX_SIZE)).
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.options.max_size = bytes;
        self
    }

    /// How often the file is compared with the content in memory, with or without events; by
    /// default 1 s ([`DEFAULT_POLL_INTERVAL`](crate::DEFAULT_POLL_INTERVAL)), at least 1 ms
    /// ([`MIN_POLL_INTERVAL`](crate::MIN_POLL_INTERVAL)).
    ///
    /// The poll notices mounts, changes by other hosts of a network file system, files of /proc and
    /// /sys, and changes without an event. `Duration::MAX` switches it off, except while events are
    /// not available.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.options.poll = interval;
        self
    }

    /// How long a writer that changes the file in place must pause before the file is read; by
    /// default 20 ms ([`DEFAULT_QUIET_TIME`](crate::DEFAULT_QUIET_TIME)). A file that is renamed
    /// into place or closed after writing is read at once. If the writer never pauses, the file is
    /// read after 1 s ([`MAX_UNSETTLED`](crate::MAX_UNSETTLED)), or after this time if it is longer.
    pub fn quiet_time(mut self, quiet: Duration) -> Self {
        self.options.quiet = quiet;
        self
    }

    /// Whether to use inotify; by default true. Without it the poll alone notices changes, as it
    /// does on systems other than Linux. Use that for a network file system that may hang, since
    /// adding a watch there hangs too.
    pub fn events(mut self, events: bool) -> Self {
        self.options.events = events;
        self
    }

    /// Whether a read without content checks the file in the calling thread, as baseplate.py does;
    /// by default false, so that no read does I/O. The same rejected content is then parsed again
    /// every 100 ms at most.
    pub fn load_on_read(mut self, load: bool) -> Self {
        self.options.load_on_read = load;
        self
    }

    /// Called once for each new reason why the file's content could not be loaded. Other content
    /// that the parser rejects counts as a new reason; a read never does. Runs in the loading
    /// thread: keep it short.
    pub fn on_error(mut self, on_error: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.options.on_error = Some(Box::new(on_error));
        self
    }

    /// Starts to watch, and checks the file once in the calling thread. The parser gets the file's
    /// bytes; its error becomes the source of [`Error::Parse`].
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] if a [`timeout`](Self::timeout) is set and nothing good could be loaded,
    /// [`Error::InvalidOption`], [`Error::NoThread`].
    pub fn build<P>(self, parser: P) -> Result<FileWatcher<T>, Error>
    where
        P: FnMut(&[u8]) -> Result<T, BoxError> + Send + 'static,
    {
        self.options.start(Target::File, parser::bytes(parser))
    }

    /// Starts to watch a text file.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn text<P>(self, options: TextOptions, parser: P) -> Result<FileWatcher<T>, Error>
    where
        P: FnMut(&Text<'_>) -> Result<T, BoxError> + Send + 'static,
    {
        self.options.start(Target::File, parser::text(options, parser))
    }

    /// Starts to watch a JSON file.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    #[cfg(feature = "json")]
    pub fn json(self) -> Result<FileWatcher<T>, Error>
    where
        T: serde::de::DeserializeOwned,
    {
        self.options.start(Target::File, parser::json())
    }

    /// Starts to watch a TOML file.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    #[cfg(feature = "toml")]
    pub fn toml(self) -> Result<FileWatcher<T>, Error>
    where
        T: serde::de::DeserializeOwned,
    {
        self.options.start(Target::File, parser::toml())
    }
}

impl<T> fmt::Debug for Builder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Builder").field(&self.options).finish()
    }
}
