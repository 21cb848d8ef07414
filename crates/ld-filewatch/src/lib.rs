//! A file's parsed content in memory: always fresh and cheap to read.
//!
//! ```
//! use ld_filewatch::FileWatcher;
//!
//! # let dir = tempfile::tempdir()?;
//! # let path = dir.path().join("limit");
//! # std::fs::write(&path, "10")?;
//! let limit: FileWatcher<u32> =
//!     FileWatcher::builder(path).text(Default::default(), |text| Ok(text.trim().parse()?))?;
//! assert_eq!(*limit.get()?, 10);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The file is loaded again whenever it changes, however it changes: renamed over, rewritten in
//! place, behind symbolic links that are switched, in directories that come and go, under mounts.
//! After an error (parse errors, a missing file, one that is too large) reads still return the last
//! good content, and [`FileWatcher::last_error`] returns the reason. A read fails only before the
//! first good load.
//!
//! # Reading
//!
//! | call | for |
//! |---|---|
//! | [`FileWatcher::get`] | anything: a lock-free guard |
//! | [`FileWatcher::reader`] | a thread's hot path: a cached handle, one atomic load |
//! | [`FileWatcher::get_arc`], [`FileWatcher::snapshot`] | keeping a content |
//! | [`FileWatcher::map`] | giving a component only a part, or a value computed from the content |
//! | [`FileWatcher::subscribe`], [`FileWatcher::wait_changed`] | acting on changes |
//! | [`Subscription::distinct`] | acting on changes of one field |
//! | [`FileWatcher::available`] | waiting for the first content in a task |
//! | [`DirectoryWatcher`] | all files below a directory as one value |
//!
//! # In async code
//!
//! `get()` never blocks and does no I/O. `changed().await` and `available().await` work in any
//! runtime. Building is the exception: it sets watches and reads the file once in the calling
//! thread, and waits there if [`Builder::timeout`] says so.
//!
//! # How it notices
//!
//! One hub for the process has an inotify instance and watches every directory and symbolic link on
//! the path to each file. Events only start a check; `stat` decides, and a hash of the content
//! decides whether to parse. A poll of `stat` ([`Builder::poll_interval`]) catches changes without
//! events, and takes over by itself while inotify is out of watches or instances. Files of /proc
//! and /sys are read at each poll. On a Unix other than Linux the poll runs alone.
//!
//! # Features
//!
//! - `tracing` (default): logs loads (debug), failures (warn) and recoveries (info).
//! - `json`, `toml`: `Builder::json` and `Builder::toml`.
//! - `encoding`: `TextOptions::encoding`, for text in other encodings than UTF-8.
//! - `futures`: a [`Subscription`] is a `Stream`.
//!
//! # What it does not do
//!
//! It writes nothing and keeps no history: of several quick changes only the last is sure to be
//! seen. It needs no async runtime and starts none.
//!
//! Its threads do not survive a `fork`: build watchers in the child.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod check;
mod content;
mod disk;
mod error;
mod handle;
mod hub;
mod limits;
mod log;
mod parse;
mod status;
mod sync;
pub mod testing;

pub use builder::directory::DirectoryBuilder;
pub use builder::file::Builder;
pub use error::{BoxError, Error, FileError};
pub use handle::directory::DirectoryWatcher;
pub use handle::guard::{Guard, Snapshot};
pub use handle::reader::Reader;
pub use handle::subscription::{Changed, Subscription};
pub use handle::view::View;
pub use handle::watcher::FileWatcher;
pub use limits::{
    DEFAULT_MAX_FILES, DEFAULT_MAX_SIZE, DEFAULT_POLL_INTERVAL, DEFAULT_QUIET_TIME, MAX_LOADERS,
    MAX_UNSETTLED, MIN_POLL_INTERVAL,
};
pub use parse::files::{FileContent, Files};
pub use parse::text::{Newlines, Text, TextOptions};
pub use status::{Mode, Status};

/// The examples in the README compile and hold.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
