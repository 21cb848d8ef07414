//! The secrets store: reads `simple` secrets from what a provider left on disk.

mod attributes;
mod base64;
mod bounded;
mod error;
mod vault;
mod vault_csi;

use crate::SecretValue;
use crate::settings::{SecretsConfig, SecretsProvider};
pub use bounded::MAX_SECRETS_BYTES;
pub use error::SecretsError;

/// Reads the `simple` secrets of `paths` in one pass over the store: one result for each path, in order.
///
/// Nothing is cached: each call sees what the provider has on disk now. The text of a file and the decoded values are
/// zeroed when they are dropped; a value with JSON escapes passes once through the JSON parser's own buffer, which is not.
///
/// # Errors
///
/// One [`SecretsError`] for each path that could not be read; a store that cannot be opened fails them all.
pub fn read_simple_secrets(
    config: &SecretsConfig,
    paths: &[String],
) -> Vec<Result<SecretValue, SecretsError>> {
    if paths.is_empty() {
        return Vec::new();
    }
    match config.provider {
        SecretsProvider::Vault => vault::read(&config.path, paths),
        SecretsProvider::VaultCsi => vault_csi::read(&config.path, paths),
    }
}
