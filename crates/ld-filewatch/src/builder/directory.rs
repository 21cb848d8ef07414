//! The options of a directory's watcher.

use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::time::Duration;

use crate::builder::options::Options;
use crate::disk::filter::{self, Filter};
use crate::disk::target::Target;
use crate::error::{BoxError, Error};
use crate::handle::directory::DirectoryWatcher;
use crate::limits::DEFAULT_MAX_FILES;
use crate::parse::files::Files;
use crate::parse::parser;

impl<T: Send + Sync + 'static> DirectoryWatcher<T> {
    /// Starts to describe a watcher of the files below the directory `path`. A relative path is
    /// resolved when the watcher is built, against the current directory.
    pub fn builder(path: impl Into<PathBuf>) -> DirectoryBuilder<T> {
        let options = Options::new(path.into());
        DirectoryBuilder { options, glob: None, max_files: DEFAULT_MAX_FILES, value: PhantomData }
    }
}

/// Options of a directory's watcher, from [`DirectoryWatcher::builder`]; ends with
/// [`build`](Self::build).
#[must_use = "nothing is watched before `build`"]
pub struct DirectoryBuilder<T> {
    options: Options,
    glob: Option<String>,
    max_files: usize,
    value: PhantomData<fn() -> T>,
}

impl<T: Send + Sync + 'static> DirectoryBuilder<T> {
    /// Which files are read, by their path relative to the directory; by default all. `*` and `?`
    /// stay within one directory, `**` crosses directories: `*.json`, `**/*.json`.
    ///
    /// Without a `/` in the pattern, subdirectories are neither read nor watched. Names that begin
    /// with a dot never count, nor do directories below such a name. Symbolic links are followed.
    ///
    /// `[abc]` and `[!abc]` match one character. Braces are not supported: `*.{json,toml}` means a
    /// name with these braces. Read all files instead, and choose by
    /// [`path`](crate::FileContent::path) in the parser. A pattern that cannot match is an
    /// [`Error::InvalidOption`]: one that is empty, begins or ends with `/`, or has a part that
    /// begins with a dot (`./*`, `../*`).
    pub fn glob(mut self, pattern: impl Into<String>) -> Self {
        self.glob = Some(pattern.into());
        self
    }

    /// The most files that are read; by default 1,000 ([`DEFAULT_MAX_FILES`]). More are an error.
    pub fn max_files(mut self, files: usize) -> Self {
        self.max_files = files;
        self
    }

    /// The most bytes that all files may have together; by default 64 MiB
    /// ([`DEFAULT_MAX_SIZE`](crate::DEFAULT_MAX_SIZE)).
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.options.max_size = bytes;
        self
    }

    /// As [`Builder::timeout`](crate::Builder::timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// As [`Builder::poll_interval`](crate::Builder::poll_interval). Each poll lists the directory
    /// and asks `stat` for every file.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.options.poll = interval;
        self
    }

    /// How long all files must be unchanged before they are read; by default 20 ms
    /// ([`DEFAULT_QUIET_TIME`](crate::DEFAULT_QUIET_TIME)). Files that are written one after another
    /// with shorter pauses are one change.
    pub fn quiet_time(mut self, quiet: Duration) -> Self {
        self.options.quiet = quiet;
        self
    }

    /// As [`Builder::events`](crate::Builder::events).
    pub fn events(mut self, events: bool) -> Self {
        self.options.events = events;
        self
    }

    /// As [`Builder::load_on_read`](crate::Builder::load_on_read).
    pub fn load_on_read(mut self, load: bool) -> Self {
        self.options.load_on_read = load;
        self
    }

    /// As [`Builder::on_error`](crate::Builder::on_error).
    pub fn on_error(mut self, on_error: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.options.on_error = Some(Box::new(on_error));
        self
    }

    /// Starts to watch. The parser gets all files of one moment; its error becomes the source of
    /// [`Error::Parse`]. An empty directory is content like any other.
    ///
    /// # Errors
    ///
    /// As [`Builder::build`](crate::Builder::build).
    pub fn build<P>(self, parser: P) -> Result<DirectoryWatcher<T>, Error>
    where
        P: FnMut(Files<'_>) -> Result<T, BoxError> + Send + 'static,
    {
        let glob = self.glob.as_deref().map(filter::pattern).transpose();
        let glob = glob.map_err(|reason| self.options.invalid(reason))?;
        let target = Target::Directory(Filter { glob, max_files: self.max_files });
        self.options.start(target, parser::files(parser)).map(DirectoryWatcher::of)
    }
}

impl<T> fmt::Debug for DirectoryBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirectoryBuilder")
            .field("glob", &self.glob)
            .field("max_files", &self.max_files)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
