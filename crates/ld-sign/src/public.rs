//! The public keys of publishers.

use std::path::{Path, PathBuf};

use ld_config::{ReadFileError, read_bounded_regular_file};

/// A file of keys has at most so many bytes.
const MAX_FILE_BYTES: usize = 64 * 1024;

/// Each signature is tried with each key.
const MAX_KEYS: usize = 32;

/// The public keys of publishers, one or more: a signature by any of them is valid.
///
/// As text they are lines of Base64, as `minisign -G` prints one. Empty lines and lines that begin
/// with `#` or `untrusted comment:` are ignored, so that files of minisign can be joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKeys(Vec<PublicKey>);

/// The public key of one publisher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    pub(crate) key: minisign_verify::PublicKey,
    line: String,
}

impl PublicKey {
    /// The key as Base64, as `minisign -G` prints it.
    pub fn line(&self) -> &str {
        &self.line
    }
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The file cannot be read.
    #[error("'{path}' cannot be read: {cause}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: ReadFileError,
    },
    /// The file has something else in it.
    #[error("'{path}' has no keys that can be used: {problem}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: Problem,
    },
}

/// What is wrong with a text of keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// It is not UTF-8.
    #[error("it is not text")]
    NotText,
    /// A line is no key.
    #[error("line {0} is not a public key of minisign")]
    NotAKey(usize),
    /// It has no key.
    #[error("it holds none; a key is one line, as in a file that minisign -G writes")]
    None,
    /// It has too many keys.
    #[error("it holds more than {MAX_KEYS}")]
    TooMany,
}

impl PublicKeys {
    /// Reads a file of keys. Blocks.
    ///
    /// # Errors
    ///
    /// [`KeysError`]. One line that is wrong is an error of the file, since a key that is not
    /// understood may be one that matters.
    pub fn read(path: &Path) -> Result<Self, KeysError> {
        let read = read_bounded_regular_file(path, MAX_FILE_BYTES);
        let file = read.map_err(|cause| KeysError::Unreadable { path: path.to_owned(), cause })?;
        let invalid = |problem| KeysError::Invalid { path: path.to_owned(), problem };
        let text = std::str::from_utf8(&file.content).map_err(|_| invalid(Problem::NotText))?;
        Self::parse(text).map_err(invalid)
    }

    /// Reads a text of keys.
    ///
    /// # Errors
    ///
    /// [`Problem`].
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let mut keys = Vec::new();
        for (line, number) in text.lines().map(str::trim).zip(1..) {
            if line.is_empty() || line.starts_with('#') || line.starts_with("untrusted comment:") {
                continue;
            }
            if keys.len() == MAX_KEYS {
                return Err(Problem::TooMany);
            }
            let key = minisign_verify::PublicKey::from_base64(line).map_err(|_| Problem::NotAKey(number))?;
            keys.push(PublicKey { key, line: line.to_owned() });
        }
        if keys.is_empty() { Err(Problem::None) } else { Ok(Self(keys)) }
    }

    /// Whether `key` is one of these.
    pub fn include(&self, key: &PublicKey) -> bool {
        self.0.contains(key)
    }

    /// Whether all keys of `other` are among these.
    pub fn contain(&self, other: &Self) -> bool {
        other.0.iter().all(|key| self.0.contains(key))
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &PublicKey> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    const OTHER: &str = "RWTg6JXWzv6GDtDphRQ/x7eg0LaWBcTxPZ7i49xEeiqXVcR+r79OZRWM";

    #[test]
    fn keys_are_lines_and_comments_are_ignored() {
        let one = PublicKeys::parse(KEY).unwrap();
        let both = format!("untrusted comment: Ann\r\n{KEY}\r\n\n# Bob\n  {OTHER}  \n");
        let both = PublicKeys::parse(&both).unwrap();
        assert_eq!((one.iter().count(), both.iter().count()), (1, 2));
        assert!(both.contain(&one) && !one.contain(&both));
    }

    #[test]
    fn one_wrong_line_makes_the_keys_unusable() {
        for (text, problem) in [
            (String::new(), Problem::None),
            ("untrusted comment: minisign public key\n".to_owned(), Problem::None),
            (format!("{KEY}\nnonsense\n"), Problem::NotAKey(2)),
            (format!("{KEY}\n{}", &OTHER[1..]), Problem::NotAKey(2)),
            (format!("{KEY}\n").repeat(33), Problem::TooMany),
        ] {
            assert_eq!(PublicKeys::parse(&text), Err(problem), "{text}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_used_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("publishers.pub");
        let error = || PublicKeys::read(&path).unwrap_err().to_string();
        assert!(error().contains("publishers.pub' cannot be read: No such file"), "{}", error());
        std::fs::write(&path, [0xff]).unwrap();
        assert!(
            error().contains("publishers.pub' has no keys that can be used: it is not text"),
            "{}",
            error()
        );
        std::fs::write(&path, vec![b'\n'; MAX_FILE_BYTES + 1]).unwrap();
        assert!(error().contains("larger than 65536 bytes"), "{}", error());
        std::fs::write(&path, KEY).unwrap();
        assert_eq!(PublicKeys::read(&path).unwrap(), PublicKeys::parse(KEY).unwrap());
    }
}
