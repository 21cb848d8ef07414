//! The later steps of a write: flush, rename, and proof that the right file stands there.

use std::sync::Arc;

use rustix::fs::{Advice, fadvise};
use rustix::io::Errno;

use super::directory::{Directory, OpenDirectories, split};
use super::flush::flush;
use super::identity::Identity;
use super::owner::effective_user;
use super::temp::Temp;
use super::{FileError, FileState, Prepared, Target, content, prepare};

/// Makes the file hold `content`, with its owner and mode, and creates missing directories. Returns
/// whether it had to be replaced for that. Blocks, maybe without end on a file system that hangs.
///
/// # Errors
///
/// What keeps the file from being written, mostly with the old file untouched.
pub fn replace(target: Target<'_>, content: &[u8]) -> Result<bool, FileError> {
    let mut state = FileState::default();
    match prepare(target, content, &mut state, &mut OpenDirectories::default())? {
        Prepared::Unchanged => Ok(false),
        Prepared::Replacement(replacement) => {
            replacement.flush()?;
            let directory = Arc::clone(replacement.directory());
            replacement.put_in_place(target, content, &mut state)?;
            if target.fsync {
                directory.flush()?;
            }
            Ok(true)
        }
    }
}

/// A prepared temporary file with its content, owner and mode. Dropping it removes the file.
#[derive(Debug)]
pub(crate) struct Replacement {
    temp: Temp,
    /// As the file must be found after the rename, but for its times.
    identity: Identity,
    fsync: bool,
}

impl Replacement {
    pub(super) fn new(temp: Temp, identity: Identity, fsync: bool) -> Self {
        Self { temp, identity, fsync }
    }

    /// The destination's directory. It must be flushed after [`put_in_place`](Self::put_in_place),
    /// once for all files in it.
    pub(crate) fn directory(&self) -> &Arc<Directory> {
        &self.temp.directory
    }

    /// Asks for the content to be written to the disk, without waiting, so that the flushes of many
    /// files share their work.
    pub(crate) fn begin_flush(&self) {
        if self.has_disk() {
            // The advice starts the writing, and drops pages that are written already, of which
            // there are none yet. Where it is not understood, the flush does all the work.
            let _ = fadvise(&self.temp.file, 0, None, Advice::DontNeed);
        }
    }

    /// Waits until the content is on the disk, if there is one and that is asked for.
    pub(crate) fn flush(&self) -> Result<(), FileError> {
        if !self.has_disk() {
            return Ok(());
        }
        let path = self.temp.path();
        flush(&self.temp.file, self.identity.device, &path)
            .map_err(FileError::system("flush the temporary file", &path))
    }

    /// Puts the file in place of the destination. A reader sees the old file or the new one, never
    /// anything between. Afterwards the state knows the file.
    ///
    /// # Errors
    ///
    /// The system's refusal, with the old file untouched, or [`FileError::Interference`], with an
    /// unknown file in place.
    pub(crate) fn put_in_place(
        mut self,
        target: Target<'_>,
        content: &[u8],
        state: &mut FileState,
    ) -> Result<(), FileError> {
        let (_, name) = split(target.dest)?;
        self.temp.rename(name).map_err(|error| match error {
            Errno::ISDIR => FileError::DirectoryInTheWay(target.dest.to_owned()),
            Errno::NOENT => FileError::Interference(target.dest.to_owned()),
            Errno::BUSY => FileError::MountPoint { action: "replace", path: target.dest.to_owned() },
            error => FileError::system("replace", target.dest)(error),
        })?;
        // If anything below fails, the file is neither known nor flushed.
        state.set_unflushed();
        // The rename changed the change time, so the identity is taken now. A user with write
        // access to the directory can have swapped the temporary file, or given it a second name
        // through which it could be changed. A change since the owner was set is not ours: taken
        // for ours, it would never be found as drift.
        let found = self.directory().look(name)?;
        let found = found.filter(|found| found.is_same_but_for_times(&self.identity));
        let interference = || FileError::Interference(target.dest.to_owned());
        let found = found.ok_or_else(interference)?;
        // The owner may write to the file, also through a descriptor opened before the rename.
        if found.user != effective_user() && !self.holds(content, &found) {
            return Err(interference());
        }
        self.temp.set_in_place();
        state.set_right(found, content);
        Ok(())
    }

    /// Whether the file that was written is `found`, with this content.
    fn holds(&self, content: &[u8], found: &Identity) -> bool {
        let file = &self.temp.file;
        content::equals(file, content).unwrap_or(false) && Identity::of(file) == Ok(*found)
    }

    fn has_disk(&self) -> bool {
        self.fsync && !self.temp.directory.in_memory
    }
}
