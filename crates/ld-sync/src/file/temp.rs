//! The private file in which new content grows until it takes the destination's place.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rustix::fs::{
    Advice, AtFlags, FlockOperation, Mode, OFlags, RenameFlags, fadvise, fchmod, fchown, flock, fstat,
    openat, renameat, renameat_with, unlinkat,
};
use rustix::fs::{Gid, Uid};
use rustix::io::Errno;

use super::directory::Directory;
use super::{FileError, Identity};

/// What every temporary name starts with.
const PREFIX: &str = ".live-data.";

/// Names tried before giving up. A random name of 64 bits is taken only if somebody is playing games.
const ATTEMPTS: u32 = 8;

/// A temporary file that content is written to: locked while in use, and removed when dropped.
pub(super) struct Temp {
    directory: Rc<Directory>,
    name: String,
    in_place: bool,
    pub(super) file: File,
}

/// A temporary file with its content, owner and mode, ready to take the destination's place.
pub(super) struct Dressed {
    temp: Temp,
    /// As it should be found again when it stands in place.
    identity: Identity,
}

impl Temp {
    /// Creates and locks one for `destination`. Until it is dressed its mode is 0400 if that is `mode`, and 0600 otherwise:
    /// nobody but the owner gets in, who can read it, since a sweep could not lock it otherwise.
    pub(super) fn create(
        directory: &Rc<Directory>,
        destination: &Path,
        mode: u32,
    ) -> Result<Self, FileError> {
        let fail = || FileError::system("create a temporary file in", &directory.path);
        let tag = tag(destination).map_err(FileError::system("resolve", destination))?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = if mode == 0o400 { Mode::RUSR } else { Mode::RUSR | Mode::WUSR };
        for _ in 0..ATTEMPTS {
            let name = format!("{PREFIX}{tag:016x}.{:016x}", fastrand::u64(..));
            let file = match openat(directory, name.as_str(), flags, mode) {
                Ok(descriptor) => File::from(descriptor),
                Err(Errno::EXIST) => continue,
                Err(error) => return Err(fail()(error)),
            };
            let temp = Self { directory: Rc::clone(directory), name, in_place: false, file };
            // Between creation and lock a sweep may have taken the file for a stray one: then it holds the lock, or the
            // name is gone, which shows when the file is dressed. A file system without locks is fine, since a sweep
            // cannot lock there either.
            if flock(&temp.file, FlockOperation::NonBlockingLockExclusive) != Err(Errno::WOULDBLOCK) {
                return Ok(temp);
            }
        }
        Err(fail()(Errno::EXIST))
    }

    /// Where it stands.
    pub(super) fn path(&self) -> PathBuf {
        self.directory.path.join(&self.name)
    }

    /// Gives the file its owner, then its mode: a change of owner takes set-user-ID bits away. What is right already is
    /// not asked for, so that an unprivileged watcher needs no capability for its own files. Call it when the content is
    /// there: what changes afterwards is somebody else's doing.
    pub(super) fn dress(
        self,
        (user, group): (u32, u32),
        mode: u32,
        path: &Path,
    ) -> Result<Dressed, FileError> {
        let mut identity = self.identity()?;
        let is_dressed = |found: &Identity| (found.user, found.group, found.mode()) == (user, group, mode);
        if !is_dressed(&identity) {
            let new_user = (identity.user != user).then(|| Uid::from_raw(user));
            let new_group = (identity.group != group).then(|| Gid::from_raw(group));
            if new_user.is_some() || new_group.is_some() {
                fchown(&self.file, new_user, new_group).map_err(refused(
                    "set the owner of",
                    path,
                    "CAP_CHOWN",
                ))?;
            }
            let mode = Mode::from_raw_mode(mode);
            fchmod(&self.file, mode).map_err(refused("set the mode of", path, "CAP_FOWNER"))?;
            identity = self.identity()?;
        }
        // A second name would let the file be changed from elsewhere, and without a name it was swept.
        if identity.links != 1 {
            return Err(FileError::Interference(path.to_owned()));
        }
        Ok(Dressed { temp: self, identity })
    }

    fn identity(&self) -> Result<Identity, FileError> {
        fstat(&self.file)
            .map(Identity::from)
            .map_err(|error| FileError::system("look at", &self.path())(error))
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        if !self.in_place {
            // Best effort: the next start sweeps what stays.
            let _ = unlinkat(&self.directory, self.name.as_str(), AtFlags::empty());
        }
    }
}

impl Dressed {
    /// Whether it is in a file system in memory.
    pub(super) fn is_in_memory(&self) -> bool {
        self.temp.directory.in_memory
    }

    /// Where it stands.
    #[cfg(test)]
    pub(super) fn path(&self) -> PathBuf {
        self.temp.path()
    }

    /// Asks for the content to be written to the disk without waiting for that, so that the flushes of many files share
    /// their work.
    pub(super) fn begin_flush(&self) {
        if self.is_in_memory() {
            return;
        }
        // The advice starts the writing, and drops pages that are written already, of which there are none yet. Where it is
        // not understood the flush does all the work.
        let _ = fadvise(&self.temp.file, 0, None, Advice::DontNeed);
    }

    /// Waits until the content is on the disk, if there is one.
    pub(super) fn flush(&self, path: &Path) -> Result<(), FileError> {
        if self.is_in_memory() {
            return Ok(());
        }
        self.temp.file.sync_all().map_err(FileError::system("flush a temporary file for", path))
    }

    /// Its directory.
    pub(super) fn directory(&self) -> &Directory {
        &self.temp.directory
    }

    /// Puts the file in place of `name` and returns it as it was left.
    pub(super) fn put_in_place(self, name: &OsStr, path: &Path) -> Result<Identity, FileError> {
        let directory = self.directory();
        let renamed = renameat(directory, self.temp.name.as_str(), directory, name);
        self.left(renamed, name, path)
    }

    /// The same where nothing stands. Otherwise, or if the file system cannot tell, the file is handed back.
    pub(super) fn put_if_vacant(
        self,
        name: &OsStr,
        path: &Path,
    ) -> Result<Result<Identity, FileError>, Self> {
        let directory = self.directory();
        match renameat_with(directory, self.temp.name.as_str(), directory, name, RenameFlags::NOREPLACE) {
            Err(Errno::EXIST | Errno::INVAL | Errno::NOSYS) => Err(self),
            renamed => Ok(self.left(renamed, name, path)),
        }
    }

    /// The file as it was left by its renaming to `name`.
    fn left(mut self, renamed: Result<(), Errno>, name: &OsStr, path: &Path) -> Result<Identity, FileError> {
        match renamed {
            Ok(()) => {}
            Err(Errno::ISDIR) => return Err(FileError::DirectoryInTheWay(path.to_owned())),
            Err(Errno::NOENT) => return Err(FileError::Interference(path.to_owned())),
            Err(error) => return Err(FileError::system("replace", path)(error)),
        }
        // The rename changed the change time, so the identity is taken now. Whoever may write the directory may have
        // swapped the temporary file before, so that something else stands there; or given it a second name, through which
        // it could be changed from elsewhere (was that the destination's, nothing was renamed). And a change since the file
        // was dressed is somebody else's: taken for ours, it would never be found as drift.
        match self.directory().look(name)? {
            Some(left) if left.is_same_but_for_times(&self.identity) => {
                self.temp.in_place = true;
                Ok(left)
            }
            _ => Err(FileError::Interference(path.to_owned())),
        }
    }
}

/// Why owner or mode cannot be set: root is refused for other reasons than the want of a capability.
fn refused(action: &'static str, path: &Path, capability: &'static str) -> impl FnOnce(Errno) -> FileError {
    move |error| match error {
        Errno::PERM if users::get_effective_uid() != 0 => {
            FileError::MissingCapability { action, path: path.to_owned(), capability }
        }
        error => FileError::system(action, path)(error),
    }
}

/// The part of a temporary name that says whose it is: a hash of the absolute destination.
///
/// FNV-1a, because names must be found again by later releases: the standard library's hasher promises no such thing,
/// and a collision costs nothing, as both destinations are ours.
pub(super) fn tag(destination: &Path) -> std::io::Result<u64> {
    let absolute = if ld_config::is_plain_path(destination) {
        Cow::Borrowed(destination)
    } else {
        Cow::Owned(std::path::absolute(destination)?)
    };
    Ok(absolute.as_os_str().as_bytes().iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    }))
}

/// The tag in a name of exactly the shape that [`Temp::create`] gives.
pub(super) fn tag_of(name: &[u8]) -> Option<u64> {
    let (tag, random) = std::str::from_utf8(name).ok()?.strip_prefix(PREFIX)?.split_once('.')?;
    let is_hex =
        |part: &str| part.len() == 16 && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if is_hex(tag) && is_hex(random) { u64::from_str_radix(tag, 16).ok() } else { None }
}
