//! Files: what cannot be opened, what is too large, and a fleet's worth of nodes.

use std::fmt::Write;

use ld_config::{Config, ConfigError, Environment, MAX_CONFIG_BYTES, Scope};

fn read(path: &std::path::Path) -> Result<ld_config::Parsed, ConfigError> {
    Config::read(path, &Environment::empty(), Scope::Watcher)
}

#[test]
fn a_file_is_read_and_named_in_messages() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.ini");
    std::fs::write(&path, "[live-data]\nzookeeper.hosts = zk\n").unwrap();
    assert_eq!(read(&path).unwrap().config.zookeeper.hosts[0].name, "zk");
    std::fs::write(&path, "[live-data]\n").unwrap();
    let error = read(&path).unwrap_err().to_string();
    assert_eq!(error, format!("{}:1: zookeeper.hosts: no value specified", path.display()));
}

#[test]
fn a_file_that_others_may_change_is_warned_about() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.ini");
    std::fs::write(&path, "[live-data]\nzookeeper.hosts = zk\n").unwrap();
    let warnings = |mode| {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        read(&path).unwrap().warnings
    };
    assert_eq!(warnings(0o644), []);
    let expected = format!(
        "{}:1: others may change this file: its mode 0646 lets every local user write",
        path.display()
    );
    assert_eq!(warnings(0o646)[0].to_string(), expected);
}

#[test]
fn a_missing_file_is_told_from_an_unreadable_one() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(read(&dir.path().join("missing")), Err(ConfigError::Unopenable { .. })));
    assert!(matches!(read(dir.path()), Err(ConfigError::Unreadable { .. })));
    let error = read(&dir.path().join("missing")).unwrap_err();
    assert!(error.to_string().ends_with("missing': No such file or directory (os error 2)"), "{error}");
}

#[test]
fn more_than_the_limit_is_refused_without_reading_on() {
    let endless = std::io::repeat(b'#');
    let error = Config::from_reader(endless, "-", &Environment::empty(), Scope::Watcher).unwrap_err();
    assert!(matches!(error, ConfigError::TooLarge { limit: MAX_CONFIG_BYTES, .. }), "{error}");
}

#[test]
fn a_hundred_thousand_nodes_fit_into_the_limit() {
    const NODES: usize = 2_000;
    let mut text = "[live-data]\nzookeeper.hosts = zk\n".to_owned();
    for number in 0..NODES {
        let name = format!("service-with-a-long-name-{number}");
        writeln!(text, "nodes.{name}.source = /config/{name}/current").unwrap();
        writeln!(text, "nodes.{name}.dest = /var/lib/live-data/{name}.json").unwrap();
        writeln!(text, "nodes.{name}.owner = www-data\nnodes.{name}.mode = 0440").unwrap();
    }
    assert!(text.len() * (100_000 / NODES) < MAX_CONFIG_BYTES / 2);
    let parsed = Config::parse(&text, "c", &Environment::empty(), Scope::Watcher).unwrap();
    assert_eq!((parsed.config.nodes.len(), parsed.warnings.len()), (NODES, 0));
}
