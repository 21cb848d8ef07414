//! What a request is about.

use crate::address::Bucket;

/// What a request is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) bucket: &'a Bucket,
    /// Empty for the bucket itself.
    pub(crate) key: &'a str,
    pub(crate) query: &'a [(&'a str, &'a str)],
    /// The request is not signed.
    pub(crate) is_anonymous: bool,
    pub(crate) is_encrypted: bool,
}
