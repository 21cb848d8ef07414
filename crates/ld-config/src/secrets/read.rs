//! What is read of a store, and its files.

use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::error::SecretsError;
use crate::directories::who_may_change;
use crate::file::{ReadFileError, read_bounded_regular_file};
use crate::limits::MAX_SECRETS_BYTES;
use crate::quote::quoted;
use crate::secret::SecretValue;

/// What was read of a store.
#[derive(Debug)]
#[non_exhaustive]
pub struct ReadSecrets {
    /// One result for each path, in order.
    pub secrets: Vec<Result<SecretValue, SecretsError>>,
    /// A log line for each file of the store that others than root and the user of this process
    /// may change or replace. No secret is in it.
    pub warnings: Vec<String>,
}

impl ReadSecrets {
    /// Every path failed in the same way.
    pub(super) fn failed(paths: &[String], error: &SecretsError) -> Self {
        let secrets = paths.iter().map(|_| Err(error.clone())).collect();
        Self { secrets, warnings: Vec::new() }
    }
}

/// Reads a file of the store, up to [`MAX_SECRETS_BYTES`].
pub(super) fn read_file(file: &Path, warnings: &mut Vec<String>) -> Result<Zeroizing<Vec<u8>>, SecretsError> {
    match read_bounded_regular_file(file, MAX_SECRETS_BYTES) {
        Ok(read) => {
            let reasons = who_may_change(file, &read.metadata);
            let name = quoted(&file.to_string_lossy());
            warnings.extend(reasons.map(|reason| format!("the secrets in {name}: {reason}")));
            Ok(read.content)
        }
        Err(ReadFileError::Io(source)) => {
            Err(SecretsError::Unreadable { file: file.into(), source: Arc::new(source) })
        }
        Err(ReadFileError::NotRegular { kind }) => Err(SecretsError::NotRegular { file: file.into(), kind }),
        Err(ReadFileError::TooLarge { limit }) => Err(SecretsError::TooLarge { file: file.into(), limit }),
    }
}
