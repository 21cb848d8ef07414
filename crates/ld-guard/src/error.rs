//! Why content does not pass.

/// Why content does not pass. The text says which guard and why, and never shows content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The content is bad: the same content would be rejected again.
    #[error("{reason}")]
    Rejected {
        /// The guard that rejects it.
        guard: Guard,
        /// Why it does.
        reason: String,
    },
    /// The content could not be judged: try again.
    #[error("cannot be checked: {0}")]
    NotJudged(String),
    /// The check was ended with all others: nothing follows for the content.
    #[error("is not judged: interrupted")]
    Interrupted,
}

/// The kinds of guards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Guard {
    /// `min_bytes` and `max_bytes`.
    Size,
    /// `format`.
    Format,
    /// `check`: a program.
    Check,
}

impl Error {
    pub(crate) fn rejected(guard: Guard, reason: String) -> Self {
        Self::Rejected { guard, reason }
    }
}
