//! The secrets store: every line of the parity table on both providers.

mod stores;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use ld_config::{SecretsConfig, SecretsError, SecretsProvider, read_simple_secrets};

use stores::{HUSH, read, vault, vault_csi};

/// Each with its attributes and what is read or the error.
const TABLE: &[(&str, &str, Result<&str, &str>)] = &[
    ("a/plain", r#"{"type": "simple", "value": "user:hunter2"}"#, Ok("user:hunter2")),
    ("a/identity", r#"{"type": "simple", "value": "h\u00e9\n", "encoding": "identity"}"#, Ok("hé\n")),
    ("a/base64", r#"{"type": "simple", "value": "YWJj\n", "encoding": "base64"}"#, Ok("abc")),
    ("a/empty", r#"{"type": "simple", "value": ""}"#, Ok("")),
    (
        "a/other",
        r#"{"type": "versioned", "value": "hunter2"}"#,
        Err("a/other: secret does not have type=simple"),
    ),
    ("a/untyped", r#"{"value": "hunter2"}"#, Err("a/untyped: secret does not have type=simple")),
    ("a/kind", r#"{"type": 5, "value": "hunter2"}"#, Err("a/kind: secret does not have type=simple")),
    ("a/hollow", r#"{"type": "simple"}"#, Err("a/hollow: secret does not have value")),
    ("a/number", r#"{"type": "simple", "value": 5}"#, Err("a/number: secret value is not a string")),
    (
        "a/broken",
        r#"{"type": "simple", "value": "hunter2hunter2", "encoding": "base64"}"#,
        Err("a/broken: unable to decode base64: Incorrect padding"),
    ),
    (
        "a/rot13",
        r#"{"type": "simple", "value": "hunter2", "encoding": "rot13"}"#,
        Err("a/rot13: unknown encoding: 'rot13'"),
    ),
    (
        "a/null",
        r#"{"type": "simple", "value": "hunter2", "encoding": null}"#,
        Err("a/null: unknown encoding: not a string"),
    ),
    ("a/text", r#""hunter2""#, Err("a/text: secret is not a JSON object")),
];

fn assert_table(config: &SecretsConfig) {
    for (path, _, expected) in TABLE {
        let result = read(config, path).map_err(|error| error.to_string());
        assert_eq!(result, expected.map(|v| v.as_bytes().to_vec()).map_err(str::to_owned), "{path}");
    }
    let paths: Vec<String> = TABLE.iter().map(|(path, ..)| (*path).to_owned()).collect();
    let results = read_simple_secrets(config, &paths);
    for ((path, _, expected), result) in TABLE.iter().zip(&results) {
        assert_eq!(result.is_ok(), expected.is_ok(), "{path}");
        assert!(!format!("{result:?}").contains(HUSH), "{path}");
    }
}

#[test]
fn vault_reads_the_table() {
    let members: Vec<String> = TABLE.iter().map(|(path, json, _)| format!("\"{path}\": {json}")).collect();
    let text = format!("{{\"vault\": {{\"token\": \"x\"}}, \"secrets\": {{{}}}}}", members.join(",\n"));
    let (_dir, config) = vault(&text);
    assert_table(&config);
    assert_eq!(read(&config, "a/missing").unwrap_err().to_string(), "secret not found: 'a/missing'");
}

#[test]
fn vault_csi_reads_the_table() {
    let (_dir, config) = vault_csi();
    for (path, json, _) in TABLE {
        fs::write(config.path.join("..data").join(path), format!("{{\"data\": {json}}}")).unwrap();
    }
    assert_table(&config);
    assert_eq!(read(&config, "a/missing").unwrap_err().to_string(), "secret not found: 'a/missing'");
}

#[test]
fn of_a_member_that_comes_twice_the_last_counts_as_in_python() {
    let simple = |value: &str| format!("{{\"type\": \"simple\", \"value\": \"{value}\"}}");
    let (old, new) = (simple("old"), simple("new"));
    let text = format!("{{\"secrets\": {{\"a\": {old}}}, \"secrets\": {{\"a\": {old}, \"a\": {new}}}}}");
    let (_dir, config) = vault(&text);
    assert_eq!(read(&config, "a").unwrap(), b"new");
    let (_dir, config) = vault_csi();
    fs::write(config.path.join("..data/a/b"), format!("{{\"data\": {old}, \"data\": {new}}}")).unwrap();
    assert_eq!(read(&config, "a/b").unwrap(), b"new");
}

#[test]
fn a_store_without_secrets_has_none() {
    let (_dir, config) = vault("{}");
    assert!(matches!(read(&config, "a"), Err(SecretsError::NotFound { .. })));
}

#[test]
fn no_path_opens_no_store() {
    let config = {
        let mut secrets = SecretsConfig::default();
        secrets.path = "/nonexistent".into();
        secrets.provider = SecretsProvider::VaultCsi;
        secrets
    };
    assert!(read_simple_secrets(&config, &[]).is_empty());
}

#[test]
fn rotated_secrets_are_seen_by_the_next_call() {
    let (_dir, config) = vault_csi();
    let write = |generation: &str, value: &str| {
        let dir = config.path.join(generation).join("a");
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("b"), format!("{{\"data\": {{\"type\": \"simple\", \"value\": \"{value}\"}}}}"))
            .unwrap();
    };
    write("..2026", "old");
    assert_eq!(read(&config, "a/b").unwrap(), b"old");
    write("..2027", "new");
    symlink("..2027", config.path.join("..next")).unwrap();
    fs::rename(config.path.join("..next"), config.path.join("..data")).unwrap();
    assert_eq!(read(&config, "a/b").unwrap(), b"new");
    assert!(Path::new(&config.path.join("..2026")).exists());
}
