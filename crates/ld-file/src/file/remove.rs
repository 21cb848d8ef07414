//! Making a destination not exist.

use rustix::io::Errno;

use super::directory::{Directory, split};
use super::temp::clean_up;
use super::{FileError, FileState, Target, system};

/// Removes what stands at the destination: a file, a FIFO or a symlink (not what it points to),
/// and never a directory, a device or a socket. Returns whether anything stood there. The state
/// forgets the file.
///
/// # Errors
///
/// What must not be removed, or what the system says.
pub(crate) fn remove(target: Target<'_>, state: &mut FileState) -> Result<bool, FileError> {
    let dest = target.dest;
    let (parent, name) = split(dest)?;
    let Some(directory) = Directory::open_if_exists(parent)? else {
        state.forget();
        return Ok(false);
    };
    clean_up(&directory, dest);
    let Some(found) = directory.look(name)? else {
        state.forget();
        return Ok(false);
    };
    found.refuse_special(dest)?;
    let removed = match system::unlink(&directory, name) {
        Ok(()) => true,
        Err(Errno::NOENT) => false,
        Err(Errno::ISDIR) => return Err(FileError::DirectoryInTheWay(dest.to_owned())),
        Err(Errno::BUSY) => return Err(FileError::MountPoint { action: "remove", path: dest.to_owned() }),
        Err(error) => return Err(FileError::system("remove", dest)(error)),
    };
    state.forget();
    if target.fsync {
        directory.flush()?;
    }
    Ok(removed)
}
