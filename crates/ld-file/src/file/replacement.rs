//! One write: a temporary file beside the destination, then the rename, and proof that the right
//! file stands there.

use std::sync::Arc;

use rustix::fs::{Advice, fadvise};
use rustix::io::Errno;
use tracing::warn;

use super::compare::{Found, find};
use super::content::Content;
use super::directory::{Directory, OpenDirectories, split};
use super::flush::flush;
use super::identity::Identity;
use super::mode::Attributes;
use super::owner::effective_user;
use super::temp::{Temp, clean_up};
use super::{FileError, FileState, Filled, Target};

/// Makes the file hold `content`, with its owner and mode, and creates missing directories. Returns
/// whether it had to be replaced for that. Blocks, maybe without end on a file system that hangs.
///
/// # Errors
///
/// What keeps the file from being written, mostly with the old file untouched.
pub fn replace(target: Target<'_>, content: &[u8]) -> Result<bool, FileError> {
    let mut state = FileState::default();
    let prepared = Replacement::prepare(target, content, &mut state, &mut OpenDirectories::default())?;
    let Some(replacement) = prepared else { return Ok(false) };
    replacement.flush()?;
    let directory = replacement.put_in_place(target, content, &mut state)?;
    if target.fsync {
        directory.flush()?;
    }
    Ok(true)
}

/// A temporary file with its content, owner and mode. Dropping it removes the file.
#[derive(Debug)]
pub(crate) struct Replacement {
    temp: Temp,
    /// As the file must be found after the rename, but for its times.
    identity: Identity,
    /// Whether there is a disk to flush to, and that is asked for.
    flushes: bool,
}

impl Replacement {
    /// Looks at the destination and, unless it is right already, writes a temporary file with the
    /// content, owner and mode beside it. Missing directories are created. `None`: the file is
    /// right, and the state knows it.
    ///
    /// # Errors
    ///
    /// What keeps the file from being written; nothing is left behind where that is possible. After
    /// [`FileError::is_out_of_descriptors`] it may work once other replacements are put in place.
    pub(crate) fn prepare(
        target: Target<'_>,
        content: &[u8],
        state: &mut FileState,
        directories: &mut OpenDirectories,
    ) -> Result<Option<Self>, FileError> {
        let (parent, _) = split(target.dest)?;
        let directory = directories.open_or_create(parent, target.fsync)?;
        let compared = directories.retry(|| find(target, &directory, content.into(), state))?;
        let Some(found) = settle(target, compared, content.into(), state)? else {
            clean_up(&directory, target.dest);
            return Ok(None);
        };
        let temp = directories.retry(|| Temp::create(&directory, target.dest, target.mode, content))?;
        Self::of(target, temp, found, content.into(), state)
    }

    /// The same with a filled file in place of the content; it is taken once that is no more
    /// needed.
    ///
    /// # Errors
    ///
    /// As [`prepare`](Self::prepare), and [`FileError::Interference`] if the filled file is gone.
    pub(crate) fn adopt(
        target: Target<'_>,
        filled: &mut Filled,
        state: &mut FileState,
        directories: &mut OpenDirectories,
    ) -> Result<Option<Self>, FileError> {
        let content = Content::Known(filled.digest());
        let directory = filled.directory(target.dest)?;
        let compared = directories.retry(|| find(target, &directory, content, state))?;
        match settle(target, compared, content, state)? {
            Some(found) => Self::of(target, filled.take(target.dest)?, found, content, state),
            None => Ok(None),
        }
    }

    /// Gives the temporary file its owner and mode.
    fn of(
        target: Target<'_>,
        temp: Temp,
        found: Found,
        content: Content<'_>,
        state: &mut FileState,
    ) -> Result<Option<Self>, FileError> {
        let directory = Arc::clone(&temp.directory);
        let identity = Attributes::new(target, &directory).set(&temp.file, target.dest)?;
        if state.grant_mode(identity.mode, target.mode) {
            warn!(
                "the file system gives '{}' mode {:04o} instead of {:04o}: the file is written all the same; \
                 configure that mode, or use a file system that stores modes",
                target.dest.display(),
                identity.mode,
                target.mode
            );
        }
        match found {
            Found::FewerModeBits(found) if found.mode == identity.mode => {
                state.set_right(found, content);
                Ok(None)
            }
            _ => Ok(Some(Self { temp, identity, flushes: target.fsync && !directory.in_memory })),
        }
    }

    /// Asks for the content to be written to the disk, without waiting, so that the flushes of many
    /// files share their work.
    pub(crate) fn begin_flush(&self) {
        if self.flushes {
            // The advice starts the writing, and drops pages that are written already, of which
            // there are none yet. Where it is not understood, the flush does all the work.
            let _ = fadvise(&self.temp.file, 0, None, Advice::DontNeed);
        }
    }

    /// Waits until the content is on the disk, if there is one and that is asked for.
    pub(crate) fn flush(&self) -> Result<(), FileError> {
        if !self.flushes {
            return Ok(());
        }
        let path = self.temp.path();
        flush(&self.temp.file, self.identity.device, &path)
            .map_err(FileError::system("flush the temporary file", &path))
    }

    /// Puts the file in place of the destination. A reader sees the old file or the new one, never
    /// anything between. Afterwards the state knows the file. Returns its directory, which must be
    /// flushed next, once for all files in it.
    ///
    /// # Errors
    ///
    /// The system's refusal, with the old file untouched, or [`FileError::Interference`], with an
    /// unknown file in place.
    pub(crate) fn put_in_place<'a>(
        mut self,
        target: Target<'_>,
        content: impl Into<Content<'a>>,
        state: &mut FileState,
    ) -> Result<Arc<Directory>, FileError> {
        let content = content.into();
        let (_, name) = split(target.dest)?;
        let interference = || FileError::Interference(target.dest.to_owned());
        self.temp.rename(name).map_err(|error| match error {
            Errno::ISDIR => FileError::DirectoryInTheWay(target.dest.to_owned()),
            Errno::NOENT => interference(),
            Errno::BUSY => FileError::MountPoint { action: "replace", path: target.dest.to_owned() },
            error => FileError::system("replace", target.dest)(error),
        })?;
        // If anything below fails, the file is neither known nor flushed.
        state.set_unflushed();
        // The rename changed the change time, so the identity is taken now. A user with write
        // access to the directory can have swapped the temporary file, or given it a second name
        // through which it could be changed. A change since the owner was set is not ours: taken
        // for ours, it would never be found as drift.
        let found = self.temp.directory.look(name)?;
        let found =
            found.filter(|found| found.is_same_but_for_times(&self.identity)).ok_or_else(interference)?;
        // The owner may write to the file, also through a descriptor opened before the rename.
        if found.user != effective_user() && !self.holds(content, &found) {
            return Err(interference());
        }
        self.temp.in_place = true;
        state.set_right(found, content);
        Ok(Arc::clone(&self.temp.directory))
    }

    /// Whether the file that was written is `found`, with this content.
    fn holds(&self, content: Content<'_>, found: &Identity) -> bool {
        let file = &self.temp.file;
        content.is_in(file).unwrap_or(false) && Identity::of(file) == Ok(*found)
    }
}

/// Notes a file that is right already; else gives what stands in its place, and refuses what is
/// never replaced.
fn settle(
    target: Target<'_>,
    found: Found,
    content: Content<'_>,
    state: &mut FileState,
) -> Result<Option<Found>, FileError> {
    match &found {
        Found::Right(found) => {
            state.set_right(*found, content);
            return Ok(None);
        }
        Found::Wrong(Some(found)) => found.refuse_special(target.dest)?,
        _ => {}
    }
    Ok(Some(found))
}
