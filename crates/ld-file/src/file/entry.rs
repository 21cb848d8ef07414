//! Which directory entry a destination is, however its path is written.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::FileError;
use super::directory::{OpenDirectories, parent_of, split};
use super::identity::Identity;
use super::walk::walk;

/// Two destinations with the same entry are one file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    /// The device of the deepest directory that exists.
    device: u64,
    /// The inode of that directory.
    pub(super) inode: u64,
    /// The path from there.
    name: OsString,
}

/// The entry of a destination. Creates nothing, so the answer changes when directories appear.
///
/// # Errors
///
/// A path that names no file, or a directory that cannot be looked at.
pub(crate) fn locate(dest: &Path, directories: &mut OpenDirectories) -> Result<Entry, FileError> {
    let (parent, name) = split(dest)?;
    match directories.open(parent) {
        Ok(directory) => {
            let (device, inode) = directory.key;
            Ok(Entry { device, inode, name: name.to_owned() })
        }
        Err(error) if error.is_missing() => locate_missing(parent, name),
        Err(error) => Err(error),
    }
}

/// The same for a destination in a directory that does not exist.
fn locate_missing(mut directory: &Path, name: &OsStr) -> Result<Entry, FileError> {
    let mut rest = PathBuf::from(name);
    loop {
        match walk(directory) {
            Ok(place) => {
                let found =
                    Identity::of(place).map_err(FileError::system("look at the directory", directory))?;
                let (device, inode) = found.key();
                return Ok(Entry { device, inode, name: rest.into_os_string() });
            }
            Err(error) => {
                let (true, Some(name)) = (error.is_missing(), directory.file_name()) else {
                    return Err(error);
                };
                rest = Path::new(name).join(rest);
                directory = parent_of(directory);
            }
        }
    }
}
