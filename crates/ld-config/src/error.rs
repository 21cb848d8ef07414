//! Why there is no configuration.

use std::path::PathBuf;

use crate::problem::Problem;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be opened: a wrong command line (the original exits 2).
    #[error("unable to open '{}': {source}", .path.display())]
    Unopenable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file opened, but reading failed.
    #[error("unable to read '{origin}': {source}")]
    Unreadable {
        /// The file as its reader named it.
        origin: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is larger than [`MAX_CONFIG_BYTES`](crate::MAX_CONFIG_BYTES).
    #[error("'{origin}' is larger than {limit} bytes, the most that a configuration may have")]
    TooLarge {
        /// The file as its reader named it.
        origin: String,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The text is wrong. `Display` shows every error, one a line.
    #[error("{}", lines(.errors))]
    Invalid {
        /// All errors, in the order of the file; never empty.
        errors: Vec<Problem>,
        /// The warnings of the file: one often explains an error, such as a misspelt key.
        warnings: Vec<Problem>,
    },
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}
