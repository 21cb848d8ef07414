//! Content that comes in pieces, too large for memory.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::content::{Digest, DigestOfPieces};
use super::directory::{Directory, OpenDirectories, split};
use super::flush::flush;
use super::temp::Temp;
use super::{FileError, Target};

/// A temporary file beside a destination, to be filled piece by piece. All calls block. Dropping it
/// removes the file, which blocks, too.
pub struct Incoming {
    temp: Temp,
    digest: DigestOfPieces,
    flushes: bool,
}

/// The same with all of its content; [`Work::Adopt`](crate::Work::Adopt) puts it in place.
pub struct Filled {
    /// `None` once it was taken.
    temp: Option<Temp>,
    digest: Digest,
}

impl Incoming {
    /// Creates an empty file beside the target. Missing directories are created. No other user can
    /// open it.
    ///
    /// # Errors
    ///
    /// What keeps the file from being created.
    pub fn create(target: Target<'_>) -> Result<Self, FileError> {
        let (parent, _) = split(target.dest)?;
        let directory = OpenDirectories::default().open_or_create(parent, target.fsync)?;
        let temp = Temp::create(&directory, target.dest, target.mode, &[])?;
        Ok(Self { temp, digest: DigestOfPieces::new(), flushes: target.fsync && !directory.in_memory })
    }

    /// Adds a piece.
    ///
    /// # Errors
    ///
    /// The system's refusal, for example because the disk is full. The file cannot be used then.
    pub fn write(&mut self, piece: &[u8]) -> Result<(), FileError> {
        let written = self.temp.file.write_all(piece);
        written.map_err(|error| FileError::system("write", &self.temp.path())(error))?;
        self.digest.add(piece);
        Ok(())
    }

    /// Ends the content. If the target is flushed at all, most of that is done here, so that it
    /// holds up no queue.
    ///
    /// # Errors
    ///
    /// The system's refusal, unless the file system does not support a flush.
    pub fn finish(self) -> Result<Filled, FileError> {
        if self.flushes {
            let (path, device) = (self.temp.path(), self.temp.directory.key.0);
            flush(&self.temp.file, device, &path).map_err(FileError::system("flush", &path))?;
        }
        Ok(Filled { temp: Some(self.temp), digest: self.digest.finish() })
    }
}

impl Filled {
    /// What tells its content from others.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Its size in bytes.
    pub fn bytes(&self) -> u64 {
        self.digest.size
    }

    /// Its absolute path.
    ///
    /// # Errors
    ///
    /// It was taken, or the working directory is gone.
    pub fn path(&self) -> io::Result<PathBuf> {
        std::path::absolute(self.temp()?.path())
    }

    /// Reads all of it.
    ///
    /// # Errors
    ///
    /// It was taken, or the system refuses.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        let mut file: &File = &self.temp()?.file;
        file.rewind()?;
        let mut content = Vec::with_capacity(usize::try_from(self.digest.size).unwrap_or(0));
        file.read_to_end(&mut content)?;
        Ok(content)
    }

    /// The directory that it lies in, and the destination with it.
    pub(super) fn directory(&self, dest: &Path) -> Result<Arc<Directory>, FileError> {
        let temp = self.temp.as_ref().ok_or_else(|| FileError::Interference(dest.to_owned()))?;
        Ok(Arc::clone(&temp.directory))
    }

    pub(super) fn take(&mut self, dest: &Path) -> Result<Temp, FileError> {
        self.temp.take().ok_or_else(|| FileError::Interference(dest.to_owned()))
    }

    fn temp(&self) -> io::Result<&Temp> {
        self.temp.as_ref().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("path", &self.temp.path()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filled").field("bytes", &self.digest.size).finish_non_exhaustive()
    }
}
