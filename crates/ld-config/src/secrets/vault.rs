//! The provider `vault`: one JSON file with all secrets, `{"secrets": {"<path>": {attributes}}}`.

use std::collections::HashMap;
use std::path::Path;

use serde_json::value::RawValue;

use super::bounded::{self, Member};
use super::{SecretsError, attributes};
use crate::SecretValue;

pub(super) fn read(file: &Path, paths: &[String]) -> Vec<Result<SecretValue, SecretsError>> {
    let text = match bounded::read(file) {
        Ok(text) => text,
        Err(error) => return paths.iter().map(|_| Err(error.clone())).collect(),
    };
    // Values stay unparsed slices of the file's text until one is asked for, so no other secret is copied.
    let secrets = Member { name: "secrets", absent: Some(HashMap::<String, &RawValue>::new()) };
    let secrets = match bounded::parse(file, &text, secrets) {
        Ok(secrets) => secrets,
        Err(error) => return paths.iter().map(|_| Err(error.clone())).collect(),
    };
    let simple = |path: &String| match secrets.get(path) {
        Some(raw) => attributes::simple(path, raw),
        None => Err(SecretsError::NotFound { path: path.clone() }),
    };
    paths.iter().map(simple).collect()
}
