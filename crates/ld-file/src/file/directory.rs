//! The one descriptor through which a destination is reached.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustix::fs::{AtFlags, CWD, Dir, FsWord, Mode, OFlags, fstatfs, mkdirat, openat, statat};
use rustix::io::Errno;

use super::FileError;
use super::flush::flush;
use super::identity::Identity;
use super::owner::effective_group;
use super::walk::walk_from;

/// What `statfs` says of tmpfs and ramfs (linux/magic.h).
const IN_MEMORY: [FsWord; 2] = [0x0102_1994, 0x8584_58f6];

/// A directory that can be listed and flushed.
const LIST: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

/// Directories that a batch holds open for later files. Files of one directory mostly follow each
/// other.
const MAX_OPEN: usize = 16;

/// An open directory.
#[derive(Debug)]
pub(crate) struct Directory {
    file: File,
    path: PathBuf,
    /// Device and inode.
    pub(super) key: (u64, u64),
    /// The group that a file created here gets.
    pub(super) new_group: u32,
    /// Whether no device is behind it, so that nothing has to be flushed.
    pub(super) in_memory: bool,
    /// The ACL that new files get, once it was asked for.
    pub(super) default_acl: OnceLock<Vec<u8>>,
}

impl Directory {
    /// The path that it was opened by.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes renames and removals in it survive a power cut, unless the file system is in memory.
    ///
    /// # Errors
    ///
    /// The system's refusal, unless the file system does not support a flush.
    pub(crate) fn flush(&self) -> Result<(), FileError> {
        if self.in_memory {
            return Ok(());
        }
        flush(&self.file, self.key.0, &self.path)
            .map_err(FileError::system("flush the directory", &self.path))
    }

    /// Opens `path`.
    ///
    /// # Errors
    ///
    /// The system's refusal; see [`FileError::is_missing`].
    pub(super) fn open(path: &Path) -> Result<Self, FileError> {
        Self::open_at(CWD, Path::new(""), path)
    }

    /// The same; `None` if it does not exist.
    pub(super) fn open_if_exists(path: &Path) -> Result<Option<Self>, FileError> {
        match Self::open(path) {
            Err(error) if error.is_missing() => Ok(None),
            result => result.map(Some),
        }
    }

    /// Opens `path`, creating what is missing of it with mode 0755 less the umask. With `durable`,
    /// new directories are flushed to disk.
    fn open_or_create(path: &Path, durable: bool) -> Result<Self, FileError> {
        let missing = match Self::open(path) {
            Err(error) if error.is_missing() => error,
            result => return result,
        };
        let Some(name) = path.file_name() else { return Err(missing) };
        let parent = Self::open_or_create(parent_of(path), durable)?;
        match mkdirat(&parent, name, Mode::from_raw_mode(0o755)) {
            Ok(()) if durable => parent.flush()?,
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(FileError::system("create the directory", path)(error)),
        }
        Self::open_at(parent.as_fd(), &parent.path, name.as_ref())
    }

    fn open_at(at: BorrowedFd<'_>, start: &Path, path: &Path) -> Result<Self, FileError> {
        let place = walk_from(at, start, path)?;
        let path = start.join(path);
        let fail = || FileError::system("open the directory", &path);
        let found = Identity::of(&place).map_err(fail())?;
        // A set-group-ID directory hands its group to new files.
        let new_group = if found.mode & 0o2000 == 0 { effective_group() } else { found.group };
        let in_memory = IN_MEMORY.contains(&fstatfs(&place).map_err(fail())?.f_type);
        // Only what is flushed has to be opened for more than looking things up.
        let file = if in_memory { place } else { openat(place, ".", LIST, Mode::empty()).map_err(fail())? };
        Ok(Self {
            file: file.into(),
            path,
            key: found.key(),
            new_group,
            in_memory,
            default_acl: OnceLock::new(),
        })
    }

    /// What stands at `name`, not following a link; `None` if nothing does.
    pub(super) fn look(&self, name: &OsStr) -> Result<Option<Identity>, FileError> {
        match statat(self, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat.into())),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(FileError::system("look at", &self.path.join(name))(error)),
        }
    }

    /// What is in it.
    pub(super) fn list(&self) -> Result<Dir, Errno> {
        Dir::new(openat(self, ".", LIST, Mode::empty())?)
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// Opens the directory of destinations as the engine does, and makes what is missing of it. For a
/// process that has to name it before the engine starts. Blocks, maybe without end on a file system
/// that hangs.
///
/// # Errors
///
/// The system's refusal, or a symlink of another user on the way.
pub fn open_destination_directory(path: &Path) -> io::Result<OwnedFd> {
    let directory = Directory::open_or_create(path, true).map_err(io::Error::other)?;
    Ok(directory.file.into())
}

/// The directory and the name in it that a destination's path stands for.
pub(super) fn split(path: &Path) -> Result<(&Path, &OsStr), FileError> {
    let name = path.file_name().ok_or_else(|| FileError::NotAFileName(path.to_owned()))?;
    Ok((parent_of(path), name))
}

pub(super) fn parent_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The directories that one batch of file work has open. Use it for one batch only: a directory
/// that is replaced meanwhile is not noticed.
///
/// The least recently used ones are closed beyond a limit. When descriptors run out, all are
/// closed.
#[derive(Debug, Default)]
pub(crate) struct OpenDirectories {
    /// The most recently used one is the last.
    open: Vec<Arc<Directory>>,
}

impl OpenDirectories {
    /// The directory `path`, which must exist.
    pub(super) fn open(&mut self, path: &Path) -> Result<Arc<Directory>, FileError> {
        self.get(path, || Directory::open(path))
    }

    /// The directory `path`; see [`Directory::open_or_create`].
    pub(super) fn open_or_create(&mut self, path: &Path, durable: bool) -> Result<Arc<Directory>, FileError> {
        self.get(path, || Directory::open_or_create(path, durable))
    }

    fn get(
        &mut self,
        path: &Path,
        open: impl Fn() -> Result<Directory, FileError>,
    ) -> Result<Arc<Directory>, FileError> {
        // A `Path` takes long to compare.
        let known = self.open.iter().rposition(|known| known.path.as_os_str() == path.as_os_str());
        let directory = match known {
            Some(index) => self.open.remove(index),
            None => {
                if self.open.len() >= MAX_OPEN {
                    self.open.remove(0);
                }
                Arc::new(self.retry(open)?)
            }
        };
        self.open.push(directory.clone());
        Ok(directory)
    }

    /// Runs `open`. If descriptors have run out, it closes all directories and runs `open` again.
    pub(super) fn retry<T>(&mut self, open: impl Fn() -> Result<T, FileError>) -> Result<T, FileError> {
        match open() {
            Err(error) if error.is_out_of_descriptors() && !self.open.is_empty() => {
                self.open.clear();
                open()
            }
            result => result,
        }
    }
}
