//! The `stat` of one regular file.

use std::fs::{FileType, Metadata};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Which inode a path leads to: (device, inode).
pub(crate) type Inode = (u64, u64);

/// Enough of a regular file's `stat` to tell two states of a path apart. Compared with `!=` only:
/// times may go backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

    pub(crate) fn is_same_inode(&self, other: &Self) -> bool {
        (self.inode, self.size) == (other.inode, other.size)
    }

    pub(crate) fn mtime(&self) -> SystemTime {
        time(self.mtime)
    }

    /// When content, name or permissions last changed.
    pub(crate) fn ctime(&self) -> SystemTime {
        time(self.ctime)
    }
}

fn time((seconds, nanos): (i64, i64)) -> SystemTime {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let base = if seconds < 0 { UNIX_EPOCH.checked_sub(whole) } else { UNIX_EPOCH.checked_add(whole) };
    base.and_then(|base| base.checked_add(Duration::from_nanos(nanos.unsigned_abs()))).unwrap_or(UNIX_EPOCH)
}

pub(crate) fn inode(meta: &Metadata) -> Inode {
    (meta.dev(), meta.ino())
}

/// The name of a kind of file, for messages.
pub(crate) fn kind(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "a directory"
    } else if kind.is_file() {
        "a regular file"
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
}
