//! Which directory entry a destination is, however its path is written.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::FileError;
use super::directory::{OpenDirectories, parent_of, split};
use super::identity::Identity;
use super::walk::walk;

/// Two destinations with the same entry are one file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    /// Device and inode of the deepest directory that exists.
    pub(super) directory: (u64, u64),
    /// The path from there.
    name: OsString,
}

/// The entry of a destination. Creates nothing, so the answer changes when directories appear.
///
/// # Errors
///
/// A path that names no file, or a directory that cannot be looked at.
pub(crate) fn locate(dest: &Path, directories: &mut OpenDirectories) -> Result<Entry, FileError> {
    let (mut path, name) = split(dest)?;
    let mut rest = PathBuf::from(name);
    let mut found = directories.open(path).map(|directory| directory.key);
    loop {
        let error = match found {
            Ok(directory) => return Ok(Entry { directory, name: rest.into_os_string() }),
            Err(error) => error,
        };
        let (true, Some(name)) = (error.is_missing(), path.file_name()) else { return Err(error) };
        rest = Path::new(name).join(rest);
        path = parent_of(path);
        found = walk(path).and_then(|place| {
            let look = Identity::of(place).map_err(FileError::system("look at the directory", path));
            look.map(|found| found.key())
        });
    }
}
