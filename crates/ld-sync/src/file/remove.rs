//! Making a destination not exist.

use ld_config::NodeConfig;
use rustix::io::Errno;

use super::directory::{Directory, split};
use super::temp::clean_up;
use super::{FileError, FileState, system};

/// What a removal found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Removed {
    /// Nothing was there.
    Nothing,
    /// A regular file was removed.
    File,
    /// A symlink (not what it points to) or a FIFO was removed.
    Other,
}

/// Removes what stands at the destination, and never a directory, a device or a socket. A missing
/// directory is not created. The state forgets the file.
///
/// # Errors
///
/// What must not be removed, or what the system says.
pub(crate) fn remove(node: &NodeConfig, state: &mut FileState) -> Result<Removed, FileError> {
    let dest = &node.dest;
    let (parent, name) = split(dest)?;
    let directory = match Directory::open(parent) {
        Err(error) if error.is_missing() => {
            state.forget();
            return Ok(Removed::Nothing);
        }
        result => result?,
    };
    clean_up(&directory, dest);
    let Some(found) = directory.look(name)? else {
        state.forget();
        return Ok(Removed::Nothing);
    };
    found.refuse_special(dest)?;
    let removed = match system::unlink(&directory, name) {
        Ok(()) if found.is_file() => Removed::File,
        Ok(()) => Removed::Other,
        Err(Errno::NOENT) => Removed::Nothing,
        Err(Errno::ISDIR) => return Err(FileError::DirectoryInTheWay(dest.clone())),
        Err(Errno::BUSY) => return Err(FileError::MountPoint { action: "remove", path: dest.clone() }),
        Err(error) => return Err(FileError::system("remove", dest)(error)),
    };
    state.forget();
    if node.fsync {
        directory.flush()?;
    }
    Ok(removed)
}
