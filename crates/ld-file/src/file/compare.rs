//! Whether the destination already is what it should become.

use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;

use super::acl::has_foreign_acl;
use super::content::Content;
use super::directory::{Directory, split};
use super::identity::Identity;
use super::mode::Attributes;
use super::{FileError, FileState, Target, content};

/// Content up to this many bytes is hashed to see that it is new. Reading larger files ends at the
/// first difference, which is faster.
const MAX_HASHED: u64 = 4096;

/// What stands at a destination.
pub(super) enum Found {
    /// A file with the right content and owner, that only its owner can change, and with a mode
    /// that the state accepts.
    Right(Identity),
    /// The same with fewer mode bits: right, if the file system gives a new file no more.
    FewerModeBits(Identity),
    /// Something else, or nothing.
    Wrong(Option<Identity>),
}

/// Compares what stands at the destination with what should. Changes nothing.
pub(super) fn find(
    target: Target<'_>,
    directory: &Directory,
    content: Content<'_>,
    state: &FileState,
) -> Result<Found, FileError> {
    let (_, name) = split(target.dest)?;
    let Some(found) = directory.look(name)? else { return Ok(Found::Wrong(None)) };
    // A second name of the same file would let it be changed from elsewhere.
    let may_be_right = found.is_file()
        && found.links == 1
        && Attributes::new(target, directory).has_owner_of(&found)
        && found.mode & !target.mode == 0
        && !state.unflushed;
    if !may_be_right || is_known_to_differ(&found, content, state) {
        return Ok(Found::Wrong(Some(found)));
    }
    match open_if_equal(directory, name, &found, content)? {
        Some(file) if !has_foreign_acl(&file, directory) => {}
        _ => return Ok(Found::Wrong(Some(found))),
    }
    let is_right = state.accepts_mode(found.mode, target.mode);
    Ok(if is_right { Found::Right(found) } else { Found::FewerModeBits(found) })
}

/// Whether the file is right in content, owner and mode; changes nothing on disk. The state then
/// knows the file, or forgets it.
pub(crate) fn compare<'a>(
    target: Target<'_>,
    content: impl Into<Content<'a>>,
    state: &mut FileState,
) -> Result<bool, FileError> {
    let content = content.into();
    let (parent, _) = split(target.dest)?;
    let found = match Directory::open_if_exists(parent)? {
        Some(directory) => find(target, &directory, content, state)?,
        None => Found::Wrong(None),
    };
    let Found::Right(found) = found else {
        state.forget();
        return Ok(false);
    };
    state.set_right(found, content);
    Ok(true)
}

/// Whether a reader finds anything but `content` at the destination; for `None`, whether it finds
/// anything. Changes nothing. A directory counts as nothing, since it cannot be read.
pub(crate) fn differs(dest: &Path, content: Option<Content<'_>>) -> Result<bool, FileError> {
    let (parent, name) = split(dest)?;
    let Some(directory) = Directory::open_if_exists(parent)? else { return Ok(false) };
    let Some(found) = directory.look(name)?.filter(|found| !found.is_directory()) else { return Ok(false) };
    let Some(content) = content else { return Ok(true) };
    Ok(!found.is_file() || open_if_equal(&directory, name, &found, content)?.is_none())
}

/// Whether anything exists at the destination, a dangling symlink included.
pub(crate) fn exists(dest: &Path) -> bool {
    dest.symlink_metadata().is_ok()
}

/// Whether the file is as it was last written, with other content: it need not be read.
fn is_known_to_differ(found: &Identity, content: Content<'_>, state: &FileState) -> bool {
    content.size() <= MAX_HASHED
        && state.last_written.is_some_and(|last| last.identity == *found && last.hash != content.hash())
}

/// The regular file `found` at `name`, if it holds exactly `content`. A file that cannot be read,
/// or that changes meanwhile, does not: it can still be replaced.
fn open_if_equal(
    directory: &Directory,
    name: &OsStr,
    found: &Identity,
    content: Content<'_>,
) -> Result<Option<File>, FileError> {
    // Size first: most changes show without opening the file.
    if content.size() != found.size {
        return Ok(None);
    }
    let Some(file) = content::open_to_compare(directory, name)? else { return Ok(None) };
    let is_found = || Identity::of(&file) == Ok(*found);
    let is_equal = is_found() && content.is_in(&file).unwrap_or(false) && is_found();
    Ok(is_equal.then_some(file))
}
