//! The settings and secrets as the program gets them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use config_secrets::{nodes, secrets, zookeeper};

#[test]
fn settings_are_made_and_checked_without_a_file() {
    let config = zookeeper("zk1:2181,zk2/production", "secret/app").unwrap();
    assert_eq!((config.hosts.len(), config.hosts[1].port, config.chroot.as_str()), (2, 2181, "/production"));
    assert_eq!(config.credentials, ["secret/app"]);
    let error = zookeeper("zk1:0", "secret/app").unwrap_err();
    assert_eq!(error.key, "zookeeper.hosts");

    let nodes_of_two = nodes(&["flags", "limits"]).unwrap();
    assert_eq!(nodes_of_two[1].source, "/features/limits");
    let error = nodes(&["flags", "flags"]).unwrap_err();
    assert!(error.to_string().contains("flags"), "{error}");
}

#[test]
fn secrets_are_read_and_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("secrets.json");
    let json = r#"{"secrets": {
        "secret/app": {"type": "simple", "value": "app:hunter2"},
        "secret/other": {"type": "simple", "value": "aGVsbG8=", "encoding": "base64"}
    }}"#;
    fs::write(&store, json).unwrap();
    fs::set_permissions(&store, fs::Permissions::from_mode(0o600)).unwrap();

    let paths = ["secret/app".to_owned(), "secret/other".to_owned()];
    let mut warnings = Vec::new();
    let values = secrets(&store, &paths, |warning| warnings.push(warning)).unwrap();
    assert_eq!((values[0].expose(), values[1].expose()), (&b"app:hunter2"[..], &b"hello"[..]));
    assert!(!format!("{values:?}").contains("hunter2"));
    assert_eq!(warnings, [""; 0]);

    let missing = secrets(&store, &["secret/none".to_owned()], |_| {}).unwrap_err();
    assert_eq!(missing.to_string(), "secret not found: 'secret/none'");
    fs::set_permissions(&store, fs::Permissions::from_mode(0o666)).unwrap();
    secrets(&store, &paths, |warning| warnings.push(warning)).unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
}
