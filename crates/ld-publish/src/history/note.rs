//! What a user says about a publication.

use super::HistoryError;

// A rollout has them in its plan.
pub use ld_fleet::{MAX_AUTHOR_BYTES, MAX_MESSAGE_BYTES};

/// What a user says about a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub(crate) author: String,
    pub(crate) message: String,
}

impl Note {
    /// A note by `author`, usually `user@host`, with a message that may be empty.
    ///
    /// # Errors
    ///
    /// [`HistoryError::Note`]: one has more than [`MAX_AUTHOR_BYTES`] or [`MAX_MESSAGE_BYTES`].
    pub fn new(author: impl Into<String>, message: impl Into<String>) -> Result<Self, HistoryError> {
        let (author, message) = (author.into(), message.into());
        for (what, text, limit) in
            [("author", &author, MAX_AUTHOR_BYTES), ("message", &message, MAX_MESSAGE_BYTES)]
        {
            if text.len() > limit {
                return Err(HistoryError::Note { what, bytes: text.len(), limit });
            }
        }
        Ok(Self { author, message })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_has_limits() {
        assert!(Note::new("a".repeat(200), "m".repeat(1_000)).is_ok());
        let error = Note::new("a".repeat(201), "").unwrap_err().to_string();
        assert!(error.contains("the author has 201 bytes") && error.contains("200"), "{error}");
        let error = Note::new("", "ü".repeat(501)).unwrap_err().to_string();
        assert!(error.contains("the message has 1002 bytes") && error.contains("1000"), "{error}");
    }
}
