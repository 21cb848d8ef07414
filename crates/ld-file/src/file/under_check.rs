//! Content that a program checks before it may replace a file.

use std::path::{Path, PathBuf};

use super::FileError;
use super::directory::{OpenDirectories, split};
use super::temp::Temp;

/// A temporary file under check: it is removed when this is dropped.
#[derive(Debug)]
pub struct FileUnderCheck {
    _temp: Temp,
    path: PathBuf,
}

impl FileUnderCheck {
    /// Writes `content` into a temporary file of mode 0600 beside the destination, the only place
    /// that the watcher may write to.
    ///
    /// # Errors
    ///
    /// What keeps the file from being written.
    pub fn write(dest: &Path, content: &[u8]) -> Result<Self, FileError> {
        let (parent, _) = split(dest)?;
        let directory = OpenDirectories::default().open_or_create(parent, false)?;
        let temp = Temp::create(&directory, dest, 0o600, content)?;
        let path = std::path::absolute(temp.path()).map_err(FileError::system("resolve", dest))?;
        Ok(Self { _temp: temp, path })
    }
}

impl AsRef<Path> for FileUnderCheck {
    /// The absolute path.
    fn as_ref(&self) -> &Path {
        &self.path
    }
}
