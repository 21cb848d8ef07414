//! The way to a directory, step by step, so that nobody else's symlink leads the watcher astray.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use rustix::fs::{
    CWD, FileType, Mode, OFlags, PROC_SUPER_MAGIC, ResolveFlags, fstat, fstatfs, openat, openat2, readlinkat,
};
use rustix::io::Errno;

use super::{FileError, Identity};

/// Symlinks followed on the way to a directory; the kernel's own limit.
const MAX_LINKS: u32 = 40;

/// A descriptor to look at what stands there and, if it is a directory, to look things up in it. Opening has no effect.
const LOOK: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// A directory, behind a link or not.
pub(super) const FOLLOW: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// A directory and nothing else.
const ENTER: OFlags = LOOK.union(OFlags::DIRECTORY);

/// Opens the directory `path` as a place to look things up in. A symlink on the way is followed if it belongs to root or
/// the watcher; anybody else's only to a directory of the link's owner, who could do there whatever the watcher does.
///
/// # Errors
///
/// [`FileError::ForeignLink`], or the system's refusal; see [`FileError::is_missing`].
pub(super) fn walk(path: &Path) -> Result<OwnedFd, FileError> {
    walk_from(CWD, Path::new(""), path)
}

/// The same for a `path` below the directory `at`, whose own path is `start`.
pub(super) fn walk_from(at: BorrowedFd<'_>, start: &Path, path: &Path) -> Result<OwnedFd, FileError> {
    // Without symlinks the kernel walks faster. If it does not, the slow way finds out why.
    openat2(at, path, ENTER, Mode::empty(), ResolveFlags::NO_SYMLINKS)
        .or_else(|_| Walk { goal: &start.join(path), links: 0 }.on(at, start, path))
}

struct Walk<'a> {
    goal: &'a Path,
    links: u32,
}

impl Walk<'_> {
    fn on(&mut self, at: BorrowedFd<'_>, start: &Path, path: &Path) -> Result<OwnedFd, FileError> {
        let mut here = self.open(at, ".", ENTER)?;
        let mut shown = start.to_owned();
        for component in path.components() {
            here = match component {
                Component::Normal(name) => self.step(here.as_fd(), &shown, name)?,
                other => self.open(here.as_fd(), other.as_os_str(), ENTER)?,
            };
            shown.push(component);
        }
        Ok(here)
    }

    fn step(&mut self, at: BorrowedFd<'_>, start: &Path, name: &OsStr) -> Result<OwnedFd, FileError> {
        let found = match openat(at, name, ENTER, Mode::empty()) {
            // From here on one descriptor stands for the link: owner and text cannot be those of two.
            Err(Errno::NOTDIR | Errno::LOOP) => self.open(at, name, LOOK)?,
            result => return result.map_err(self.fail()),
        };
        let link = fstat(&found).map_err(self.fail())?;
        if FileType::from_raw_mode(link.st_mode) != FileType::Symlink {
            return Err(self.fail()(Errno::NOTDIR));
        }
        self.links += 1;
        if self.links > MAX_LINKS {
            return Err(self.fail()(Errno::LOOP));
        }
        let end = if fstatfs(&found).map_err(self.fail())?.f_type == PROC_SUPER_MAGIC {
            // What reads as a path there is not where the link leads, and only the kernel makes such links.
            self.open(at, name, FOLLOW)?
        } else {
            let text = readlinkat(&found, "", Vec::new()).map_err(self.fail())?;
            self.on(at, start, Path::new(OsStr::from_bytes(text.as_bytes())))?
        };
        let owner = link.st_uid;
        let is_trusted = [0, users::get_effective_uid()].contains(&owner);
        if is_trusted || Identity::from(fstat(&end).map_err(self.fail())?).user == owner {
            return Ok(end);
        }
        Err(FileError::ForeignLink { link: start.join(name), owner })
    }

    fn open(&self, at: BorrowedFd<'_>, name: impl AsRef<OsStr>, flags: OFlags) -> Result<OwnedFd, FileError> {
        openat(at, name.as_ref(), flags, Mode::empty()).map_err(self.fail())
    }

    fn fail(&self) -> impl FnOnce(Errno) -> FileError + use<'_> {
        FileError::system("open the directory", self.goal)
    }
}
