//! The provider `vault`: one JSON file with all secrets, `{"secrets": {"<path>": {attributes}}}`.

use std::collections::HashMap;
use std::path::Path;

use serde_json::value::RawValue;

use super::attributes;
use super::error::SecretsError;
use super::json::{self, Member};
use super::read::{ReadSecrets, read_file};

const FORM: &str = r#"{"secrets": {"<path>": {"type": "simple", "value": "..."}}}"#;

pub(super) fn read(file: &Path, paths: &[String]) -> ReadSecrets {
    let mut warnings = Vec::new();
    let text = match read_file(file, &mut warnings) {
        Ok(text) => text,
        Err(error) => return ReadSecrets::failed(paths, &error),
    };
    // Values stay unparsed slices of the file's text until one is asked for, so no other is copied.
    let secrets = Member { name: "secrets", absent: Some(HashMap::<String, &RawValue>::new()) };
    let secrets = match json::parse(file, &text, secrets, FORM) {
        Ok(secrets) => secrets,
        Err(error) => return ReadSecrets::failed(paths, &error),
    };
    let simple = |path: &String| match secrets.get(path) {
        Some(raw) => attributes::simple(path, raw),
        None => Err(SecretsError::NotFound { path: path.clone() }),
    };
    ReadSecrets { secrets: paths.iter().map(simple).collect(), warnings }
}
