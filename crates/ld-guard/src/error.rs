//! Why content does not pass.

/// Why content does not pass. The text says which guard and why, and never shows content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The content is bad: the same content would be rejected again.
    #[error("{0}")]
    Rejected(String),
    /// The content could not be judged: try again.
    #[error("cannot be checked: {0}")]
    NotJudged(String),
    /// The check was ended with all others: nothing follows for the content.
    #[error("is not judged: interrupted")]
    Interrupted,
}
