//! The private file that holds new content until it replaces the destination.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FlockOperation, Mode, OFlags, flock, openat};
use rustix::io::Errno;

use super::directory::{Directory, OpenDirectories, split};
use super::temp_names::{LiveName, forget_strays, strays, tag};
use super::{FileError, system};

/// Names tried before giving up. A random name of 64 bits is hardly ever taken by accident.
const ATTEMPTS: u32 = 8;

/// A temporary file: locked while in use, and removed when dropped.
#[derive(Debug)]
pub(super) struct Temp {
    pub(super) directory: Arc<Directory>,
    pub(super) file: File,
    name: LiveName,
    /// It stands under its new name, and is not removed when this is dropped.
    pub(super) in_place: bool,
}

impl Temp {
    /// Creates a file with `content` beside `destination`. No other user can open it: its mode is
    /// what `mode` gives its owner.
    ///
    /// # Errors
    ///
    /// The system's refusal, also to remove the file of a failed attempt: there is at most one.
    pub(super) fn create(
        directory: &Arc<Directory>,
        destination: &Path,
        mode: u32,
        content: &[u8],
    ) -> Result<Self, FileError> {
        let tag = tag(destination).map_err(FileError::system("resolve", destination))?;
        remove_strays(directory, tag)?;
        let mut temp = Self::create_empty(directory, tag, mode & 0o600)?;
        temp.file.write_all(content).map_err(FileError::system("write a temporary file for", destination))?;
        Ok(temp)
    }

    fn create_empty(directory: &Arc<Directory>, tag: u64, mode: u32) -> Result<Self, FileError> {
        let fail = || FileError::system("create a temporary file in", directory.path());
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        for _ in 0..ATTEMPTS {
            // The name is live before the file exists, so that no sweep of this process takes the
            // file.
            let name = LiveName::new(tag);
            let file = match openat(directory, &name.text, flags, Mode::from_raw_mode(mode)) {
                Ok(descriptor) => File::from(descriptor),
                Err(Errno::EXIST) => continue,
                Err(error) => return Err(fail()(error)),
            };
            let temp = Self { directory: Arc::clone(directory), file, name, in_place: false };
            // Before the lock, a sweep of another process may have taken the file for a stray one.
            // Then that sweep holds the lock, or the name is gone, which shows in the number of
            // links. A file system without locks is fine, since a sweep cannot lock there either.
            if flock(&temp.file, FlockOperation::NonBlockingLockExclusive) != Err(Errno::WOULDBLOCK) {
                return Ok(temp);
            }
        }
        Err(fail()(Errno::EXIST))
    }

    /// Renames the file to `name` in its directory. It still is removed when dropped, by its old
    /// name: a rename to another name of the same file does nothing.
    pub(super) fn rename(&self, name: impl AsRef<Path>) -> Result<(), Errno> {
        system::rename(&self.directory, &self.name.text, name)
    }

    /// Its path.
    pub(super) fn path(&self) -> PathBuf {
        self.directory.path().join(&self.name.text)
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        if self.in_place {
            return;
        }
        match system::unlink(&self.directory, &self.name.text) {
            Ok(()) | Err(Errno::NOENT) => {}
            // The next attempt for this destination tries again first.
            Err(_) => self.name.set_stray(),
        }
    }
}

/// Tries to remove what earlier attempts for this destination could not remove. It costs no system
/// call where there is nothing to remove.
pub(super) fn clean_up(directory: &Directory, destination: &Path) {
    if let Ok(tag) = tag(destination) {
        // The next write reports what still cannot be removed.
        let _ = remove_strays(directory, tag);
    }
}

/// Removes what earlier attempts could not remove.
fn remove_strays(directory: &Directory, tag: u64) -> Result<(), FileError> {
    let strays = strays(tag);
    for name in &strays {
        match system::unlink(directory, name) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => {
                let path = directory.path().join(name);
                return Err(FileError::system("remove the temporary file", &path)(error));
            }
        }
    }
    if !strays.is_empty() {
        forget_strays(tag);
    }
    Ok(())
}

/// A temporary file under check: it is removed when this is dropped.
#[derive(Debug)]
pub struct FileUnderCheck {
    _temp: Temp,
    path: PathBuf,
}

impl FileUnderCheck {
    /// Writes `content` into a temporary file of mode 0600 beside `dest`. The watcher gives the
    /// destination, since it may write nowhere else. A preview, which writes nothing there, gives a
    /// path below the system's directory for temporary files.
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
