//! One read of a whole file, as far as a file system can tell.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::disk::identity::{Identity, kind};
use crate::error::Error;

/// Most files of /proc and /sys hold at most a page.
const VIRTUAL_SIZE: usize = 8 << 10;

/// Reads that disagree with `stat` before and after are repeated at once this often.
const READ_ATTEMPTS: usize = 3;

/// A file that was read.
pub(crate) struct Read {
    pub(crate) identity: Identity,
    /// `stat` gives a size that is not the content's: a file of /proc or /sys. Its times do not
    /// move either.
    pub(crate) is_virtual: bool,
}

/// Why there is no content.
pub(crate) enum LoadFailure {
    /// It changed while it was read: try again later.
    Torn,
    /// Reported; worth another attempt at the next poll even though `stat` says the same.
    Transient(Error),
    /// Reported; only a change can make it better.
    Lasting(Error),
}

/// Reads the file into `buffer`, with the same `fstat` on both sides of the read.
///
/// Opened without blocking: a FIFO that takes the file's place between `stat` and here must not
/// block the thread.
pub(crate) fn load(path: &Path, limit: u64, buffer: &mut Vec<u8>) -> Result<Read, LoadFailure> {
    let unreadable =
        |source: io::Error| LoadFailure::Transient(Error::Unreadable { path: path.to_path_buf(), source });
    for attempt in 1..=READ_ATTEMPTS {
        let mut file = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
            .open(path)
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => LoadFailure::Torn,
                _ => unreadable(error),
            })?;
        let meta = file.metadata().map_err(unreadable)?;
        if !meta.is_file() {
            let found = kind(meta.file_type());
            return Err(LoadFailure::Transient(Error::NotRegularFile { path: path.to_path_buf(), found }));
        }
        let before = Identity::of(&meta);
        if before.size() > limit {
            return Err(too_large(path, limit));
        }
        read(&mut file, before.size(), limit, buffer).map_err(unreadable)?;
        let after = Identity::of(&file.metadata().map_err(unreadable)?);
        if before != after {
            continue;
        }
        if buffer.len() as u64 > limit {
            return Err(too_large(path, limit));
        }
        let is_virtual = buffer.len() as u64 != after.size();
        // Read again before believing that: a network file system may be late with the size.
        if !is_virtual || attempt == READ_ATTEMPTS {
            return Ok(Read { identity: after, is_virtual });
        }
    }
    Err(LoadFailure::Torn)
}

pub(crate) fn too_large(path: &Path, limit: u64) -> LoadFailure {
    LoadFailure::Lasting(Error::TooLarge { path: path.to_path_buf(), limit })
}

fn read(file: &mut File, size: u64, limit: u64, buffer: &mut Vec<u8>) -> io::Result<()> {
    buffer.clear();
    // With a known size one read is enough: growth shows in the second fstat.
    let most = if size > 0 { size } else { limit.saturating_add(1) };
    // Files of /proc may give their content to the first read only, so there must be room for all
    // of it.
    buffer.reserve(usize::try_from(size).unwrap_or(0).max(VIRTUAL_SIZE));
    file.take(most).read_to_end(buffer)?;
    Ok(())
}
