//! The nodes that point to S3: what they hold, and what that points to.

use std::ops::Range;

use super::document::encode;

/// The nodes that hold pointers.
pub(crate) const POINTERS: Range<usize> = 6..8;

/// The key of all objects: 32 bytes. The kit looks for it in the output of the watchers.
pub(crate) const SSE_KEY: &str = "planted-0123456789abcdef01234567";

const BUCKET: &str = "chaos";
/// What each pointer begins with, and what comes before the key of its object.
const BEGINNING: &str = r#"{"live_data_watcher_load_type": "S3""#;
const BEFORE_KEY: &str = r#""file_key": ""#;

/// Where the object of a version lies: bucket and key.
pub(crate) fn place(node: usize, version: u64) -> String {
    format!("{BUCKET}/n{node}/{version}")
}

/// What the node holds instead of the object.
pub(crate) fn pointer(node: usize, version: u64) -> Vec<u8> {
    let fields = format!(r#""bucket_name": "{BUCKET}", "region_name": "us-east-1", "sse_key": "{SSE_KEY}""#);
    format!(r#"{BEGINNING}, {fields}, {BEFORE_KEY}n{node}/{version}"}}"#).into_bytes()
}

/// Whether these bytes begin as a pointer does. No document begins so.
pub(crate) fn is_pointer(bytes: &[u8]) -> bool {
    bytes.starts_with(BEGINNING.as_bytes())
}

/// The place of a pointer's object; `None` for other bytes.
pub(crate) fn target(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| is_pointer(text.as_bytes()))?;
    let (_, key) = text.split_once(BEFORE_KEY)?;
    Some(format!("{BUCKET}/{}", key.split_once('"')?.0))
}

/// What the file of a node must hold that holds `bytes`.
pub(crate) fn expected(seed: u64, bytes: Vec<u8>) -> Vec<u8> {
    let version = || {
        let place = target(&bytes)?;
        let (node, version) = place.strip_prefix(BUCKET)?.strip_prefix("/n")?.split_once('/')?;
        Some((node.parse().ok()?, version.parse().ok()?))
    };
    match version() {
        Some((node, version)) => encode(seed, node, version),
        None => bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_leads_to_its_object() {
        let bytes = pointer(6, 17);
        assert_eq!(target(&bytes).unwrap(), place(6, 17));
        assert_eq!(expected(7, bytes), encode(7, 6, 17));
    }

    #[test]
    fn a_document_is_no_pointer() {
        let document = encode(7, 0, 1);
        assert!(!is_pointer(&document) && target(&document).is_none());
        assert_eq!(expected(7, document.clone()), document);
    }
}
