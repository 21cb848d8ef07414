//! The nodes of a fleet. The first bytes of a node are its version.

/// Digits of the version.
const DIGITS: usize = 20;

/// The parent of all nodes.
pub(crate) const ROOT: &str = "/fleet";

/// The path of a node.
pub(crate) fn path(node: usize) -> String {
    format!("{ROOT}/{}", file_name(node))
}

/// The name of a node's file.
pub(crate) fn file_name(node: usize) -> String {
    format!("n{node}")
}

/// Content of `bytes` bytes, or more if the version needs them.
pub(crate) fn content(version: u64, bytes: usize) -> Vec<u8> {
    let mut content = format!("{version:0DIGITS$}").into_bytes();
    content.resize(bytes.max(DIGITS), b'x');
    content
}

/// The version of some content.
pub(crate) fn version(content: &[u8]) -> Option<u64> {
    std::str::from_utf8(content.get(..DIGITS)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_begins_with_its_version() {
        assert_eq!(version(&content(7, 200)), Some(7));
        assert_eq!(content(7, 200).len(), 200);
        assert_eq!(version(b"short"), None);
    }
}
