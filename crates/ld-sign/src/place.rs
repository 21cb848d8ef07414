//! Where the signature of a content is.

use std::fmt::Write;

use ld_config::PublishConfig;
use sha2::{Digest, Sha256};

/// The SHA-256 of a content, in hexadecimal digits.
pub fn hash(content: &[u8]) -> String {
    Sha256::digest(content).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The directory of all signatures, below `publish.root`.
pub const SIGNATURES: &str = "signatures";

/// The node with the signature of what the node at `path` holds. `hash` is the [`hash`] of that:
/// `/live-data/signatures/app%2Fflags/e3b0c4…`.
pub fn place(publish: &PublishConfig, path: &str, hash: &str) -> String {
    format!("{}/{hash}", publish.place_of(SIGNATURES, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_found_by_path_and_content() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hash(b""), empty);
        let place = place(&PublishConfig::default(), "/app/flags", empty);
        assert_eq!(place, format!("/live-data/signatures/app%2Fflags/{empty}"));
    }
}
