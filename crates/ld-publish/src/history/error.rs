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
    /// The history does not have what a node of the same group held before.
    #[error(
        "nothing was written: {path} was published together with {target}, and its history does not say what it \
         held before; to take back {target} alone: live-data-ctl show CONFIG {target} {number} | \
         live-data-writer CONFIG - {target}"
    )]
    GroupIncomplete {
        /// The node of which the content is not known.
        path: String,
        /// The node that was to be rolled back.
        target: String,
        /// The number of the publication that it was to go back to.
        number: u32,
    },
    /// A node of the same group does not exist.
    #[error(
        "nothing was written: {path} was published together with {target}, and does not exist; to take back \
         {target} alone: live-data-ctl show CONFIG {target} {number} | live-data-writer CONFIG - {target}"
    )]
    GroupGone {
        /// The node that does not exist.
        path: String,
        /// The node that was to be rolled back.
        target: String,
        /// The number of the publication that it was to go back to.
        number: u32,
    },
    /// The node is changed faster than its history can be read.
    #[error("{path} changes all the time: run again")]
    Changing {
        /// The node.
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
