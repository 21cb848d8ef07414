//! The one descriptor through which a destination is reached.

use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rustix::fs::{AtFlags, CWD, Dir, FsWord, Mode, OFlags, fstat, fstatfs, fsync, mkdirat, openat, statat};
use rustix::io::Errno;

use super::walk::{walk, walk_from};
use super::{FileError, Identity, Target};

/// What `statfs` says of tmpfs and ramfs (linux/magic.h).
const IN_MEMORY: [FsWord; 2] = [0x0102_1994, 0x8584_58f6];

/// A directory that can be listed and flushed.
const LIST: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

/// An open directory.
pub(crate) struct Directory {
    file: File,
    pub(super) path: PathBuf,
    /// Device and inode.
    key: (u64, u64),
    /// The group that a file created here gets.
    pub(super) new_group: u32,
    /// Whether no device is behind it, so that nothing done in it waits for one.
    pub(super) in_memory: bool,
    /// Nothing stood where the last file goes that was looked for. So nothing is expected where the next ones go.
    pub(super) is_vacant: Cell<bool>,
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
        let found = Identity::from(fstat(&place).map_err(fail())?);
        // A set-group-ID directory hands its group to new files.
        let new_group = if found.mode() & 0o2000 == 0 { users::get_effective_gid() } else { found.group };
        let in_memory = IN_MEMORY.contains(&fstatfs(&place).map_err(fail())?.f_type);
        // Only what is flushed has to be opened.
        let file = if in_memory { place } else { openat(place, ".", LIST, Mode::empty()).map_err(fail())? };
        Ok(Self {
            file: file.into(),
            path,
            key: found.key(),
            new_group,
            in_memory,
            is_vacant: Cell::new(false),
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

    /// Makes renames and removals survive a power cut, where there is a device that can.
    pub(super) fn flush(&self) -> Result<(), Errno> {
        if self.in_memory { Ok(()) } else { fsync(&self.file) }
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
///
/// `last` is the directory that was opened for it last, if it was one that exists.
pub(crate) fn locate(
    target: &Target,
    last: &mut Option<Rc<Directory>>,
) -> Result<(u64, u64, OsString), FileError> {
    let (parent, name) = split(&target.path)?;
    let opened = match last.take() {
        Some(last) if last.path == parent => last,
        _ => match Directory::open(parent) {
            Ok(directory) => Rc::new(directory),
            Err(error) if error.is_missing() => return locate_missing(parent, name),
            Err(error) => return Err(error),
        },
    };
    let (device, inode) = last.insert(opened).key;
    Ok((device, inode, name.to_owned()))
}

/// The same for a destination whose directory does not exist.
fn locate_missing(mut directory: &Path, name: &OsStr) -> Result<(u64, u64, OsString), FileError> {
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
