//! The `stat` of a path, which alone decides whether a file changed.

use std::fs::{FileType, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::Error;

/// Which inode a path leads to: (device, inode).
pub(crate) type Inode = (u64, u64);

/// Enough of a regular file's `stat` to tell two states of a path apart. Compared with `!=` only:
/// times may go backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    inode: Inode,
    size: u64,
    mtime: (i64, i64),
    ctime: (i64, i64),
}

impl Identity {
    pub(crate) fn of(meta: &Metadata) -> Self {
        Self {
            inode: inode(meta),
            size: meta.size(),
            mtime: (meta.mtime(), meta.mtime_nsec()),
            ctime: (meta.ctime(), meta.ctime_nsec()),
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn mtime(&self) -> SystemTime {
        let (seconds, nanos) = self.mtime;
        let whole = Duration::from_secs(seconds.unsigned_abs());
        let base = if seconds < 0 { UNIX_EPOCH.checked_sub(whole) } else { UNIX_EPOCH.checked_add(whole) };
        base.and_then(|base| base.checked_add(Duration::from_nanos(nanos.unsigned_abs())))
            .unwrap_or(UNIX_EPOCH)
    }
}

pub(crate) fn inode(meta: &Metadata) -> Inode {
    (meta.dev(), meta.ino())
}

/// The state of a path at one moment, symbolic links followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    File(Identity),
    Missing,
    NotRegular(&'static str),
    /// The lookup failed with this error number.
    Failed(i32),
}

impl Seen {
    pub(crate) fn at(path: &Path) -> Self {
        match std::fs::metadata(path) {
            Ok(meta) if meta.is_file() => Self::File(Identity::of(&meta)),
            Ok(meta) => Self::NotRegular(kind(meta.file_type())),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                Self::Missing
            }
            Err(error) => Self::Failed(error.raw_os_error().unwrap_or(0)),
        }
    }

    /// Whether a file was last written longer ago than this. Only a hint: clocks may differ.
    pub(crate) fn is_older_than(&self, age: Duration) -> bool {
        match self {
            Self::File(identity) => identity.mtime().elapsed().is_ok_and(|elapsed| elapsed > age),
            _ => false,
        }
    }

    /// The error of a path that holds no regular file.
    pub(crate) fn error(&self, path: &Path) -> Option<Error> {
        let path = path.to_path_buf();
        match *self {
            Self::File(_) => None,
            Self::Missing => Some(Error::Missing { path }),
            Self::NotRegular(found) => Some(Error::NotRegularFile { path, found }),
            Self::Failed(code) => {
                Some(Error::Unreadable { path, source: std::io::Error::from_raw_os_error(code) })
            }
        }
    }
}

pub(crate) fn kind(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a fifo"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_char_device() || kind.is_block_device() {
        "a device"
    } else {
        "something else"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_before_1970_survives() {
        let identity = Identity { inode: (0, 0), size: 0, mtime: (-2, 500_000_000), ctime: (0, 0) };
        assert_eq!(identity.mtime(), UNIX_EPOCH - Duration::from_millis(1500));
    }

    #[test]
    fn a_path_below_a_regular_file_is_missing() {
        assert_eq!(Seen::at(Path::new("/etc/passwd/x")), Seen::Missing);
        assert_eq!(Seen::at(Path::new("/")), Seen::NotRegular("a directory"));
    }
}
