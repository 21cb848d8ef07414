//! Making a destination not exist.

use rustix::fs::{AtFlags, unlinkat};
use rustix::io::Errno;

use super::directory::{Directory, split};
use super::{FileError, Target};

/// What a removal found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Removed {
    /// Nothing was there.
    Nothing,
    /// A regular file was removed.
    File,
    /// A symlink (not what it points to), a FIFO or the like was removed.
    Other,
}

/// Removes what stands at the destination, and never a directory. A missing directory is not created.
///
/// # Errors
///
/// A directory in the way, or what the system says.
pub(crate) fn remove(target: &Target) -> Result<Removed, FileError> {
    let (parent, name) = split(&target.path)?;
    let directory = match Directory::open(parent) {
        Err(error) if error.is_missing() => return Ok(Removed::Nothing),
        result => result?,
    };
    let Some(found) = directory.look(name)? else { return Ok(Removed::Nothing) };
    match unlinkat(&directory, name, AtFlags::empty()) {
        Ok(()) => {}
        Err(Errno::NOENT) => return Ok(Removed::Nothing),
        Err(Errno::ISDIR) => return Err(FileError::DirectoryInTheWay(target.path.to_path_buf())),
        Err(error) => return Err(FileError::system("remove", &target.path)(error)),
    }
    if target.settings.fsync {
        directory.flush().map_err(FileError::system("flush the directory", &directory.path))?;
    }
    Ok(if found.is_file() { Removed::File } else { Removed::Other })
}
