//! The provider `vault_csi`: a file for each secret, `<mount>/..data/<path>`, that holds
//! `{"data": {attributes}}`.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use serde_json::value::RawValue;

use super::attributes;
use super::error::SecretsError;
use super::json::{self, Member};
use super::read::{ReadSecrets, read_file};
use crate::secret::SecretValue;

const FORM: &str = r#"{"data": {"type": "simple", "value": "..."}}"#;

pub(super) fn read(mount: &Path, paths: &[String]) -> ReadSecrets {
    let mut warnings = Vec::new();
    match generation(mount) {
        Ok(data) => {
            let secrets = paths.iter().map(|path| read_one(&data, path, &mut warnings)).collect();
            ReadSecrets { secrets, warnings }
        }
        Err(error) => ReadSecrets::failed(paths, &error),
    }
}

/// The directory that `..data` is now. It is resolved once, so that all secrets of a call are of
/// one generation.
fn generation(mount: &Path) -> Result<PathBuf, SecretsError> {
    let link = mount.join("..data");
    for path in [mount, &link] {
        if !path.is_dir() {
            return Err(SecretsError::NotADirectory { path: path.to_path_buf() });
        }
    }
    link.canonicalize().map_err(|source| SecretsError::Unreadable { file: link, source: Arc::new(source) })
}

fn read_one(data: &Path, path: &str, warnings: &mut Vec<String>) -> Result<SecretValue, SecretsError> {
    // An absolute path would replace the mount, and `..` would leave it: the original follows both.
    if !Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(SecretsError::OutsideMount { path: path.to_owned() });
    }
    let file = data.join(path);
    let text = match read_file(&file, warnings) {
        Err(SecretsError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return Err(SecretsError::NotFound { path: path.to_owned() });
        }
        read => read?,
    };
    let data: &RawValue = json::parse(&file, &text, Member { name: "data", absent: None }, FORM)?;
    attributes::simple(path, data)
}
