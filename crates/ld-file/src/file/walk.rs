//! The way to a directory, step by step, so that no other user's symlink redirects the watcher.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{
    CWD, FileType, Mode, OFlags, PROC_SUPER_MAGIC, ResolveFlags, fstat, fstatfs, openat, openat2, readlinkat,
};
use rustix::io::Errno;

use super::FileError;
use super::identity::Identity;
use super::owner::effective_user;

/// Symlinks followed on the way to a directory; the kernel's own limit.
pub(crate) const MAX_LINKS: u32 = 40;

/// A descriptor to look at what stands there, and to look things up in a directory. Opening has no
/// effect.
const LOOK: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// A directory, behind a link or not.
const FOLLOW: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// A directory and nothing else.
const ENTER: OFlags = LOOK.union(OFlags::DIRECTORY);

/// Opens the directory `path` as a place to look things up in. A symlink on the way is followed if
/// it belongs to root or the watcher. Another user's is followed only to a directory of that user,
/// where that user could do anything that the watcher does.
///
/// # Errors
///
/// [`FileError::ForeignLink`], or the system's refusal; see [`FileError::is_missing`].
pub(super) fn walk(path: &Path) -> Result<OwnedFd, FileError> {
    walk_from(CWD, Path::new(""), path)
}

/// The same for a `path` below the directory `at`, which was opened by the path `start`.
pub(super) fn walk_from(at: BorrowedFd<'_>, start: &Path, path: &Path) -> Result<OwnedFd, FileError> {
    // The kernel walks faster, but only without symlinks. If it refuses, the slow way finds out
    // why.
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
            // One descriptor stands for the link from here on, so owner and text belong to the same
            // link.
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
            // Links there read as paths but lead elsewhere, and only the kernel makes them.
            self.open(at, name, FOLLOW)?
        } else {
            let text = readlinkat(&found, "", Vec::new()).map_err(self.fail())?;
            self.on(at, start, Path::new(OsStr::from_bytes(text.as_bytes())))?
        };
        let owner = link.st_uid;
        let is_trusted = [0, effective_user()].contains(&owner);
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

/// Follows `path` below `point` up to the first symlink, and gives the path that it leads to;
/// `None` if there is no symlink on the way. Blocks when the file system at `point` hangs.
pub(crate) fn follow_first_link(point: &Path, path: &Path) -> Option<PathBuf> {
    let mut here = point.to_path_buf();
    let mut names = path.strip_prefix(point).ok()?.components();
    while let Some(name) = names.next() {
        if name == Component::ParentDir {
            here.pop();
            return Some(here.join(names.as_path()));
        }
        here.push(name);
        if let Ok(link) = std::fs::read_link(&here) {
            here.pop();
            return Some(here.join(link).join(names.as_path()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symlinks_are_followed_one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        std::fs::create_dir(root.join("real")).unwrap();
        std::os::unix::fs::symlink("real", root.join("link")).unwrap();
        let follow = |path: &str| follow_first_link(root, &root.join(path));
        assert_eq!(follow("real/missing"), None);
        assert_eq!(follow("link/missing"), Some(root.join("real/missing")));
        assert_eq!(follow("real/../link/x"), Some(root.join("link/x")));
    }
}
