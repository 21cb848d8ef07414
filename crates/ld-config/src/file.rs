//! Small files that must be regular ones: secrets, certificates, keys.

use std::fmt;
use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use zeroize::Zeroizing;

const FIRST_BYTES: usize = 64 * 1024;

/// A whole file in memory. `Debug` does not show its content, which may be a secret.
#[non_exhaustive]
pub struct BoundedFile {
    /// The bytes, zeroed when they are dropped. No other copy of them was made.
    pub content: Zeroizing<Vec<u8>>,
    /// What the file is, as it was read.
    pub metadata: Metadata,
}

impl fmt::Debug for BoundedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundedFile").field("metadata", &self.metadata).finish_non_exhaustive()
    }
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadFileError {
    /// It cannot be opened or read.
    #[error("{0}")]
    Io(#[source] io::Error),
    /// It is something else, such as a FIFO or a directory.
    #[error("it is {kind}, not a regular file")]
    NotRegular {
        /// What it is, with its article.
        kind: &'static str,
    },
    /// It is larger than the limit.
    #[error("it is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
}

/// Reads a regular file of at most `limit` bytes.
///
/// It does not wait for the writer of a FIFO. A network file system that hangs does block it.
///
/// # Errors
///
/// [`ReadFileError`], without any content of the file.
pub fn read_bounded_regular_file(path: &Path, limit: usize) -> Result<BoundedFile, ReadFileError> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    // O_NONBLOCK has no effect on a regular file.
    let opened = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path);
    let mut file = opened.map_err(|error| not_openable(path, error))?;
    let metadata = file.metadata().map_err(ReadFileError::Io)?;
    if let Some(kind) = irregular(metadata.file_type()) {
        return Err(ReadFileError::NotRegular { kind });
    }
    let content = read_up_to(&mut file, limit)?;
    Ok(BoundedFile { content, metadata })
}

/// Why others than root and the user of this process may change a file; `None` if they may not.
///
/// It looks at the file alone: whether others may replace it depends on its directory.
pub fn other_writers(file: &Metadata) -> Option<String> {
    let user = rustix::process::geteuid().as_raw();
    writers(file.mode(), file.uid(), user)
}

fn writers(mode: u32, owner: u32, user: u32) -> Option<String> {
    let mut reasons = Vec::new();
    if owner != 0 && owner != user {
        reasons
            .push(format!("it belongs to user {owner}, not to root or to the user of this process ({user})"));
    }
    let classes = match (mode & 0o020 != 0, mode & 0o002 != 0) {
        (false, false) => None,
        (true, false) => Some("its group"),
        (false, true) => Some("every local user"),
        (true, true) => Some("its group and every local user"),
    };
    if let Some(classes) = classes {
        reasons.push(format!("its mode {:04o} lets {classes} write", mode & 0o7777));
    }
    (!reasons.is_empty()).then(|| format!("others may change this file: {}", reasons.join(", and ")))
}

/// A socket and a device without a driver cannot be opened: say so instead of ENXIO.
fn not_openable(path: &Path, error: io::Error) -> ReadFileError {
    match std::fs::metadata(path).ok().and_then(|metadata| irregular(metadata.file_type())) {
        Some(kind) => ReadFileError::NotRegular { kind },
        None => ReadFileError::Io(error),
    }
}

fn irregular(kind: FileType) -> Option<&'static str> {
    match kind {
        kind if kind.is_file() => None,
        kind if kind.is_dir() => Some("a directory"),
        kind if kind.is_fifo() => Some("a FIFO"),
        kind if kind.is_socket() => Some("a socket"),
        _ => Some("a device"),
    }
}

/// Every buffer on the way is zeroed too, so it grows by hand.
fn read_up_to(file: &mut File, limit: usize) -> Result<Zeroizing<Vec<u8>>, ReadFileError> {
    let mut buffer = Zeroizing::new(vec![0; FIRST_BYTES.min(limit.saturating_add(1))]);
    let mut filled = 0;
    loop {
        if filled > limit {
            return Err(ReadFileError::TooLarge { limit });
        }
        if filled == buffer.len() {
            let mut larger = Zeroizing::new(vec![0; (2 * filled).min(limit.saturating_add(1))]);
            larger[..filled].copy_from_slice(&buffer);
            buffer = larger;
        }
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(ReadFileError::Io(error)),
        }
    }
    buffer.truncate(filled);
    Ok(buffer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_whole_up_to_the_limit() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secrets");
        let limit = 3 * FIRST_BYTES;
        for size in [0, 1, FIRST_BYTES, FIRST_BYTES + 1, limit] {
            let content: Vec<u8> = (0..size).map(|index| (index % 251) as u8).collect();
            std::fs::write(&path, &content).unwrap();
            assert!(*read_bounded_regular_file(&path, limit).unwrap().content == content, "{size}");
        }
        std::fs::write(&path, vec![b'x'; limit + 1]).unwrap();
        let error = read_bounded_regular_file(&path, limit).unwrap_err();
        assert_eq!(error.to_string(), "it is larger than 196608 bytes");
        assert!(read_bounded_regular_file(&path, 10).is_err());
    }

    #[test]
    fn debug_shows_no_content() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        std::fs::write(&path, "hush").unwrap();
        let read = read_bounded_regular_file(&path, usize::MAX).unwrap();
        assert_eq!(read.content.as_slice(), b"hush");
        assert!(!format!("{read:?} {read:#?}").contains("104"));
    }

    #[test]
    fn what_is_not_a_regular_file_is_named_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        let socket = dir.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for (path, kind) in [
            (fifo.as_path(), "a FIFO"),
            (&socket, "a socket"),
            (dir.path(), "a directory"),
            (Path::new("/dev/null"), "a device"),
        ] {
            let error = read_bounded_regular_file(path, 10).unwrap_err();
            assert_eq!(error.to_string(), format!("it is {kind}, not a regular file"));
        }
        let missing = read_bounded_regular_file(&dir.path().join("missing"), 10).unwrap_err();
        assert!(matches!(missing, ReadFileError::Io(error) if error.kind() == io::ErrorKind::NotFound));
    }

    #[test]
    fn other_writers_are_named() {
        for (mode, owner, user) in [(0o100644, 0, 5), (0o100755, 5, 5), (0o100400, 0, 0)] {
            assert_eq!(writers(mode, owner, user), None);
        }
        for (mode, owner, expected) in [
            (0o100664, 5, "its mode 0664 lets its group write"),
            (0o100666, 0, "its mode 0666 lets its group and every local user write"),
            (0o100602, 0, "its mode 0602 lets every local user write"),
            (0o100600, 7, "it belongs to user 7, not to root or to the user of this process (5)"),
        ] {
            assert_eq!(writers(mode, owner, 5), Some(format!("others may change this file: {expected}")));
        }
    }
}
