//! The secrets store: reads `simple` secrets from what a provider left on disk.

mod attributes;
mod base64;
mod error;
mod json;
mod read;
mod vault;
mod vault_csi;

use crate::secret::SecretValue;
use crate::settings::{SecretsConfig, SecretsProvider};
pub use error::SecretsError;
pub use read::ReadSecrets;

/// Reads the `simple` secrets of `paths` in one pass over the store.
///
/// Nothing is cached: each call sees what the provider has on disk now. It waits for no FIFO; a
/// network file system that hangs does block it.
///
/// The text of a file and the decoded values are zeroed when they are dropped. A value with JSON
/// escapes passes once through the JSON parser's own buffer, which is not.
///
/// ```no_run
/// use ld_config::{SecretsConfig, read_secrets};
///
/// let config = SecretsConfig::new("/run/secrets.json");
/// let read = read_secrets(&config, &["secret/app/database".to_owned()]);
/// read.warnings.iter().for_each(|warning| eprintln!("warning: {warning}"));
/// for secret in read.secrets {
///     match secret {
///         Ok(value) => println!("connecting with {} bytes", value.expose().len()),
///         Err(error) => eprintln!("{error}"),
///     }
/// }
/// ```
///
/// # Errors
///
/// One [`SecretsError`] for each path that could not be read. A store that cannot be opened fails
/// them all.
pub fn read_secrets(config: &SecretsConfig, paths: &[String]) -> ReadSecrets {
    if paths.is_empty() {
        return ReadSecrets { secrets: Vec::new(), warnings: Vec::new() };
    }
    match config.provider {
        SecretsProvider::Vault => vault::read(&config.path, paths),
        SecretsProvider::VaultCsi => vault_csi::read(&config.path, paths),
    }
}

/// The secrets of [`read_secrets`] without its warnings.
///
/// # Errors
///
/// As [`read_secrets`].
pub fn read_simple_secrets(
    config: &SecretsConfig,
    paths: &[String],
) -> Vec<Result<SecretValue, SecretsError>> {
    read_secrets(config, paths).secrets
}
