//! The first step of a write: everything but the rename.

use std::sync::Arc;

use tracing::warn;

use super::compare::is_right_but_for_mode;
use super::directory::{Directory, OpenDirectories, split};
use super::identity::Identity;
use super::mode::Attributes;
use super::temp::{Temp, clean_up};
use super::{FileError, FileState, Replacement, Target};

/// What a destination needs.
#[derive(Debug)]
pub(crate) enum Prepared {
    /// Nothing: the file is right in content, owner and mode, and the state knows it.
    Unchanged,
    /// This file in its place.
    Replacement(Replacement),
}

/// What stands at a destination.
enum Found {
    Right(Identity),
    /// Right, if the file system gives a new file no more mode bits than this one has.
    FewerModeBits(Identity),
    /// Another file, or nothing.
    Wrong,
}

/// Looks at the destination and, unless it is right already, writes a temporary file with the
/// content, owner and mode beside it. Missing directories are created.
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
) -> Result<Prepared, FileError> {
    let (parent, _) = split(target.dest)?;
    let directory = directories.open_or_create(parent, target.fsync)?;
    let attributes = Attributes::new(target, &directory);
    let found = directories.with_room(|| look(target, &attributes, content, state, &directory))?;
    if let Found::Right(found) = found {
        state.set_right(found, content);
        clean_up(&directory, target.dest);
        return Ok(Prepared::Unchanged);
    }
    let temp = directories.with_room(|| Temp::create(&directory, target.dest, target.mode, content))?;
    let identity = attributes.set(&temp.file, target.dest)?;
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
            Ok(Prepared::Unchanged)
        }
        _ => Ok(Prepared::Replacement(Replacement::new(temp, identity, target.fsync))),
    }
}

fn look(
    target: Target<'_>,
    attributes: &Attributes,
    content: &[u8],
    state: &FileState,
    directory: &Arc<Directory>,
) -> Result<Found, FileError> {
    let (_, name) = split(target.dest)?;
    let Some(found) = directory.look(name)? else { return Ok(Found::Wrong) };
    found.refuse_special(target.dest)?;
    if !is_right_but_for_mode(directory, name, &found, attributes, content, state)? {
        return Ok(Found::Wrong);
    }
    let is_right = state.accepts_mode(found.mode, target.mode);
    Ok(if is_right { Found::Right(found) } else { Found::FewerModeBits(found) })
}
