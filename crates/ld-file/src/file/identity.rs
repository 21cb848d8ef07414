//! What `stat` says of a file.

use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{FileType, Stat, fstat};
use rustix::io::Errno;

use super::FileError;

/// The permission bits of a mode, with set-uid, set-gid and sticky.
const MAX_MODE: u32 = 0o7777;

/// A moment of the file system's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timestamp {
    pub(super) seconds: i64,
    pub(super) nanoseconds: u32,
}

/// One state of one file: another value means that the file was changed. The change time covers
/// what the other fields miss, such as an edit that puts the mtime back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) size: u64,
    pub(super) modified: Timestamp,
    pub(super) changed: Timestamp,
    pub(super) user: u32,
    pub(super) group: u32,
    pub(super) kind: FileType,
    /// The permission bits.
    pub(super) mode: u32,
    /// How many names the file has.
    pub(super) links: u64,
}

impl Identity {
    /// The identity of an open file.
    pub(super) fn of(file: impl AsFd) -> Result<Self, Errno> {
        fstat(file).map(Self::from)
    }

    pub(super) fn is_file(&self) -> bool {
        self.kind == FileType::RegularFile
    }

    pub(super) fn is_directory(&self) -> bool {
        self.kind == FileType::Directory
    }

    /// What tells this file from every other file that exists at the same time.
    pub(super) fn key(&self) -> (u64, u64) {
        (self.device, self.inode)
    }

    /// Whether the files differ in their times at most.
    pub(super) fn is_same_but_for_times(&self, other: &Self) -> bool {
        Self { modified: self.modified, changed: self.changed, ..*other } == *self
    }

    /// The kind in words, with its article.
    pub(super) fn kind_name(&self) -> &'static str {
        match self.kind {
            FileType::RegularFile => "a regular file",
            FileType::Directory => "a directory",
            FileType::Symlink => "a symlink",
            FileType::Fifo => "a FIFO",
            FileType::Socket => "a socket",
            FileType::CharacterDevice => "a character device",
            FileType::BlockDevice => "a block device",
            FileType::Unknown => "something of an unknown kind",
        }
    }

    /// Refuses what must never be replaced or removed: a directory, a device or a socket.
    pub(super) fn refuse_special(&self, path: &Path) -> Result<(), FileError> {
        match self.kind {
            FileType::Directory => Err(FileError::DirectoryInTheWay(path.to_owned())),
            FileType::CharacterDevice | FileType::BlockDevice | FileType::Socket => {
                Err(FileError::SpecialFile { path: path.to_owned(), kind: self.kind_name() })
            }
            _ => Ok(()),
        }
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
            kind: FileType::from_raw_mode(stat.st_mode),
            mode: stat.st_mode as u32 & MAX_MODE,
            links: stat.st_nlink as u64,
        }
    }
}
