//! A file as it was left, and the ways in which it can turn out to be another.

use std::io;
use std::num::NonZeroU16;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Stat, statat};
use rustix::io::Errno;

/// A moment of the file system's clock, as `stat` gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(Rust, packed(4))]
pub(super) struct Timestamp {
    pub(super) seconds: i64,
    pub(super) nanoseconds: u32,
}

/// The file as it was left: another value means that somebody else changed it. The change time covers what the other
/// fields miss, such as an edit that puts the mtime back. Every node has one, so it is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(Rust, packed(4))]
pub(crate) struct Identity {
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) size: u64,
    pub(super) modified: Timestamp,
    pub(super) changed: Timestamp,
    pub(super) user: u32,
    pub(super) group: u32,
    /// Its kind is never zero.
    kind_and_mode: NonZeroU16,
    /// How many names it has, or the most that fit.
    pub(super) links: u16,
}

impl Identity {
    pub(super) fn is_file(&self) -> bool {
        self.kind() == FileType::RegularFile
    }

    pub(super) fn is_directory(&self) -> bool {
        self.kind() == FileType::Directory
    }

    /// The permission bits.
    pub(super) fn mode(&self) -> u32 {
        u32::from(self.kind_and_mode.get()) & 0o7777
    }

    /// What tells this file from every other that exists at the time.
    pub(super) fn key(&self) -> (u64, u64) {
        (self.device, self.inode)
    }

    /// Whether the file differs in nothing that touching it leaves alone.
    pub(super) fn is_same_but_for_times(&self, other: &Self) -> bool {
        Self { modified: self.modified, changed: self.changed, ..*other } == *self
    }

    fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.kind_and_mode.get().into())
    }
}

impl From<Stat> for Identity {
    #[allow(clippy::unnecessary_cast, reason = "the fields' types differ between architectures")]
    fn from(stat: Stat) -> Self {
        Self {
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            size: stat.st_size as u64,
            modified: Timestamp { seconds: stat.st_mtime as i64, nanoseconds: stat.st_mtime_nsec as u32 },
            changed: Timestamp { seconds: stat.st_ctime as i64, nanoseconds: stat.st_ctime_nsec as u32 },
            user: stat.st_uid,
            group: stat.st_gid,
            kind_and_mode: NonZeroU16::new(stat.st_mode as u16).unwrap_or(NonZeroU16::MIN),
            links: u16::try_from(stat.st_nlink).unwrap_or(u16::MAX),
        }
    }
}

/// How a destination differs from what was left there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Drift {
    /// Nothing is there.
    #[error("the file is missing")]
    Missing,
    /// A directory, a symlink or something stranger is there.
    #[error("there is something else than a regular file")]
    NotAFile,
    /// A file is there that was changed, or is another one.
    #[error("{what}: {size} bytes, mtime {mtime}")]
    Changed {
        /// What gave it away.
        what: &'static str,
        /// Its size in bytes.
        size: u64,
        /// Its mtime in seconds since 1970, rounded down.
        mtime: i64,
    },
    /// The file cannot be looked at.
    #[error("the file cannot be looked at")]
    Unknown(#[source] io::Error),
}

impl Drift {
    /// How `found` differs from `left`, if it does.
    pub(super) fn between(left: &Identity, found: &Identity) -> Option<Self> {
        if found == left {
            return None;
        }
        if !found.is_file() {
            return Some(Self::NotAFile);
        }
        let what = if found.key() != left.key() {
            "the file was replaced"
        } else if (found.size, found.modified) != (left.size, left.modified) {
            "the file was written to"
        } else if (found.mode(), found.user, found.group) != (left.mode(), left.user, left.group) {
            "the file's mode or owner was changed"
        } else {
            "the file was changed"
        };
        Some(Self::Changed { what, size: found.size, mtime: found.modified.seconds })
    }
}

/// The identity of what stands at `path` below the directory `at`, not following a link in its place.
pub(super) fn look(at: impl AsFd, path: impl AsRef<Path>) -> Result<Identity, Drift> {
    match statat(at, path.as_ref(), AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(stat.into()),
        Err(Errno::NOENT | Errno::NOTDIR) => Err(Drift::Missing),
        Err(error) => Err(Drift::Unknown(error.into())),
    }
}
