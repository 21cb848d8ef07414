//! Every row of the INI table of parity with baseplate.py.

use std::time::Duration;

use ld_config::{Config, ConfigError, Environment, Host, NodeConfig, Parsed, Scope, SecretsProvider};

const HOSTS: &str = "zookeeper.hosts = zk:2181\n";

fn parse_as(text: &str, scope: Scope) -> Result<Parsed, ConfigError> {
    Config::parse(text, "c", &Environment::empty(), scope)
}

fn parse(lines: &str) -> Parsed {
    parse_as(&format!("[live-data]\n{HOSTS}{lines}"), Scope::Watcher)
        .unwrap_or_else(|error| panic!("{lines}\n{error}"))
}

/// The errors of a section with `zookeeper.hosts` in its second line.
fn errors(lines: &str) -> String {
    match parse_as(&format!("[live-data]\n{HOSTS}{lines}"), Scope::Watcher) {
        Ok(parsed) => panic!("{lines}: accepted as {parsed:?}"),
        Err(error) => error.to_string(),
    }
}

fn warnings(lines: &str) -> Vec<String> {
    parse(lines).warnings.iter().map(ToString::to_string).collect()
}

fn node(lines: &str) -> NodeConfig {
    parse(&format!("nodes.a.source = /a\nnodes.a.dest = /d\n{lines}")).config.nodes.remove(0)
}

#[test]
fn row_section_with_defaults_delimiters_and_case() {
    let text = "[DEFAULT]\nzookeeper.timeout: 7 seconds\nnodes.a.mode = 0644\n[other]\nx = 1\n\
                [live-data]\nZooKeeper.Hosts: zk\nnodes.A.source=/a\nNODES.a.DEST = /D\nnodes.a.mode = 600\n";
    let config = parse_as(text, Scope::Watcher).unwrap().config;
    assert_eq!(config.zookeeper.timeout, Duration::from_secs(7));
    let mut expected = NodeConfig::new("a", "/a", "/D");
    expected.mode = 0o600;
    assert_eq!(config.nodes, [expected]);
}

#[test]
fn row_duplicate_keys_and_sections_are_errors() {
    assert_eq!(errors("x.y = 1\nX.Y = 2"), "c:4: x.y: duplicate key, first in line 3");
    assert_eq!(errors("[live-data]"), "c:3: duplicate section [live-data], first in line 1");
}

#[test]
fn row_only_full_line_comments() {
    let node = node("  # not part of the mode\nnodes.a.owner = a#b;c");
    assert_eq!(node.owner.unwrap().0, "a#b;c");
    assert!(
        errors("nodes.a.source = /a\nnodes.a.dest = /d\nnodes.a.mode = 0400 # ours")
            .contains("c:5: nodes.a.mode: '0400 # ours'")
    );
}

#[test]
fn row_indented_lines_continue_and_crlf_is_fine() {
    let text =
        "[live-data]\r\nzookeeper.hosts = zk1,\r\n    zk2\r\nzookeeper.credentials =\r\n\ta/b,\r\n\tc/d\r\n";
    let config = parse_as(text, Scope::Watcher).unwrap().config;
    assert_eq!(config.zookeeper.hosts.len(), 2);
    assert_eq!(config.zookeeper.credentials, ["a/b", "c/d"]);
}

#[test]
fn row_percent_is_literal_and_an_empty_value_is_the_default() {
    assert_eq!(node("nodes.a.owner = %(x)s%%\nnodes.a.mode =\nnodes.a.fsync:").owner.unwrap().0, "%(x)s%%");
    let config =
        parse("zookeeper.timeout =\nsecrets.path =\nsecrets.provider =\nzookeeper.credentials =").config;
    let mut expected = Config::default();
    expected.zookeeper.hosts = vec![Host { name: "zk".to_owned(), port: 2181 }];
    assert_eq!(config, expected);
}

#[test]
fn row_unknown_keys_are_ignored_and_those_near_ours_warn() {
    for (line, warning) in [
        (
            "zookeeper.host = x",
            "c:3: zookeeper.host: unknown key, ignored (the nearest known key is 'zookeeper.hosts')",
        ),
        (
            "secrets.pth = x",
            "c:3: secrets.pth: unknown key, ignored (the nearest known key is 'secrets.path')",
        ),
        ("watcher.drift = 1", "the nearest known key is 'watcher.drift_interval'"),
        (
            "nodes.a.source=/a\nnodes.a.dest=/d\nnodes.a.onwer=x",
            "c:5: nodes.a.onwer: unknown key, ignored (the nearest known key is 'nodes.a.owner')",
        ),
        (
            "nodes.a\u{1b}.source=/a\nnodes.a\u{1b}.dest=/d\nnodes.a\u{1b}.onwer=x",
            "c:5: nodes.a\\u{1b}.onwer: unknown key, ignored (the nearest known key is 'nodes.a\\u{1b}.owner')",
        ),
        ("nodes. = x", "c:3: nodes.: ignored: no name after 'nodes.'"),
    ] {
        let warnings = warnings(line);
        assert!(warnings.len() == 1 && warnings[0].contains(warning), "{warnings:?}");
    }
    assert!(warnings("app.nodes.x = 1\nmetrics.endpoint = y\nnodesy = 1").is_empty());
}

#[test]
fn row_variables_expand_in_values_and_not_in_keys() {
    let env: Environment = [("ROOT", "/var/live"), ("NAME", "a"), ("NONE", "")].into_iter().collect();
    let text = "[live-data]\nzookeeper.hosts = zk\nnodes.$NAME.source = /$NAME/${NAME}\n\
                nodes.$NAME.dest = ${ROOT}/$UNSET/${UNSET:-x}\nnodes.$NAME.mode = $NONE\n";
    let config = Config::parse(text, "c", &env, Scope::Watcher).unwrap().config;
    assert_eq!(config.nodes, [NodeConfig::new("$name", "/a/a", "/var/live/$UNSET/${UNSET:-x}")]);
}

#[test]
fn row_no_nodes_is_fine_and_relative_destinations_are_accepted() {
    assert!(parse("").config.nodes.is_empty());
    let config = parse("nodes.a.source = /a\nnodes.a.dest = some/file").config;
    assert_eq!(config.nodes[0].dest.to_str(), Some("some/file"));
}

#[test]
fn row_sources_are_repaired_with_a_warning_or_refused() {
    for (source, read) in [("a/b", "/a/b"), ("/a/b/", "/a/b"), ("/a//b", "/a/b")] {
        let lines = format!("nodes.n.source = {source}\nnodes.n.dest = /d");
        assert_eq!(parse(&lines).config.nodes[0].source, read);
        assert_eq!(warnings(&lines), [format!("c:3: nodes.n.source: '{source}' is read as '{read}'")]);
    }
    let root = "nodes.n.source = /\nnodes.n.dest = /d";
    assert_eq!((parse(root).config.nodes[0].source.as_str(), warnings(root).len()), ("/", 0));
    for source in ["/a/../b", "/a/.", "/a\x07"] {
        let errors = errors(&format!("nodes.n.source = {source}\nnodes.n.dest = /d"));
        assert!(
            errors.starts_with("c:3: nodes.n.source: '/a") && errors.contains("is not a znode path"),
            "{errors}"
        );
    }
}

#[test]
fn row_the_writer_needs_no_nodes() {
    let text =
        format!("[live-data]\n{HOSTS}nodes.a.mode = 9\nnodes.a.typo = x\nwatcher.drift_interval = x\n");
    let parsed = parse_as(&text, Scope::Writer).unwrap();
    assert!(parsed.config.nodes.is_empty() && parsed.warnings.is_empty());
    assert_eq!(parse_as(&text, Scope::Watcher).unwrap_err().to_string().lines().count(), 4);
    let error = parse_as("[live-data]\nzookeeper.timeout = x\n", Scope::Writer).unwrap_err().to_string();
    assert_eq!(error.lines().count(), 2, "{error}");
}

#[test]
fn row_secrets() {
    let config = parse("secrets.path = /s\nsecrets.provider = vault_csi\nsecrets.backoff = 1 minute").config;
    assert_eq!(
        (config.secrets.path.to_str(), config.secrets.provider),
        (Some("/s"), SecretsProvider::VaultCsi)
    );
    assert_eq!(parse("secrets.provider = aws").config.secrets.provider, SecretsProvider::Vault);
    assert_eq!(
        warnings("secrets.provider = aws"),
        ["c:3: secrets.provider: unknown provider 'aws', read as 'vault' (allowed: vault, vault_csi)"]
    );
    assert!(errors("secrets.backoff = soon").contains("c:3: secrets.backoff: invalid specification: 'soon'"));
    assert_eq!(Config::default().secrets.path.to_str(), Some("/var/local/secrets.json"));
}

#[test]
fn row_required_keys() {
    assert_eq!(errors("nodes.a.source = /a"), "c:3: nodes.a.dest: no value specified");
    assert_eq!(errors("nodes.a.dest = /a\nnodes.a.source ="), "c:4: nodes.a.source: no value specified");
    let error = parse_as("\n[live-data]\n", Scope::Watcher).unwrap_err().to_string();
    assert_eq!(error, "c:2: zookeeper.hosts: no value specified");
    // As in the original, a name ends at its first dot.
    let error = errors("nodes.a.b.source = /a\nnodes.a.b.dest = /d");
    assert_eq!(error, "c:3: nodes.a.source: no value specified\nc:3: nodes.a.dest: no value specified");
}

#[test]
fn row_owner_group_and_mode() {
    let read = node("nodes.a.owner = www-data\nnodes.a.group = 0\nnodes.a.mode = 0o2750");
    assert_eq!(
        (read.owner.unwrap().0, read.group.unwrap().0, read.mode),
        ("www-data".into(), "0".into(), 0o2750)
    );
    assert_eq!(node("").mode, 0o400);
    for mode in ["0400", "400", "0o400", "00400"] {
        assert_eq!(node(&format!("nodes.a.mode = {mode}")).mode, 0o400);
    }
    assert!(!node("nodes.a.fsync = False").fsync);
}

#[test]
fn row_hosts_and_credentials() {
    let config = parse_as(
        "[live-data]\nzookeeper.hosts = zk1, zk2:99/some/root\nzookeeper.credentials = a/b ,, c\n",
        Scope::Watcher,
    )
    .unwrap()
    .config;
    let hosts: Vec<String> = config.zookeeper.hosts.iter().map(ToString::to_string).collect();
    assert_eq!(
        (hosts.join(" "), config.zookeeper.chroot.as_str()),
        ("zk1:2181 zk2:99".to_owned(), "/some/root")
    );
    assert_eq!(config.zookeeper.credentials, ["a/b", "c"]);
    let two_chroots = parse_as("[live-data]\nzookeeper.hosts = a/x,b/x", Scope::Watcher).unwrap().warnings;
    assert!(two_chroots[0].to_string().contains("write it once, at the end"), "{two_chroots:?}");
}

#[test]
fn row_timeout() {
    assert_eq!(parse("").config.zookeeper.timeout, Duration::from_secs(5));
    // The original refuses all but the first one.
    for (value, milliseconds) in [("5 seconds", 5_000), ("5", 5_000), ("5s", 5_000), ("1.5 seconds", 1_500)] {
        let config = parse(&format!("zookeeper.timeout = {value}")).config;
        assert_eq!(config.zookeeper.timeout, Duration::from_millis(milliseconds), "{value}");
    }
    for (value, error) in [
        ("soon", "invalid specification"),
        ("5 weeks", "unknown unit"),
        ("0 seconds", "is out of range (allowed: 1 millisecond to 24 days)"),
        ("-5 seconds", "is out of range (allowed: 1 millisecond to 24 days)"),
        ("25 days", "is out of range (allowed: 1 millisecond to 24 days)"),
    ] {
        let errors = errors(&format!("zookeeper.timeout = {value}"));
        assert!(errors.starts_with("c:3: zookeeper.timeout: ") && errors.contains(error), "{errors}");
    }
}
