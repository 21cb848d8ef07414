//! For tests of applications: a watcher with content from the test.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use crate::content::shared::Shared;
use crate::disk::input::Input;
use crate::error::{BoxError, Error};
use crate::handle::watcher::FileWatcher;
use crate::parse::parser::{self, Parser};
use crate::parse::text::{Text, TextOptions};
use crate::sync::lock;

/// Replaces a file: provides a real [`FileWatcher`] with content from the test (baseplate.py:
/// `FakeFileWatcher`).
///
/// ```
/// use ld_filewatch::testing::FakeFileWatcher;
///
/// let fake = FakeFileWatcher::new();
/// let limit = fake.watcher();
/// assert!(limit.get().is_err(), "no content yet");
///
/// fake.set(10);
/// assert_eq!(*limit.get()?, 10);
/// fake.fail("broken");
/// assert_eq!(*limit.get()?, 10, "the last good content stays");
/// assert!(limit.last_error().is_some());
/// # Ok::<(), ld_filewatch::Error>(())
/// ```
pub struct FakeFileWatcher<T> {
    shared: Arc<Shared<T>>,
    parser: Option<Mutex<Parser<T>>>,
    /// Held during a change: there is one writer at a time, as with a file.
    changing: Mutex<()>,
}

/// The path in errors.
const PATH: &str = "fake";

impl<T: Send + Sync + 'static> FakeFileWatcher<T> {
    /// Without content: reads fail until the first [`set`](Self::set).
    #[must_use]
    pub fn new() -> Self {
        Self { shared: Shared::detached(PATH.into()), parser: None, changing: Mutex::new(()) }
    }

    /// Without content, and with the application's parser, for [`set_bytes`](Self::set_bytes). The
    /// parser is that of [`Builder::build`](crate::Builder::build).
    #[must_use]
    pub fn with_parser<P>(parser: P) -> Self
    where
        P: FnMut(&[u8]) -> Result<T, BoxError> + Send + 'static,
    {
        Self::parsing(parser::bytes(parser))
    }

    /// The same with a parser of text, as for [`Builder::text`](crate::Builder::text).
    #[must_use]
    pub fn with_text<P>(options: TextOptions, parser: P) -> Self
    where
        P: FnMut(&Text<'_>) -> Result<T, BoxError> + Send + 'static,
    {
        Self::parsing(parser::text(options, parser))
    }

    /// The same for JSON, as with [`Builder::json`](crate::Builder::json).
    #[cfg(feature = "json")]
    #[must_use]
    pub fn with_json() -> Self
    where
        T: serde::de::DeserializeOwned,
    {
        Self::parsing(parser::json())
    }

    /// The same for TOML, as with [`Builder::toml`](crate::Builder::toml).
    #[cfg(feature = "toml")]
    #[must_use]
    pub fn with_toml() -> Self
    where
        T: serde::de::DeserializeOwned,
    {
        Self::parsing(parser::toml())
    }

    fn parsing(parser: Parser<T>) -> Self {
        Self { parser: Some(Mutex::new(parser)), ..Self::new() }
    }

    /// A handle for the application under test.
    #[must_use]
    pub fn watcher(&self) -> FileWatcher<T> {
        FileWatcher::of(Arc::clone(&self.shared))
    }

    /// New content, modified now.
    pub fn set(&self, value: T) {
        self.set_at(value, SystemTime::now());
    }

    /// New content, modified at `mtime`.
    pub fn set_at(&self, value: T, mtime: SystemTime) {
        let _changing = lock(&self.changing);
        let _ = self.shared.cell.publish(value, mtime);
    }

    /// A heartbeat: the same content with another modification time.
    pub fn touch(&self, mtime: SystemTime) {
        let _changing = lock(&self.changing);
        self.shared.cell.touch(mtime);
    }

    /// New bytes for the parser. Its error or panic becomes the last error, as with a file.
    ///
    /// # Panics
    ///
    /// Without a parser: use [`with_parser`](Self::with_parser).
    pub fn set_bytes(&self, bytes: impl AsRef<[u8]>) {
        let Some(parser) = &self.parser else {
            panic!("a FakeFileWatcher made by `new` has no parser, use `with_parser`")
        };
        let mut input = Input::new();
        input.bytes.extend_from_slice(bytes.as_ref());
        let parsed = parser::run(&mut lock(parser), Path::new(PATH), &input);
        match parsed {
            Ok(value) => self.set(value),
            Err(error) => self.shared.cell.fail(Arc::new(error)),
        }
    }

    /// A failed load: the content stays, the error shows.
    pub fn fail(&self, error: impl Into<BoxError>) {
        self.shared.cell.fail(Arc::new(Error::Parse { path: PATH.into(), source: error.into() }));
    }
}

impl<T: Send + Sync + 'static> Default for FakeFileWatcher<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> std::fmt::Debug for FakeFileWatcher<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FakeFileWatcher").finish_non_exhaustive()
    }
}
