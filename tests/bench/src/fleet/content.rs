//! The nodes of a fleet: which version a file holds shows in its first bytes.

/// Digits of the version in front.
const DIGITS: usize = 20;

/// The nodes of a fleet are below it.
pub(super) const ROOT: &str = "/fleet";

/// The path of a node.
pub(super) fn path(node: usize) -> String {
    format!("{ROOT}/{}", file_name(node))
}

/// What the file of a node is named.
pub(super) fn file_name(node: usize) -> String {
    format!("n{node}")
}

/// A content of `bytes` bytes, at least as many as the version takes.
pub(super) fn content(version: u64, bytes: usize) -> Vec<u8> {
    let mut content = format!("{version:0DIGITS$}").into_bytes();
    content.resize(bytes.max(DIGITS), b'x');
    content
}

/// The version of a content.
pub(super) fn version(content: &[u8]) -> Option<u64> {
    std::str::from_utf8(content.get(..DIGITS)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_shows_its_version() {
        assert_eq!(version(&content(7, 200)), Some(7));
        assert_eq!(content(7, 200).len(), 200);
        assert_eq!(version(b"short"), None);
    }
}
