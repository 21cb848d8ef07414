//! Comparing a file's content with what it must hold, and the digests of content that comes in
//! pieces.

use std::ffi::OsStr;
use std::fs::File;
use std::hash::{BuildHasher, DefaultHasher, Hasher, RandomState};
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

/// The key of a content of known size. Equal contents have equal ones, and only they, within one
/// process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest {
    pub(super) size: u64,
    pub(super) hash: u64,
}

/// What a file must hold.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Content<'a> {
    Bytes(&'a [u8]),
    /// Content that is not in memory.
    Known(Digest),
}

impl Digest {
    /// The size of the content in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }
}

impl Content<'_> {
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Known(digest) => digest.size,
        }
    }

    pub(super) fn hash(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => hash(bytes),
            Self::Known(digest) => digest.hash,
        }
    }

    /// Whether the file holds exactly this.
    pub(super) fn is_in(&self, file: &File) -> io::Result<bool> {
        match self {
            Self::Bytes(bytes) => equals(file, bytes),
            Self::Known(digest) => Ok(hash_file(file, digest.size)? == Some(digest.hash)),
        }
    }
}

impl<'a> From<&'a [u8]> for Content<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Content<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a> From<&'a Vec<u8>> for Content<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Digest> for Content<'_> {
    fn from(digest: Digest) -> Self {
        Self::Known(digest)
    }
}

/// Makes the digest of content that comes in pieces.
pub(super) struct DigestOfPieces {
    hasher: DefaultHasher,
    size: u64,
    /// The last piece, which was not full: the hash depends on how content is cut.
    rest: Vec<u8>,
}

impl DigestOfPieces {
    pub(super) fn new() -> Self {
        Self { hasher: KEY.build_hasher(), size: 0, rest: Vec::new() }
    }

    pub(super) fn add(&mut self, mut piece: &[u8]) {
        self.size += piece.len() as u64;
        if !self.rest.is_empty() {
            let (missing, more) = piece.split_at(piece.len().min(CHUNK - self.rest.len()));
            self.rest.extend_from_slice(missing);
            piece = more;
            if self.rest.len() < CHUNK {
                return;
            }
            self.hasher.write(&self.rest);
            self.rest.clear();
        }
        let chunks = piece.chunks_exact(CHUNK);
        self.rest.extend_from_slice(chunks.remainder());
        chunks.for_each(|chunk| self.hasher.write(chunk));
    }

    pub(super) fn finish(mut self) -> Digest {
        if !self.rest.is_empty() {
            self.hasher.write(&self.rest);
        }
        Digest { size: self.size, hash: self.hasher.finish() }
    }
}

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
            for piece in [1_000, CHUNK, CHUNK + 1] {
                let mut digest = DigestOfPieces::new();
                content.chunks(piece).for_each(|piece| digest.add(piece));
                let expected = Digest { size: size as u64, hash: hash(&content) };
                assert_eq!(digest.finish(), expected, "{size} in pieces of {piece}");
            }

            file.write_all(b"!").unwrap();
            assert_eq!(hash_file(&file, size as u64).unwrap(), None, "{size}: longer");
            assert_ne!(hash_file(&file, size as u64 + 1).unwrap(), Some(hash(&content)), "{size}");
            assert!(!equals(&file, &content).unwrap(), "{size}: longer");
            file.set_len(size.saturating_sub(1) as u64).unwrap();
            assert!(size == 0 || !equals(&file, &content).unwrap(), "{size}: shorter");
        }
    }
}
