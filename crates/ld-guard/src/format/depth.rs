//! How deep content may nest.

/// Collections within collections: what serde_json stops at, and far more than configuration needs.
pub(super) const MAX_DEPTH: usize = 128;

/// The reason for content that nests deeper.
pub(super) fn too_deep(line: usize) -> String {
    format!("it nests more than {MAX_DEPTH} deep at line {line}")
}
