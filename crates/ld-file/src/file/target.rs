//! One file, and how it must be.

use std::path::Path;

use super::Owner;

/// One file, and how it must be.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Target<'a> {
    /// Its path. A relative one is resolved against the working directory.
    pub dest: &'a Path,
    /// The user and the group that it belongs to.
    pub owner: Owner,
    /// Its permission bits, 0 to 0o7777, exact: the umask does not apply.
    pub mode: u32,
    /// Whether the file and its directory are flushed to disk at each change.
    pub fsync: bool,
}

impl<'a> Target<'a> {
    /// A file that only this process's user may read, flushed to disk at each change.
    pub fn new(dest: &'a Path) -> Self {
        Self { dest, owner: Owner::default(), mode: 0o400, fsync: true }
    }
}
