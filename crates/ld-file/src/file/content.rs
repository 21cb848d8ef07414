//! Reading a file's content to compare it.

use std::ffi::OsStr;
use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read, Seek};
use std::os::fd::AsFd;
use std::sync::LazyLock;

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::directory::Directory;
use super::error::SHORTAGES;
use super::{FileError, system};

/// Bytes read at a time.
const CHUNK: usize = 64 * 1024;

/// The key of all hashes of this process. Content for a given hash cannot be constructed without
/// it.
static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// A keyed hash of the content.
pub(super) fn hash(content: &[u8]) -> u64 {
    let mut hasher = KEY.build_hasher();
    content.chunks(CHUNK).for_each(|chunk| hasher.write(chunk));
    hasher.finish()
}

/// The same for a file of `size` bytes; another value if it has more or fewer.
pub(super) fn hash_file(file: &File, size: u64) -> io::Result<Option<u64>> {
    let mut hasher = KEY.build_hasher();
    let length = read_chunks(file, size, |chunk| {
        hasher.write(chunk);
        true
    })?;
    Ok((length == size).then(|| hasher.finish()))
}

/// Whether the file holds exactly `content`.
pub(super) fn equals(file: &File, content: &[u8]) -> io::Result<bool> {
    let mut rest = content;
    let mut is_equal = true;
    read_chunks(file, content.len() as u64, |chunk| {
        let after = rest.strip_prefix(chunk);
        is_equal = after.is_some();
        rest = after.unwrap_or_default();
        is_equal
    })?;
    Ok(is_equal && rest.is_empty())
}

/// Opens the file `name` for reading. A symlink is refused, and a FIFO does not block.
pub(super) fn open(directory: impl AsFd, name: &OsStr) -> Result<File, Errno> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    system::open(directory, name, flags)
}

/// The same to compare the file; `None` if it cannot be read. A shortage of the process is an
/// error.
pub(super) fn open_to_compare(directory: &Directory, name: &OsStr) -> Result<Option<File>, FileError> {
    match open(directory, name) {
        Ok(file) => Ok(Some(file)),
        Err(error) if SHORTAGES.contains(&error) => {
            Err(FileError::system("open", &directory.path().join(name))(error))
        }
        Err(_) => Ok(None),
    }
}

/// Reads from the start, about `size` bytes expected, until `each` returns false. Every chunk but
/// the last is full, whatever single reads return. Stops soon after `size` bytes. Returns how many
/// bytes were read.
fn read_chunks(mut file: &File, size: u64, mut each: impl FnMut(&[u8]) -> bool) -> io::Result<u64> {
    file.rewind()?;
    let chunk_size = usize::try_from(size).map_or(CHUNK, |size| size.saturating_add(1).min(CHUNK));
    let mut chunk = Vec::with_capacity(chunk_size);
    let mut total = 0;
    while total <= size {
        chunk.clear();
        file.take(chunk_size as u64).read_to_end(&mut chunk)?;
        total += chunk.len() as u64;
        if chunk.is_empty() || !each(&chunk) || chunk.len() < chunk_size {
            break;
        }
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_and_its_content_have_the_same_hash_and_compare_equal() {
        for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 200_000] {
            let content: Vec<u8> = (0..size).map(|index| (index % 251) as u8).collect();
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&content).unwrap();
            assert_eq!(hash_file(&file, size as u64).unwrap(), Some(hash(&content)), "{size}");
            assert!(equals(&file, &content).unwrap(), "{size}");

            file.write_all(b"!").unwrap();
            assert_eq!(hash_file(&file, size as u64).unwrap(), None, "{size}: longer");
            assert_ne!(hash_file(&file, size as u64 + 1).unwrap(), Some(hash(&content)), "{size}");
            assert!(!equals(&file, &content).unwrap(), "{size}: longer");
            file.set_len(size.saturating_sub(1) as u64).unwrap();
            assert!(size == 0 || !equals(&file, &content).unwrap(), "{size}: shorter");
        }
    }
}
