//! The content of nodes: documents that show whether they are whole.

use std::fmt::Write as _;

use super::pointer::is_pointer;

/// The text that an edit by hand appends.
pub(crate) const EDIT: &[u8] = b"edited by hand\n";
/// The filler of a bad document begins with it.
const NOT_UTF8: &[u8] = b"\xff";
/// The length of a filler line. Each version repeats a line of its own.
const LINE: usize = 63;
/// One in this number of documents is large, so that most programs need several writes for it.
const LARGE_IN: u32 = 12;

/// Decoded bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// A whole document.
    Whole { node: usize, version: u64 },
    /// Content with [`EDIT`] at its end.
    Edited,
    /// A pointer instead of its object.
    Pointer,
    /// Part of a document, or parts of two. The text describes it.
    Torn(String),
}

/// The document of a node's version. Its bytes depend on the arguments alone.
pub(crate) fn encode(seed: u64, node: usize, version: u64) -> Vec<u8> {
    document(seed, node, version, 0, b"")
}

/// A document that is no UTF-8, which a guard of the watchers rejects for nodes with rollouts.
pub(crate) fn encode_bad(seed: u64, node: usize, version: u64) -> Vec<u8> {
    document(seed, node, version, NOT_UTF8.len(), NOT_UTF8)
}

/// A document with at least `least` bytes of filler, which begins with `start`.
fn document(seed: u64, node: usize, version: u64, least: usize, start: &[u8]) -> Vec<u8> {
    let mut rng = fastrand::Rng::with_seed(seed ^ (node as u64) << 48 ^ version);
    let length = match rng.u32(..LARGE_IN) {
        0 => rng.usize(128 << 10..640 << 10),
        _ => rng.usize(0..48 << 10),
    };
    let line: String = (0..LINE).map(|_| rng.alphanumeric()).chain(['\n']).collect();
    let length = length.max(least);
    let mut filler: Vec<u8> = line.bytes().cycle().take(length).collect();
    filler[..start.len()].copy_from_slice(start);
    let sum = checksum(node, version, &filler);
    let mut header = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(header, "chaos {node} {version} {length} {sum:016x}");
    let mut bytes = header.into_bytes();
    bytes.extend_from_slice(&filler);
    bytes
}

/// Decodes the content of a file.
pub(crate) fn decode(bytes: &[u8]) -> Content {
    if bytes.ends_with(EDIT) {
        return Content::Edited;
    }
    if is_pointer(bytes) {
        return Content::Pointer;
    }
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
        return Content::Torn(format!("{} bytes without a header", bytes.len()));
    };
    let filler = &bytes[end + 1..];
    match header(&bytes[..end]) {
        None => Content::Torn(format!("{} bytes with a broken header", bytes.len())),
        Some((node, version, length, _)) if length != filler.len() => {
            Content::Torn(format!("version {version} of n{node} with {} of {length} bytes", filler.len()))
        }
        Some((node, version, _, sum)) if sum != checksum(node, version, filler) => {
            Content::Torn(format!("version {version} of n{node} with bytes of another"))
        }
        Some((node, version, ..)) => Content::Whole { node, version },
    }
}

fn header(line: &[u8]) -> Option<(usize, u64, usize, u64)> {
    let mut words = std::str::from_utf8(line).ok()?.strip_prefix("chaos ")?.split(' ');
    let node = words.next()?.parse().ok()?;
    let version = words.next()?.parse().ok()?;
    let length = words.next()?.parse().ok()?;
    let sum = u64::from_str_radix(words.next()?, 16).ok()?;
    words.next().is_none().then_some((node, version, length, sum))
}

/// FNV-1a by words, since the observer reads thousands of files a second in a debug build.
fn checksum(node: usize, version: u64, filler: &[u8]) -> u64 {
    let step = |sum: u64, word: u64| (sum ^ word).wrapping_mul(0x100_0000_01b3).rotate_left(23);
    let start = step(step(0xcbf2_9ce4_8422_2325, node as u64), version);
    let (words, rest) = filler.as_chunks::<8>();
    let sum = words.iter().fold(start, |sum, word| step(sum, u64::from_le_bytes(*word)));
    rest.iter().fold(sum, |sum, byte| step(sum, u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_decodes_to_its_version() {
        for version in 1..200 {
            let bytes = encode(7, 3, version);
            assert_eq!(decode(&bytes), Content::Whole { node: 3, version });
            assert_eq!(bytes, encode(7, 3, version), "the bytes depend on the arguments alone");
        }
        assert_ne!(encode(7, 3, 1), encode(8, 3, 1));
    }

    #[test]
    fn a_bad_document_is_whole_but_no_text() {
        for version in 1..200 {
            let bytes = encode_bad(7, 3, version);
            assert_eq!(decode(&bytes), Content::Whole { node: 3, version });
            assert!(std::str::from_utf8(&bytes).is_err());
        }
    }

    #[test]
    fn every_part_of_a_document_is_torn() {
        let bytes = encode(7, 3, 1);
        assert!(bytes.len() > 100);
        for end in [0, 1, 5, bytes.len() / 2, bytes.len() - 1] {
            assert!(matches!(decode(&bytes[..end]), Content::Torn(_)), "{end} bytes");
        }
    }

    #[test]
    fn parts_of_two_documents_are_torn() {
        let large = |from| (from..).map(|version| encode(7, 0, version)).find(|bytes| bytes.len() > 9000);
        let (old, new) = (large(1).unwrap(), large(100).unwrap());
        let mixed: Vec<u8> = new[..8192].iter().chain(&old[8192..]).copied().collect();
        assert!(matches!(decode(&mixed), Content::Torn(_)));
        let mut flipped = new;
        flipped[5000] ^= 1;
        assert!(matches!(decode(&flipped), Content::Torn(_)));
    }

    #[test]
    fn an_edit_by_hand_is_not_torn() {
        let mut bytes = encode(7, 3, 1);
        bytes.extend_from_slice(EDIT);
        assert_eq!(decode(&bytes), Content::Edited);
    }
}
