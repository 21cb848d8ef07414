//! Giving a new file its owner and mode, and checking what the file system stored.

use std::fs::File;
use std::path::Path;

use rustix::fs::{Gid, Uid};
use rustix::io::Errno;

use super::directory::Directory;
use super::identity::Identity;
use super::owner::effective_user;
use super::{FileError, Target, system};

/// The user, group and mode that a file must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attributes {
    pub(super) user: u32,
    pub(super) group: u32,
    pub(super) mode: u32,
}

impl Attributes {
    pub(super) fn new(target: Target<'_>, directory: &Directory) -> Self {
        Self {
            user: target.owner.user.unwrap_or_else(effective_user),
            group: target.owner.group.unwrap_or(directory.new_group),
            mode: target.mode,
        }
    }

    pub(super) fn has_owner_of(&self, found: &Identity) -> bool {
        (found.user, found.group) == (self.user, self.group)
    }

    /// Gives them to a file, the owner first: a change of owner takes set-user-ID bits away. What
    /// is right already is not set again, so an unprivileged watcher needs no capability for its
    /// own files.
    ///
    /// The returned identity may have fewer mode bits than asked, where the file system gives no
    /// more.
    ///
    /// # Errors
    ///
    /// A refusal, a file system that gives more mode bits or another owner, or a file that has not
    /// exactly one name.
    pub(super) fn set(&self, file: &File, dest: &Path) -> Result<Identity, FileError> {
        let look = || Identity::of(file).map_err(FileError::system("look at a temporary file for", dest));
        let mut found = look()?;
        if !self.has_owner_of(&found) || found.mode != self.mode {
            self.set_owner(file, &found, dest)?;
            self.set_mode(file, dest)?;
            found = look()?;
        }
        if !self.has_owner_of(&found) {
            return Err(FileError::OwnerNotKept {
                path: dest.to_owned(),
                asked: (self.user, self.group),
                given: (found.user, found.group),
            });
        }
        if found.mode & !self.mode != 0 {
            return Err(FileError::ModeTooWide {
                path: dest.to_owned(),
                asked: self.mode,
                given: found.mode,
            });
        }
        // A second name would let the file be changed from elsewhere, and a file without a name was
        // swept.
        if found.links != 1 {
            return Err(FileError::Interference(dest.to_owned()));
        }
        Ok(found)
    }

    fn set_owner(&self, file: &File, found: &Identity, dest: &Path) -> Result<(), FileError> {
        let user = (found.user != self.user).then(|| Uid::from_raw(self.user));
        let group = (found.group != self.group).then(|| Gid::from_raw(self.group));
        if user.is_none() && group.is_none() {
            return Ok(());
        }
        system::fchown(file, user, group).map_err(refused("set the owner of", dest, "CAP_CHOWN"))
    }

    /// A refusal that the file system gives for every mode is no error here: the mode that the file
    /// has is checked afterwards.
    fn set_mode(&self, file: &File, dest: &Path) -> Result<(), FileError> {
        let refused = refused("set the mode of", dest, "CAP_FOWNER");
        match system::fchmod(file, self.mode) {
            // Another user's file takes a capability on every file system.
            Err(Errno::PERM) if ![0, self.user].contains(&effective_user()) => Err(refused(Errno::PERM)),
            Ok(()) | Err(Errno::PERM | Errno::NOSYS | Errno::OPNOTSUPP | Errno::INVAL) => Ok(()),
            Err(error) => Err(refused(error)),
        }
    }
}

/// Why owner or mode cannot be set. Root is refused for other reasons than a missing capability.
fn refused(action: &'static str, path: &Path, capability: &'static str) -> impl FnOnce(Errno) -> FileError {
    move |error| match error {
        Errno::PERM if effective_user() != 0 => {
            FileError::MissingCapability { action, path: path.to_owned(), capability }
        }
        error => FileError::system(action, path)(error),
    }
}
