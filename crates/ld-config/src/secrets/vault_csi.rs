//! The provider `vault_csi`: a file for each secret, `<mount>/..data/<path>`, holding `{"data": {attributes}}`.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use serde_json::value::RawValue;

use super::bounded::{self, Member};
use super::{SecretsError, attributes};
use crate::SecretValue;

pub(super) fn read(mount: &Path, paths: &[String]) -> Vec<Result<SecretValue, SecretsError>> {
    match generation(mount) {
        Ok(data) => paths.iter().map(|path| read_one(&data, path)).collect(),
        Err(error) => paths.iter().map(|_| Err(error.clone())).collect(),
    }
}

/// The directory that `..data` is now. It is resolved once, so that all secrets of a call are of one generation.
fn generation(mount: &Path) -> Result<PathBuf, SecretsError> {
    let link = mount.join("..data");
    for path in [mount, &link] {
        if !path.is_dir() {
            return Err(SecretsError::NotADirectory { path: path.to_path_buf() });
        }
    }
    link.canonicalize().map_err(|source| SecretsError::Unreadable { file: link, source: Arc::new(source) })
}

fn read_one(data: &Path, path: &str) -> Result<SecretValue, SecretsError> {
    // An absolute path would replace the mount, and `..` would leave it: the original follows both.
    if !Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(SecretsError::OutsideMount { path: path.to_owned() });
    }
    let file = data.join(path);
    let text = match bounded::read(&file) {
        Err(SecretsError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return Err(SecretsError::NotFound { path: path.to_owned() });
        }
        read => read?,
    };
    let data: &RawValue = bounded::parse(&file, &text, Member { name: "data", absent: None })?;
    attributes::simple(path, data)
}
