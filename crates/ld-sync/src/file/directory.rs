//! The one descriptor through which a destination is reached.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, fstat, fsync, mkdirat, openat, statat};
use rustix::io::Errno;

use super::{FileError, Identity, Target};

/// `O_NONBLOCK` costs nothing on a directory and keeps anything else from making the open wait.
const OPEN: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK);

/// An open directory.
pub(super) struct Directory {
    file: File,
    pub(super) path: PathBuf,
    /// The group that a file created here gets.
    pub(super) new_group: u32,
}

impl Directory {
    /// Opens `path`.
    ///
    /// # Errors
    ///
    /// The system's refusal; see [`FileError::is_missing`].
    pub(super) fn open(path: &Path) -> Result<Self, FileError> {
        Self::open_at(CWD, path, path)
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
        Self::open_at(parent.as_fd(), name.as_ref(), path)
    }

    fn open_at(at: BorrowedFd<'_>, name: &Path, path: &Path) -> Result<Self, FileError> {
        let fail = || FileError::system("open the directory", path);
        let file = File::from(openat(at, name, OPEN, Mode::empty()).map_err(fail())?);
        let found = Identity::from(fstat(&file).map_err(fail())?);
        // A set-group-ID directory hands its group to new files.
        let new_group = if found.mode() & 0o2000 == 0 { users::get_effective_gid() } else { found.group };
        Ok(Self { file, path: path.to_owned(), new_group })
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
        match fs::metadata(directory) {
            Ok(found) => return Ok((found.dev(), found.ino(), rest.into_os_string())),
            Err(error) => {
                let error = FileError::system("look at the directory", directory)(error);
                let (true, Some(name)) = (error.is_missing(), directory.file_name()) else {
                    return Err(error);
                };
                rest = Path::new(name).join(rest);
                directory = parent_of(directory);
            }
        }
    }
}
