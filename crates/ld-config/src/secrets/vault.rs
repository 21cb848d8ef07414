//! The provider `vault`: one JSON file with all secrets, `{"secrets": {"<path>": {attributes}}}`.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{SecretsError, attributes, bounded};
use crate::SecretValue;

/// Values stay unparsed slices of the file's text until one is asked for, so no other secret is copied.
#[derive(Deserialize)]
struct Store<'a> {
    #[serde(borrow, default)]
    secrets: HashMap<String, &'a RawValue>,
}

pub(super) fn read(file: &Path, paths: &[String]) -> Vec<Result<SecretValue, SecretsError>> {
    let text = match bounded::read(file) {
        Ok(text) => text,
        Err(error) => return paths.iter().map(|_| Err(error.clone())).collect(),
    };
    let store: Store = match bounded::parse(file, &text) {
        Ok(store) => store,
        Err(error) => return paths.iter().map(|_| Err(error.clone())).collect(),
    };
    let simple = |path: &String| match store.secrets.get(path) {
        Some(raw) => attributes::simple(path, raw),
        None => Err(SecretsError::NotFound { path: path.clone() }),
    };
    paths.iter().map(simple).collect()
}
