//! The one descriptor through which a destination is reached.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FsWord, Mode, OFlags, fstat, fstatfs, fsync, mkdirat, openat, statat};
use rustix::io::Errno;

use super::walk::{walk, walk_from};
use super::{FileError, Identity, Target};

/// What `statfs` says of tmpfs and ramfs (linux/magic.h).
const IN_MEMORY: [FsWord; 2] = [0x0102_1994, 0x8584_58f6];

/// An open directory.
pub(super) struct Directory {
    file: File,
    pub(super) path: PathBuf,
    /// The group that a file created here gets.
    pub(super) new_group: u32,
    /// Whether no device is behind it, so that nothing done in it waits for one.
    pub(super) in_memory: bool,
}

impl Directory {
    /// Opens `path`.
    ///
    /// # Errors
    ///
    /// The system's refusal; see [`FileError::is_missing`].
    pub(super) fn open(path: &Path) -> Result<Self, FileError> {
        Self::open_at(CWD, Path::new(""), path)
    }

    /// Opens `path`, creating what is missing of it with mode 0755 less the umask. With `durable`, new directories are
    /// flushed to disk.
    pub(super) fn open_or_create(path: &Path, durable: bool) -> Result<Self, FileError> {
        let missing = match Self::open(path) {
            Err(error) if error.is_missing() => error,
            result => return result,
        };
        let Some(name) = path.file_name() else { return Err(missing) };
        let parent = Self::open_or_create(parent_of(path), durable)?;
        match mkdirat(&parent, name, Mode::from_raw_mode(0o755)) {
            Ok(()) if durable => {
                parent.flush().map_err(FileError::system("flush the directory", &parent.path))?
            }
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(FileError::system("create the directory", path)(error)),
        }
        Self::open_at(parent.as_fd(), &parent.path, name.as_ref())
    }

    fn open_at(at: BorrowedFd<'_>, start: &Path, path: &Path) -> Result<Self, FileError> {
        let place = walk_from(at, start, path)?;
        let path = start.join(path);
        let fail = || FileError::system("open the directory", &path);
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        let file = File::from(openat(place, ".", flags, Mode::empty()).map_err(fail())?);
        let found = Identity::from(fstat(&file).map_err(fail())?);
        // A set-group-ID directory hands its group to new files.
        let new_group = if found.mode() & 0o2000 == 0 { users::get_effective_gid() } else { found.group };
        let kind = fstatfs(&file).map_err(fail())?.f_type;
        Ok(Self { file, path, new_group, in_memory: IN_MEMORY.contains(&kind) })
    }

    /// What stands at `name`, not following a link; `None` if nothing does.
    pub(super) fn look(&self, name: &OsStr) -> Result<Option<Identity>, FileError> {
        match statat(self, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat.into())),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(FileError::system("look at", &self.path.join(name))(error)),
        }
    }

    /// Makes renames and removals survive a power cut.
    pub(super) fn flush(&self) -> Result<(), Errno> {
        fsync(&self.file)
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// The directory and the name in it that a destination's path stands for.
pub(super) fn split(path: &Path) -> Result<(&Path, &OsStr), FileError> {
    let name = path.file_name().ok_or_else(|| FileError::NotAFileName(path.to_owned()))?;
    Ok((parent_of(path), name))
}

fn parent_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether the destination's directory exists and is in a file system in memory.
pub(crate) fn is_in_memory(target: &Target) -> bool {
    let directory = split(&target.path).and_then(|(parent, _)| Directory::open(parent));
    directory.is_ok_and(|directory| directory.in_memory)
}

/// What two destinations share exactly if they are one file: device and inode of the deepest directory that exists, and
/// the path from there. Creates nothing, so the answer changes when directories appear.
///
/// # Errors
///
/// A path that names no file, or a directory that cannot be looked at.
pub(crate) fn locate(target: &Target) -> Result<(u64, u64, OsString), FileError> {
    let (mut directory, name) = split(&target.path)?;
    let mut rest = PathBuf::from(name);
    loop {
        match walk(directory) {
            Ok(place) => {
                let found = fstat(place).map_err(FileError::system("look at the directory", directory))?;
                let (device, inode) = Identity::from(found).key();
                return Ok((device, inode, rest.into_os_string()));
            }
            Err(error) => {
                let (true, Some(name)) = (error.is_missing(), directory.file_name()) else {
                    return Err(error);
                };
                rest = Path::new(name).join(rest);
                directory = parent_of(directory);
            }
        }
    }
}
