//! What can go wrong with a history.

/// Why a history was not read, or a publication not recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The author or the message of a publication is too long.
    #[error("the {what} has {bytes} bytes; it may have {limit}")]
    Note {
        /// Which of them.
        what: &'static str,
        /// Its size in bytes.
        bytes: usize,
        /// The most that it may have.
        limit: usize,
    },
    /// Too many nodes in one transaction that is recorded.
    #[error("nothing was written: {nodes} nodes in one transaction; at most {limit} are recorded together")]
    GroupTooLarge {
        /// How many nodes.
        nodes: usize,
        /// The most.
        limit: usize,
    },
    /// No history is kept.
    #[error("publish.history is 0, so that no history is kept: set it to how many publications to keep")]
    Off,
    /// The history has no such publication.
    #[error("{path} has no publication {number}; `live-data-ctl log` shows those that it has")]
    NoPublication {
        /// The node.
        path: String,
        /// The number.
        number: u32,
    },
    /// The history has no publication before the present one.
    #[error("{path} has no publication before the present one; `live-data-ctl log` shows those that it has")]
    NoEarlierPublication {
        /// The node.
        path: String,
    },
    /// A node of the same group has no publication of that time.
    #[error(
        "nothing was written: {path} was published together with it, and its history does not go back that far; \
         publish the contents that you want with live-data-writer --also"
    )]
    GroupIncomplete {
        /// The node without a publication.
        path: String,
    },
    /// An entry of the history cannot be read.
    #[error("publication {number} of {path} cannot be read: {reason}")]
    Entry {
        /// The node.
        path: String,
        /// The number of the publication.
        number: u32,
        /// Why, with hidden characters escaped.
        reason: String,
    },
    /// A content of the history is not there.
    #[error("its content is not kept: {path} does not exist")]
    ContentMissing {
        /// Where it would be.
        path: String,
    },
    /// A content of the history is another one than its name says.
    #[error("its content is damaged: {path} has another SHA-256 than its name")]
    ContentDamaged {
        /// Where it is.
        path: String,
    },
}
