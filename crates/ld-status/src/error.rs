//! What can go wrong.

use ld_config::Listen;

/// Why a status cannot be served or asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Choose another address, or end the program that has it.
    #[error("cannot serve the status at {listen}: {cause}")]
    CannotListen {
        /// The configured address.
        listen: Listen,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The system refuses the thread or the descriptors that serving needs.
    #[error("cannot serve the status: {0}")]
    CannotStart(#[source] std::io::Error),
    /// No watcher answers there.
    #[error("the watcher at {listen} cannot be asked: {cause}")]
    CannotAsk {
        /// The configured address.
        listen: Listen,
        /// What went wrong.
        cause: String,
    },
}
