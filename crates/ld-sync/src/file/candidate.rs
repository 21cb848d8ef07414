//! Content that a program looks at before it may replace a file.

use std::io::Write;
use std::path::Path;
use std::rc::Rc;

use super::directory::{Directory, split};
use super::temp::Temp;
use super::{FileError, Target};

/// Calls `look` with the absolute path of a file that holds `content`. It stands beside the destination, the only place
/// that the watcher may write to: a temporary file like any other, of mode 0600, and gone when this returns.
///
/// # Errors
///
/// What keeps the file from being written.
pub(crate) fn show_candidate<T>(
    target: &Target,
    content: &[u8],
    look: impl FnOnce(&Path) -> T,
) -> Result<T, FileError> {
    let (parent, _) = split(&target.path)?;
    let directory = Rc::new(Directory::open_or_create(parent, false)?);
    let mut temp = Temp::create(&directory, &target.path, 0o600)?;
    temp.file.write_all(content).map_err(FileError::system("write a temporary file for", &target.path))?;
    let path = std::path::absolute(temp.path()).map_err(FileError::system("resolve", &target.path))?;
    Ok(look(&path))
}
