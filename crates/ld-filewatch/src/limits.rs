//! Every default and limit, named.

use std::time::Duration;

/// How often a file is compared with the content in memory: every second, unless
/// [`poll_interval`](crate::Builder::poll_interval) says otherwise. While events are not available
/// it is compared at least this often.
pub const DEFAULT_POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The shortest poll interval that is accepted: 1 ms.
pub const MIN_POLL_INTERVAL: Duration = Duration::from_millis(1);

/// How long an in-place writer must pause before its file is read: 20 ms, unless
/// [`quiet_time`](crate::Builder::quiet_time) says otherwise.
pub const DEFAULT_QUIET_TIME: Duration = Duration::from_millis(20);

/// A file that is written without a pause is read after this time: 1 s.
pub const MAX_UNSETTLED: Duration = Duration::from_secs(1);

/// The largest file in bytes that is read: 64 MiB, unless [`max_size`](crate::Builder::max_size)
/// says otherwise.
pub const DEFAULT_MAX_SIZE: u64 = 64 << 20;

/// The most files of one directory that are read: 1,000, unless
/// [`max_files`](crate::DirectoryBuilder::max_files) says otherwise.
pub const DEFAULT_MAX_FILES: usize = 1_000;

/// How many parsers may be running at the same time in the process: 32. Further files wait for one
/// to end.
pub const MAX_LOADERS: usize = 32;

/// A read buffer larger than this (in bytes) is freed after the load; a smaller one is kept.
pub(crate) const KEPT_BUFFER: usize = 1 << 20;

/// A waiting load starts another loader thread after this time.
pub(crate) const GROW_AFTER: Duration = Duration::from_millis(2);

/// How long to wait before watches are set again after inotify refused an instance or a watch.
pub(crate) const RETRY_WATCHES_AFTER: Duration = Duration::from_secs(5);

/// A read without content has the same rejected content parsed again after this time at the
/// earliest.
pub(crate) const REPARSE_AFTER: Duration = Duration::from_millis(100);

/// File systems may stamp two changes with one time: a file is read once more when it is this old.
pub(crate) const COARSEST_CLOCK: Duration = Duration::from_secs(2);

/// Directories above a file of a watched directory.
pub(crate) const MAX_DEPTH: usize = 32;

/// Entries of a watched directory and all below it, whether the glob matches them or not.
pub(crate) const MAX_ENTRIES: usize = 100_000;

/// Symbolic links on one path, as in Linux itself.
pub(crate) const MAX_SYMLINKS: usize = 40;

/// Steps of one path, symbolic links included: far above what a real path needs.
pub(crate) const MAX_STEPS: usize = 1024;
