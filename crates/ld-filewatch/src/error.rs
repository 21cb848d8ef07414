//! The error type: why a file's content is not what it should be.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What a parser may fail with: anything that converts into a boxed error, a `&str` or `String`
/// too.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// Why a file's current content could not be loaded, or why there is none to read.
///
/// The text (`{}`) names the path and the reason. The cause is also in
/// [`source`](StdError::source), so print either the text alone or the chain of sources, not both.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing good has been loaded yet. The source says why; the watcher keeps trying.
    #[error("{}: no content has been loaded yet{}", path.display(), reason(path, cause))]
    NotAvailable {
        /// The watched file.
        path: PathBuf,
        /// What the last attempt failed with.
        #[source]
        cause: Option<Arc<Error>>,
    },
    /// The first good load did not happen within the time given to
    /// [`timeout`](crate::Builder::timeout) or
    /// [`wait_available`](crate::FileWatcher::wait_available).
    #[error("{}: no content could be loaded within {timeout:?}{}", path.display(), reason(path, cause))]
    TimedOut {
        /// The watched file.
        path: PathBuf,
        /// The time that was waited.
        timeout: Duration,
        /// What the last attempt failed with.
        #[source]
        cause: Option<Arc<Error>>,
    },
    /// The file, a directory on its path or the target of a symbolic link does not exist. Create
    /// it: the watcher notices.
    #[error("{}: the file does not exist", path.display())]
    Missing {
        /// The watched file.
        path: PathBuf,
    },
    /// Something else is in the file's place. Only regular files are opened.
    #[error("{}: not a regular file but {found}", path.display())]
    NotRegularFile {
        /// The watched file.
        path: PathBuf,
        /// What it is: `a directory`, `a fifo` and so on.
        found: &'static str,
    },
    /// Something else is in the place of a watched directory.
    #[error("{}: not a directory but {found}", path.display())]
    NotDirectory {
        /// The watched directory.
        path: PathBuf,
        /// What it is: `a regular file`, `a fifo` and so on.
        found: &'static str,
    },
    /// The file could not be looked up, opened or read. Tried again at every poll.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The watched file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file is larger than [`max_size`](crate::Builder::max_size) and was not read; or all
    /// files of a directory together are.
    #[error("{}: larger than the limit of {limit} bytes", path.display())]
    TooLarge {
        /// The watched file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// A directory holds more files than [`max_files`](crate::DirectoryBuilder::max_files); none
    /// was read.
    #[error("{}: more than {limit} files", path.display())]
    TooManyFiles {
        /// The watched directory.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// The file has been changing under every read for longer than
    /// [`MAX_UNSETTLED`](crate::MAX_UNSETTLED). Write it atomically: to a temporary file, then
    /// rename.
    #[error("{}: changed during every read", path.display())]
    Unstable {
        /// The watched file.
        path: PathBuf,
    },
    /// The content is not UTF-8, in a watcher built with [`text`](crate::Builder::text).
    #[error("{}: not UTF-8 from byte {valid_up_to} on", path.display())]
    NotUtf8 {
        /// The watched file.
        path: PathBuf,
        /// Bytes before the first one that is not UTF-8.
        valid_up_to: usize,
    },
    /// The content is not text in the encoding of
    /// [`TextOptions::encoding`](crate::TextOptions::encoding).
    #[cfg(feature = "encoding")]
    #[error("{}: not valid {encoding}", path.display())]
    NotEncoded {
        /// The watched file.
        path: PathBuf,
        /// The name of the encoding.
        encoding: &'static str,
    },
    /// The parser rejected the content.
    #[error("{}: cannot be parsed: {source}", path.display())]
    Parse {
        /// The watched file.
        path: PathBuf,
        /// What the parser said.
        #[source]
        source: BoxError,
    },
    /// The parser panicked. The panic was caught; the watcher keeps working.
    #[error("{}: the parser panicked: {message}", path.display())]
    ParserPanicked {
        /// The watched file.
        path: PathBuf,
        /// The panic's message, if it was a string.
        message: String,
    },
    /// An option of the builder cannot be used; nothing is watched.
    #[error("{}{reason}", prefix(path))]
    InvalidOption {
        /// The path that was to be watched.
        path: PathBuf,
        /// Which option, and what it may be.
        reason: Cow<'static, str>,
    },
    /// The watcher was closed before anything good could be loaded.
    #[error("{}: the watcher was closed", path.display())]
    Closed {
        /// The path that was watched.
        path: PathBuf,
    },
    /// The process could not start another thread; nothing is watched.
    #[error("{}: no thread could be started to watch it: {source}", path.display())]
    NoThread {
        /// The path that was to be watched.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Which file of a watched directory was rejected, and why: from
/// [`FileContent`](crate::FileContent), to be the source of [`Error::Parse`].
///
/// The text (`{}`) names the file and the reason.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
#[non_exhaustive]
pub struct FileError {
    /// The file, relative to the directory.
    pub path: PathBuf,
    /// Why it was rejected.
    #[source]
    pub source: BoxError,
}

/// What a message about `path` begins with; nothing if that is empty.
fn prefix(path: &Path) -> String {
    if path.as_os_str().is_empty() { String::new() } else { format!("{}: ", path.display()) }
}

/// The text of the cause, without the path that the outer text already shows.
fn reason(path: &Path, cause: &Option<Arc<Error>>) -> String {
    let Some(cause) = cause else { return String::new() };
    let text = cause.to_string();
    let prefix = format!("{}: ", path.display());
    format!(": {}", text.strip_prefix(&prefix).unwrap_or(&text))
}
