//! The state of a watched path at one moment, which alone decides whether something changed.

use std::fs::Metadata;
use std::io::{Error as IoError, ErrorKind};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::disk::identity::{Identity, kind};
use crate::disk::tree::TreeIdentity;
use crate::error::Error;

/// The state of a path at one moment, symbolic links followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    File(Identity),
    Directory(TreeIdentity),
    Missing,
    /// Something else is in the place of the file.
    NotFile(&'static str),
    /// Something else is in the place of the directory.
    NotDirectory(&'static str),
    /// The lookup failed with this error number.
    Failed(i32),
}

impl Seen {
    /// What `found` makes of the path, if something is there.
    pub(crate) fn at(path: &Path, found: impl FnOnce(&Metadata) -> Self) -> Self {
        match std::fs::metadata(path) {
            Ok(meta) => found(&meta),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                Self::Missing
            }
            Err(error) => Self::Failed(error.raw_os_error().unwrap_or(0)),
        }
    }

    /// The state of a regular file.
    pub(crate) fn file(path: &Path) -> Self {
        Self::at(path, |meta| match meta.is_file() {
            true => Self::File(Identity::of(meta)),
            false => Self::NotFile(kind(meta.file_type())),
        })
    }

    /// When the content was last modified; `None` if there is none.
    pub(crate) fn mtime(&self) -> Option<SystemTime> {
        match self {
            Self::File(identity) => Some(identity.mtime()),
            Self::Directory(tree) => Some(tree.mtime),
            _ => None,
        }
    }

    /// Whether the content was last written longer ago than this. Only a hint: clocks may differ.
    pub(crate) fn is_older_than(&self, age: Duration) -> bool {
        let changed = match self {
            // A file that was moved here may be old, and another may follow it.
            Self::Directory(tree) => Some(tree.changed),
            _ => self.mtime(),
        };
        changed.is_some_and(|changed| changed.elapsed().is_ok_and(|elapsed| elapsed > age))
    }

    /// The error of a path without content.
    pub(crate) fn error(&self, path: &Path) -> Option<Error> {
        let path = path.to_path_buf();
        match *self {
            Self::File(_) | Self::Directory(_) => None,
            Self::Missing => Some(Error::Missing { path }),
            Self::NotFile(found) => Some(Error::NotRegularFile { path, found }),
            Self::NotDirectory(found) => Some(Error::NotDirectory { path, found }),
            Self::Failed(code) => Some(Error::Unreadable { path, source: IoError::from_raw_os_error(code) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_below_a_regular_file_is_missing() {
        assert_eq!(Seen::file(Path::new("/etc/passwd/x")), Seen::Missing);
        assert_eq!(Seen::file(Path::new("/")), Seen::NotFile("a directory"));
    }
}
