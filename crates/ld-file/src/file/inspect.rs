//! Which other users could redirect a destination.

use std::path::Path;

pub use ld_config::OpenDirectory;

/// Looks at the directory of a destination and at every directory on the way to it, as
/// [`open_directory`](ld_config::open_directory) does: for one that others than root, this
/// process's user and the file's `owner` can write. What cannot be looked at does not warn: the
/// write will say why.
pub fn inspect_directory(dest: &Path, owner: Option<u32>) -> Option<OpenDirectory> {
    ld_config::open_directory(std::path::absolute(dest).ok()?.parent()?, owner)
}
