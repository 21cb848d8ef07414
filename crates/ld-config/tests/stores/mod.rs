//! Secrets stores of both providers in private directories, and reads that let no secret through.

use std::fs;
use std::os::unix::fs::symlink;

use ld_config::{SecretsConfig, SecretsError, SecretsProvider, read_simple_secrets};

/// Nothing that is printed may contain this.
pub(crate) const HUSH: &str = "hunter2";

pub(crate) fn vault(text: &str) -> (tempfile::TempDir, SecretsConfig) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secrets.json");
    fs::write(&path, text).unwrap();
    (dir, {
        let mut secrets = SecretsConfig::default();
        secrets.path = path;
        secrets.provider = SecretsProvider::Vault;
        secrets
    })
}

pub(crate) fn vault_csi() -> (tempfile::TempDir, SecretsConfig) {
    let dir = tempfile::tempdir().unwrap();
    let mount = dir.path().join("mount");
    fs::create_dir_all(mount.join("..2026/a")).unwrap();
    symlink("..2026", mount.join("..data")).unwrap();
    (dir, {
        let mut secrets = SecretsConfig::default();
        secrets.path = mount;
        secrets.provider = SecretsProvider::VaultCsi;
        secrets
    })
}

pub(crate) fn read(config: &SecretsConfig, path: &str) -> Result<Vec<u8>, SecretsError> {
    let mut results = read_simple_secrets(config, &[path.to_owned()]);
    assert_eq!(results.len(), 1);
    let result = results.remove(0).map(|secret| secret.expose().to_vec());
    if let Err(error) = &result {
        assert_is_silent(error);
    }
    result
}

fn assert_is_silent(error: &SecretsError) {
    let mut text = format!("{error} {error:?}");
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text.push_str(&format!("{inner} {inner:?}"));
        source = inner.source();
    }
    assert!(!text.contains(HUSH), "{text}");
}
