//! Why content was not uploaded, and what that left in the bucket.

/// Why content was not uploaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UploadError {
    /// The caller ended it.
    #[error("interrupted")]
    Interrupted {
        /// What is in the bucket now and was not before.
        left: Vec<String>,
    },
    /// S3 or the network.
    #[error("{reason}")]
    Failed {
        /// What failed, with the object and the answer.
        reason: String,
        /// What is in the bucket now and was not before.
        left: Vec<String>,
    },
}

impl UploadError {
    /// What is in the bucket now and was not before, each as `s3://bucket/key` with a remark.
    pub fn left(&self) -> &[String] {
        match self {
            Self::Interrupted { left } | Self::Failed { left, .. } => left,
        }
    }
}
