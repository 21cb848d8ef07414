//! The entries of one node, together.

use crate::ini::Entry;

/// The entries of one node.
pub(super) struct Group<'a> {
    pub(super) name: &'a str,
    /// Each with the part of its key that follows the name.
    pub(super) entries: Vec<(&'a str, Entry<'a>)>,
}
