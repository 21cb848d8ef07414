//! What tells whether two hosts have the same content.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// The first 64 bits of the SHA-256 of a node's content. `Display` writes them as 16 hexadecimal
/// digits.
///
/// They tell versions of one node apart. They prove nothing about a host that lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentHash([u8; 8]);

/// A text that is no hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a hash is 16 to 64 hexadecimal digits")]
pub struct InvalidHash;

impl ContentHash {
    /// The hash of `content`.
    pub fn of(content: &[u8]) -> Self {
        let digest = Sha256::digest(content);
        Self(std::array::from_fn(|index| digest[index]))
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for ContentHash {
    type Err = InvalidHash;

    /// Reads a hash, or a whole SHA-256 of which the rest is ignored.
    fn from_str(text: &str) -> Result<Self, InvalidHash> {
        let is_hex = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if !is_hex || !(16..=64).contains(&text.len()) {
            return Err(InvalidHash);
        }
        let first = u64::from_str_radix(&text[..16], 16).map_err(|_| InvalidHash)?;
        Ok(Self(first.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_the_start_of_a_sha256() {
        // printf '' | sha256sum
        let whole = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let hash = ContentHash::of(b"");
        assert_eq!(hash.to_string(), whole[..16]);
        assert_eq!(whole.parse(), Ok(hash));
        assert_eq!(whole[..16].parse(), Ok(hash));
    }

    #[test]
    fn what_is_not_hexadecimal_is_no_hash() {
        for text in ["", "e3b0c44298fc1c1", "E3B0C44298FC1C14", "+3b0c44298fc1c14", "é3b0c44298fc1c14"] {
            assert_eq!(text.parse::<ContentHash>(), Err(InvalidHash), "{text}");
        }
    }
}
