//! What was read: the bytes of one file, or of all files below a directory.

use std::ops::Range;
use std::path::PathBuf;

use xxhash_rust::xxh3::Xxh3;

/// The bytes of one file, or of several one after another.
pub(crate) struct Input {
    pub(crate) bytes: Vec<u8>,
    /// The files of a directory, sorted by path; empty for a single file.
    pub(crate) files: Vec<Part>,
}

/// One file of a directory.
pub(crate) struct Part {
    /// Relative to the directory.
    pub(crate) path: PathBuf,
    /// Where its content is among all bytes.
    pub(crate) range: Range<usize>,
}

impl Input {
    pub(crate) const fn new() -> Self {
        Self { bytes: Vec::new(), files: Vec::new() }
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.files.clear();
    }

    /// Adds the content of one more file.
    pub(crate) fn push(&mut self, path: PathBuf, content: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(content);
        self.files.push(Part { path, range: start..self.bytes.len() });
    }

    /// A hash of names and bytes.
    pub(crate) fn hash(&self, seed: u64) -> u128 {
        let mut hash = Xxh3::with_seed(seed);
        for Part { path, range } in &self.files {
            let name = path.as_os_str().as_encoded_bytes();
            hash.update(&name.len().to_le_bytes());
            hash.update(name);
            hash.update(&range.len().to_le_bytes());
        }
        hash.update(&self.bytes);
        hash.digest128()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(files: &[(&str, &str)]) -> u128 {
        let mut input = Input::new();
        files.iter().for_each(|(path, content)| input.push(path.into(), content.as_bytes()));
        input.hash(7)
    }

    #[test]
    fn the_hash_tells_names_and_boundaries_apart() {
        let hashes = [
            hash(&[("a", "12"), ("b", "3")]),
            hash(&[("a", "1"), ("b", "23")]),
            hash(&[("a", "12"), ("c", "3")]),
            hash(&[("a", "123")]),
            hash(&[]),
        ];
        for (index, hash) in hashes.iter().enumerate() {
            assert!(!hashes[..index].contains(hash), "{index}");
        }
    }
}
