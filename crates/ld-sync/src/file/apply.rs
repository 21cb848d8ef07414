//! Making destinations hold content, many at a time.

use std::rc::Rc;

use super::batch::Batch;
use super::compare::holds;
use super::directory::{Directory, split};
use super::principal::Principals;
use super::{FileError, Identity, Left, Target, doubt};

/// What an apply did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The file was right in content, owner and mode, and was left alone.
    Unchanged,
    /// A new file stands there.
    Replaced,
}

/// A destination that is as it should be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Applied {
    /// The file as it was left.
    pub(crate) identity: Identity,
    /// What it took.
    pub(crate) outcome: Outcome,
    /// Whether it is in a file system in memory.
    pub(crate) in_memory: bool,
}

/// What a destination is to hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Write<'a> {
    pub(crate) target: &'a Target,
    pub(crate) content: &'a [u8],
    /// The file as it was left, if that is known.
    pub(crate) left: Option<Left>,
}

/// Makes each destination hold its content; the results are in the order of `writes`. A reader sees the old file or the
/// new one, never anything between. Each directory is opened and flushed once for all its files; if flushing fails, every
/// file replaced in it counts as failed and is written anew next time. One that is `opened` already need not be again.
pub(crate) fn apply_batch(
    writes: &[Write<'_>],
    opened: Option<Rc<Directory>>,
) -> Vec<Result<Applied, FileError>> {
    let mut batch = Batch::new(Directory::flush);
    batch.know(opened);
    for write in writes {
        batch.apply(*write);
    }
    batch.finish()
}

/// The file, if it is right in content, owner and mode; changes nothing.
pub(crate) fn find_right(target: &Target, content: &[u8]) -> Result<Option<Identity>, FileError> {
    let (parent, name) = split(&target.path)?;
    let directory = match Directory::open(parent) {
        Err(error) if error.is_missing() => return Ok(None),
        result => result?,
    };
    let owner = Principals::default().of(target, &directory)?;
    let right = |found: &Identity| is_right(found, owner, target) && holds(&directory, name, found, content);
    Ok(directory.look(name)?.filter(right))
}

/// Whether a reader finds something else at the destination than `content`, or anything at all for `None`; changes nothing.
/// A directory is nothing that it could read.
pub(crate) fn stands_against(target: &Target, content: Option<&[u8]>) -> Result<bool, FileError> {
    let (parent, name) = split(&target.path)?;
    let directory = match Directory::open(parent) {
        Err(error) if error.is_missing() => return Ok(false),
        result => result?,
    };
    let Some(found) = directory.look(name)?.filter(|found| !found.is_directory()) else { return Ok(false) };
    let right = content.is_some_and(|content| found.is_file() && holds(&directory, name, &found, content));
    Ok(!right)
}

/// Whether what was found is a file with the owner and the mode of the target that nobody else can change.
pub(super) fn is_right(found: &Identity, owner: (u32, u32), target: &Target) -> bool {
    let is_ours =
        found.is_file() && (found.user, found.group) == owner && found.mode() == target.settings.mode;
    // A second name of the same file would let it be changed from elsewhere.
    is_ours && found.links == 1 && !doubt::contains(found)
}
