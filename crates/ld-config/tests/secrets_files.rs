//! The files of a secrets store: what cannot be read, and what should be said about it.

mod stores;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use ld_config::{
    MAX_SECRETS_BYTES, SecretsConfig, SecretsError, SecretsProvider, read_secrets, read_simple_secrets,
};

use stores::{read, vault, vault_csi};

#[test]
fn malformed_json_gives_its_position_and_no_content() {
    for text in [
        "{\"secrets\": {\"a\": {\"type\": \"simple\", \"value\": \"hunter2\"}}",
        "{\n\"secrets\": \"hunter2\"}",
        "{\"secrets\": {\"a\": hunter2}}",
        "[{\"a\": {\"type\": \"simple\", \"value\": \"hunter2\"}}]",
        "{} hunter2",
        "hunter2",
        "",
    ] {
        let (_dir, config) = vault(text);
        let error = read(&config, "a").unwrap_err();
        assert!(matches!(error, SecretsError::Malformed { line: 1.., .. }), "{error}");
    }
    let (_dir, config) = vault_csi();
    for text in ["{\"data\": hunter2}", "{\"other\": 1}", "[{\"type\": \"simple\", \"value\": \"hunter2\"}]"]
    {
        fs::write(config.path.join("..data/a/b"), text).unwrap();
        assert!(matches!(read(&config, "a/b"), Err(SecretsError::Malformed { .. })), "{text}");
    }
}

#[test]
fn malformed_json_says_what_was_found() {
    for (text, found) in [
        ("{\"secrets\": hunter2}", "invalid JSON at line 1 column "),
        ("{} hunter2", "invalid JSON at line 1 column "),
        (" \n", "an empty file at line "),
        ("[]", "a list (expected {\"secrets\": {\"<path>\": {"),
        ("\"hunter2\"", "JSON of another form (expected {\"secrets\": "),
        ("{\"secrets\": []}", "JSON of another form (expected {\"secrets\": "),
        ("\u{feff}{}", "a byte order mark (save it as UTF-8 without one) at line 1 column 1"),
    ] {
        let (_dir, config) = vault(text);
        let error = read(&config, "a").unwrap_err().to_string();
        assert!(error.contains(&format!("' is not a file of secrets: {found}")), "{text}: {error}");
    }
}

#[test]
fn a_store_that_is_not_a_regular_file_is_named_at_once() {
    use rustix::fs::{CWD, FileType, mknodat};
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("fifo");
    mknodat(CWD, &fifo, FileType::Fifo, 0o600.into(), 0).unwrap();
    for (path, kind) in [(&*fifo, "a FIFO"), (dir.path(), "a directory")] {
        let config = {
            let mut secrets = SecretsConfig::default();
            secrets.path = path.to_owned();
            secrets.provider = SecretsProvider::Vault;
            secrets
        };
        let error = read(&config, "a").unwrap_err().to_string();
        assert!(error.ends_with(&format!(": it is {kind}, not a regular file")), "{error}");
    }
    let (_dir, config) = vault_csi();
    mknodat(CWD, config.path.join("..data/a/b"), FileType::Fifo, 0o600.into(), 0).unwrap();
    assert!(matches!(read(&config, "a/b"), Err(SecretsError::NotRegular { .. })));
}

#[test]
fn a_store_that_others_may_change_is_warned_about() {
    let (_dir, config) = vault("{}");
    let warnings = |mode| {
        fs::set_permissions(&config.path, fs::Permissions::from_mode(mode)).unwrap();
        read_secrets(&config, &["a".to_owned()]).warnings
    };
    assert_eq!(warnings(0o640), Vec::<String>::new());
    let warnings = warnings(0o666);
    assert!(warnings[0].contains("its mode 0666 lets its group and every local user write"), "{warnings:?}");
}

#[test]
fn a_store_that_cannot_be_opened_fails_every_path() {
    let config = {
        let mut settings = SecretsConfig::default();
        settings.path = "/nonexistent/secrets.json".into();
        settings.provider = SecretsProvider::Vault;
        settings
    };
    let results = read_simple_secrets(&config, &["a".to_owned(), "b".to_owned()]);
    assert_eq!(results.len(), 2);
    for result in results {
        let error = result.unwrap_err();
        assert_eq!(
            error.to_string(),
            "unable to read the secrets in '/nonexistent/secrets.json': No such file or directory (os error 2)"
        );
        assert_eq!(ld_config::chain(&error), error.to_string());
        assert!(std::error::Error::source(&error).is_some());
    }
}

#[test]
fn a_file_beyond_the_limit_is_refused() {
    let (_dir, config) = vault(&" ".repeat(MAX_SECRETS_BYTES + 1));
    assert!(matches!(read(&config, "a"), Err(SecretsError::TooLarge { limit: MAX_SECRETS_BYTES, .. })));
}

#[test]
fn a_csi_mount_and_its_data_must_be_directories() {
    let (_dir, config) = vault_csi();
    fs::remove_file(config.path.join("..data")).unwrap();
    let error = read(&config, "a/b").unwrap_err().to_string();
    assert!(error.contains("..data' to be a directory: verify that"), "{error}");
    let file = {
        let mut secrets = config.clone();
        secrets.path = config.path.join("file");
        secrets
    };
    fs::write(&file.path, "x").unwrap();
    assert!(matches!(read(&file, "a"), Err(SecretsError::NotADirectory { path }) if path == file.path));
}

#[test]
fn a_csi_secret_path_cannot_leave_the_mount() {
    let (dir, config) = vault_csi();
    let outside = dir.path().join("outside");
    fs::write(&outside, r#"{"data": {"type": "simple", "value": "hunter2"}}"#).unwrap();
    for path in ["../../outside", "a/../../../outside", outside.to_str().unwrap(), "..", "/"] {
        assert!(matches!(read(&config, path), Err(SecretsError::OutsideMount { .. })), "{path}");
    }
}
