//! Content that a program checks before it may replace a file.

use std::path::Path;

use super::FileError;
use super::directory::{OpenDirectories, split};
use super::temp::Temp;

/// Calls `look` with the absolute path of a temporary file that holds `content`. The file stands
/// beside the destination, the only place that the watcher may write to. It has mode 0600, and is
/// gone when this returns.
///
/// # Errors
///
/// What keeps the file from being written.
pub(crate) fn with_candidate<T>(
    dest: &Path,
    content: &[u8],
    look: impl FnOnce(&Path) -> T,
) -> Result<T, FileError> {
    let (parent, _) = split(dest)?;
    let directory = OpenDirectories::default().open_or_create(parent, false)?;
    let temp = Temp::create(&directory, dest, 0o600, content)?;
    let path = std::path::absolute(temp.path()).map_err(FileError::system("resolve", dest))?;
    Ok(look(&path))
}
