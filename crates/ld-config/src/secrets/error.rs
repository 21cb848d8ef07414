//! Why a secret could not be read.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Why a secret could not be read. No variant carries a secret's value.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SecretsError {
    /// A file of the store cannot be opened or read.
    #[error("unable to read the secrets in '{}': {source}", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        #[source]
        source: Arc<io::Error>,
    },
    /// A file of the store is something else, such as a FIFO or a directory.
    #[error("unable to read the secrets in '{}': it is {kind}, not a regular file", .file.display())]
    NotRegular {
        /// The file.
        file: PathBuf,
        /// What it is, with its article.
        kind: &'static str,
    },
    /// A file of the store is larger than [`MAX_SECRETS_BYTES`](crate::MAX_SECRETS_BYTES).
    #[error("'{}' is larger than {limit} bytes, the most that a file of secrets may have", .file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// The limit, in bytes.
        limit: usize,
    },
    /// A file of the store is not the JSON that its provider writes.
    #[error("'{}' is not a file of secrets: {problem} at line {line} column {column}", .file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// What the parser found; no content of the file.
        problem: Cow<'static, str>,
        /// Where the parser stopped, from 1.
        line: usize,
        /// Where in the line, from 1; 0 at its start.
        column: usize,
    },
    /// `secrets.path` of the provider `vault_csi`, or `..data` in it, is not a directory.
    #[error(
        "expected '{}' to be a directory: verify that secrets.path is the root of the Vault CSI mount",
        .path.display()
    )]
    NotADirectory {
        /// What should be a directory.
        path: PathBuf,
    },
    /// The secret's path would leave the mount of the provider `vault_csi`.
    #[error("the secret path '{}' leaves the mount: it must be relative, without '..'", .path.escape_debug())]
    OutsideMount {
        /// The secret's path.
        path: String,
    },
    /// The store has no such secret.
    #[error("secret not found: '{}'", .path.escape_debug())]
    NotFound {
        /// The secret's path in the store.
        path: String,
    },
    /// The secret exists and is not a `simple` one that can be decoded.
    #[error("{}: {reason}", .path.escape_debug())]
    Corrupt {
        /// The secret's path in the store.
        path: String,
        /// What is wrong with it, in the words of the original.
        reason: String,
    },
}
