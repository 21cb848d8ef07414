//! The private file in which new content grows until it takes the destination's place.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, FlockOperation, Mode, OFlags, fchmod, fchown, flock, fstat, openat, renameat, unlinkat,
};
use rustix::fs::{Gid, Uid};
use rustix::io::Errno;

use super::directory::Directory;
use super::{FileError, Identity};

/// What every temporary name starts with.
const PREFIX: &str = ".live-data.";

/// Names tried before giving up. A random name of 64 bits is taken only if somebody is playing games.
const ATTEMPTS: u32 = 8;

/// A temporary file: locked while in use, and removed when dropped unless it was put in place.
pub(super) struct Temp<'a> {
    directory: &'a Directory,
    name: String,
    in_place: bool,
    /// As it was when it was locked.
    created: Option<Identity>,
    /// As it should be found again when it stands in place.
    dressed: Option<Identity>,
    pub(super) file: File,
}

impl<'a> Temp<'a> {
    /// Creates and locks one for `destination`, with mode 0600.
    pub(super) fn create(directory: &'a Directory, destination: &Path) -> Result<Self, FileError> {
        let fail = || FileError::system("create a temporary file in", &directory.path);
        let tag = tag(destination).map_err(FileError::system("resolve", destination))?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        for _ in 0..ATTEMPTS {
            let name = format!("{PREFIX}{tag}.{:016x}", fastrand::u64(..));
            let file = match openat(directory, name.as_str(), flags, Mode::RUSR | Mode::WUSR) {
                Ok(descriptor) => File::from(descriptor),
                Err(Errno::EXIST) => continue,
                Err(error) => return Err(fail()(error)),
            };
            let mut temp = Self { directory, name, in_place: false, created: None, dressed: None, file };
            // Between creation and lock a sweep may have taken the file for a stray one: then it holds the lock, or
            // the name is gone. A file system without locks is fine, since a sweep cannot lock there either.
            let swept = flock(&temp.file, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK);
            let created = temp.identity()?;
            if !swept && created.links == 1 {
                temp.created = Some(created);
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
    /// not asked for, so that an unprivileged watcher needs no capability for its own files.
    pub(super) fn dress(
        &mut self,
        (user, group): (u32, u32),
        mode: u32,
        path: &Path,
    ) -> Result<(), FileError> {
        let found = self.created.map_or_else(|| self.identity(), Ok)?;
        let user = (found.user != user).then(|| Uid::from_raw(user));
        let group = (found.group != group).then(|| Gid::from_raw(group));
        if user.is_some() || group.is_some() {
            fchown(&self.file, user, group).map_err(refused("set the owner of", path, "CAP_CHOWN"))?;
        }
        fchmod(&self.file, Mode::from_raw_mode(mode)).map_err(refused(
            "set the mode of",
            path,
            "CAP_FOWNER",
        ))?;
        self.dressed = Some(self.identity()?);
        Ok(())
    }

    /// Puts the file in place of `name` and returns it as it was left.
    pub(super) fn put_in_place(mut self, name: &OsStr, path: &Path) -> Result<Identity, FileError> {
        match renameat(self.directory, self.name.as_str(), self.directory, name) {
            Ok(()) => {}
            Err(Errno::ISDIR) => return Err(FileError::DirectoryInTheWay(path.to_owned())),
            Err(Errno::NOENT) => return Err(FileError::Interference(path.to_owned())),
            Err(error) => return Err(FileError::system("replace", path)(error)),
        }
        // The rename changed the change time, so the identity is taken now. Whoever may write the directory may have
        // swapped the temporary file before: then something else stands there.
        let left = self.identity()?;
        // A second name would let the file be changed from elsewhere. Was it the destination's, nothing was renamed.
        if left.links != 1 {
            return Err(FileError::Interference(path.to_owned()));
        }
        // A change since then is somebody else's: taken for ours, it would never be found as drift.
        if self.dressed.is_some_and(|dressed| !left.is_same_but_for_times(&dressed)) {
            return Err(FileError::Interference(path.to_owned()));
        }
        if self.directory.look(name)?.is_none_or(|found| found.key() != left.key()) {
            return Err(FileError::Interference(path.to_owned()));
        }
        self.in_place = true;
        Ok(left)
    }

    fn identity(&self) -> Result<Identity, FileError> {
        fstat(&self.file)
            .map(Identity::from)
            .map_err(|error| FileError::system("look at", &self.path())(error))
    }
}

impl Drop for Temp<'_> {
    fn drop(&mut self) {
        if !self.in_place {
            // Best effort: the next start sweeps what stays.
            let _ = unlinkat(self.directory, self.name.as_str(), AtFlags::empty());
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
pub(super) fn tag(destination: &Path) -> std::io::Result<String> {
    let absolute: PathBuf = std::path::absolute(destination)?;
    let hash = absolute.as_os_str().as_bytes().iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    });
    Ok(format!("{hash:016x}"))
}

/// The tag in a name of exactly the shape that [`Temp::create`] gives.
pub(super) fn tag_of(name: &[u8]) -> Option<&str> {
    let (tag, random) = std::str::from_utf8(name).ok()?.strip_prefix(PREFIX)?.split_once('.')?;
    let is_hex =
        |part: &str| part.len() == 16 && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (is_hex(tag) && is_hex(random)).then_some(tag)
}
