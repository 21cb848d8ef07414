//! The keys that secure the connection: what they mean and what they refuse.

use ld_config::{Config, Environment, Host, Scope, TlsConfig, TlsIdentity};

fn parse(hosts: &str, lines: &str) -> Result<Config, String> {
    let text = format!("[live-data]\nzookeeper.hosts = {hosts}\n{lines}\n");
    [Scope::Watcher, Scope::Writer]
        .map(|scope| {
            let parsed = Config::parse(&text, "c", &Environment::empty(), scope);
            parsed.map(|parsed| parsed.config).map_err(|error| error.to_string())
        })
        .into_iter()
        .reduce(|watcher, writer| {
            assert_eq!(watcher, writer);
            writer
        })
        .expect("there are two")
}

#[test]
fn tls_is_off_unless_an_authority_is_named() {
    assert_eq!(parse("h", "").unwrap().zookeeper.tls, None);
    let tls = parse("h", "zookeeper.tls.ca = /ca.pem").unwrap().zookeeper.tls;
    assert_eq!(tls, Some(TlsConfig::new("/ca.pem")));
}

#[test]
fn a_client_certificate_prints_what_reads_back() {
    let lines = "zookeeper.tls.ca = ca\nzookeeper.tls.cert = cert\nzookeeper.tls.key = key";
    let config = parse("h", lines).unwrap();
    let identity = TlsIdentity { cert: "cert".into(), key: "key".into() };
    let mut expected = TlsConfig::new("ca");
    expected.identity = Some(identity);
    assert_eq!(config.zookeeper.tls, Some(expected));
    let again = Config::parse(config.to_string(), "c", &Environment::empty(), Scope::Watcher).unwrap();
    assert_eq!(again.config, config);
}

#[test]
fn what_is_missing_is_named_with_what_needs_it() {
    for (lines, expected) in [
        ("zookeeper.tls.ca =", "c:3: zookeeper.tls.ca: no value specified; without TLS leave the key out"),
        (
            "zookeeper.tls.ca = a\nzookeeper.tls.cert = c",
            "c:1: zookeeper.tls.key: no value specified, needed with zookeeper.tls.cert",
        ),
        (
            "zookeeper.tls.ca = a\nzookeeper.tls.cert =\nzookeeper.tls.key = k",
            "c:4: zookeeper.tls.cert: no value specified, needed with zookeeper.tls.key",
        ),
        (
            "zookeeper.tls.cert = c\nzookeeper.tls.key = k",
            "c:1: zookeeper.tls.ca: no value specified, needed with zookeeper.tls.cert",
        ),
    ] {
        assert_eq!(parse("h", lines).unwrap_err(), expected);
    }
}

#[test]
fn with_tls_a_host_must_be_a_name_that_a_certificate_can_have() {
    let tls = "zookeeper.tls.ca = /ca.pem";
    for name in ["zk-1.example.com", "my_zk", "10.0.0.1", "[::1]", "zk.example."] {
        assert!(parse(name, tls).is_ok(), "{name}");
    }
    let long = "a".repeat(64);
    for name in ["-zk", "zk-", "a..b", "10.0.0", "1234", &long] {
        assert!(parse(name, "").is_ok(), "{name}");
        let expected =
            format!("c:2: zookeeper.hosts: '{name}' is not a name that a TLS certificate can have");
        assert_eq!(parse(name, tls).unwrap_err(), expected);
        assert!(!Host { name: name.to_owned(), port: 1 }.is_tls_name());
    }
}
