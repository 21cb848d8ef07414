//! `s3.*`: limits on what pointers load.

/// How content that nodes point to in S3 is loaded (`s3.*`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct S3Config {
    /// The largest object that is loaded, in bytes.
    pub max_bytes: usize,
    /// How many objects are loaded at a time.
    pub concurrency: usize,
}

impl Default for S3Config {
    fn default() -> Self {
        Self { max_bytes: 1 << 30, concurrency: 8 }
    }
}
