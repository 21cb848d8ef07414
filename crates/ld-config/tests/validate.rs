//! Settings made by hand: what cannot work is an error that names key, value and what is allowed.

use std::time::Duration;

use ld_config::{
    Config, Host, InvalidSetting, NodeConfig, Principal, TlsConfig, TlsIdentity, WatcherConfig,
    ZooKeeperConfig, validate_nodes,
};

fn zookeeper() -> ZooKeeperConfig {
    changed(ZooKeeperConfig::default(), |zookeeper| {
        zookeeper.hosts = vec![Host { name: "zk1".to_owned(), port: 2181 }];
    })
}

fn node() -> NodeConfig {
    NodeConfig::new("a", "/a", "/d")
}

fn assert_refused(result: Result<(), InvalidSetting>, expected: &str) {
    let error = result.expect_err(expected).to_string();
    assert!(error.starts_with(expected), "{error}");
}

/// The settings with a change.
fn changed<T>(mut settings: T, change: impl FnOnce(&mut T)) -> T {
    change(&mut settings);
    settings
}

#[test]
fn settings_that_can_work_are_accepted() {
    let mut config = Config::default();
    config.zookeeper = changed(zookeeper(), |zookeeper| zookeeper.chroot = "/prod/eu-1".to_owned());
    config.nodes = vec![node(), NodeConfig::new("b", "/", "/e")];
    assert_eq!(config.validate(), Ok(()));
}

#[test]
fn zookeeper_settings_that_cannot_work_are_refused() {
    assert_refused(ZooKeeperConfig::default().validate(), "zookeeper.hosts: no host is given");
    let host = |name: &str, port| vec![Host { name: name.to_owned(), port }];
    for hosts in [host("", 1), host("-", 1), host("a b", 1), host("user:pw@h", 1)] {
        assert_refused(
            changed(zookeeper(), |zookeeper| zookeeper.hosts = hosts).validate(),
            "zookeeper.hosts: ",
        );
    }
    let port_0 = changed(zookeeper(), |zookeeper| zookeeper.hosts = host("zk", 0));
    assert_refused(port_0.validate(), "zookeeper.hosts: '0' is not a valid port (1 to 65535)");
    for chroot in ["prod", "/", "/a/", "/a//b", "/a/../b", "/a\n"] {
        let config = changed(zookeeper(), |zookeeper| zookeeper.chroot = chroot.to_owned());
        assert_refused(config.validate(), "zookeeper.hosts: the chroot '");
    }
    for timeout in [Duration::ZERO, Duration::from_nanos(1), Duration::from_secs(25 * 86_400), Duration::MAX]
    {
        assert_refused(
            changed(zookeeper(), |zookeeper| zookeeper.timeout = timeout).validate(),
            "zookeeper.timeout: '",
        );
    }
    for credential in ["", "a\nb"] {
        let config = changed(zookeeper(), |zookeeper| zookeeper.credentials = vec![credential.to_owned()]);
        assert_refused(config.validate(), "zookeeper.credentials: ");
    }
    let config = changed(zookeeper(), |zookeeper| zookeeper.max_read_bytes = 0);
    assert_refused(config.validate(), "zookeeper.max_read_bytes: '0' is not an integer");
    let config = changed(zookeeper(), |zookeeper| zookeeper.max_node_bytes = usize::MAX);
    assert_refused(config.validate(), "zookeeper.max_node_bytes: '18446744073709551615' is not an integer");
}

#[test]
fn tls_that_is_incomplete_is_refused() {
    let tls = |ca: &str, identity| {
        let mut tls = TlsConfig::new(ca);
        tls.identity = identity;
        Some(tls)
    };
    let key_only = Some(TlsIdentity { key: "key".into(), ..TlsIdentity::default() });
    for (tls, expected) in [
        (tls("", None), "zookeeper.tls.ca: no value specified, needed with TLS"),
        (tls("ca", key_only), "zookeeper.tls.cert: no value specified, needed with zookeeper.tls.key"),
        (tls("c\na", None), "zookeeper.tls.ca: 'c\\na' has a line break"),
    ] {
        assert_refused(changed(zookeeper(), |zookeeper| zookeeper.tls = tls).validate(), expected);
    }
    let hosts = vec![Host { name: "-zk".to_owned(), port: 1 }];
    let config = changed(zookeeper(), |zookeeper| {
        zookeeper.hosts = hosts;
        zookeeper.tls = tls("ca", None);
    });
    assert_refused(config.validate(), "zookeeper.hosts: '-zk' is not a name that a TLS certificate can have");
}

#[test]
fn intervals_that_cannot_work_are_refused() {
    for interval in [Duration::ZERO, Duration::from_millis(9), Duration::MAX] {
        let config = changed(WatcherConfig::default(), |watcher| watcher.heartbeat_interval = interval);
        assert_refused(config.validate(), "watcher.heartbeat_interval: '");
        let config = changed(WatcherConfig::default(), |watcher| watcher.drift_interval = interval);
        assert_refused(config.validate(), "watcher.drift_interval: '");
        let config = changed(WatcherConfig::default(), |watcher| watcher.content_interval = interval);
        if interval.is_zero() {
            assert_eq!(config.validate(), Ok(()), "zero switches it off");
        } else {
            assert_refused(config.validate(), "watcher.content_interval: '");
        }
    }
}

#[test]
fn node_settings_that_cannot_work_are_refused() {
    let refuse = |change: &dyn Fn(&mut NodeConfig), expected: &str| {
        let mut node = node();
        change(&mut node);
        assert_refused(node.validate(), expected);
    };
    refuse(&|node| node.name = String::new(), "nodes.: '' is not the name of a node");
    refuse(&|node| node.name = "a.b".to_owned(), "nodes.a.b: 'a.b' is not the name of a node");
    refuse(&|node| node.source = String::new(), "nodes.a.source: no value specified");
    refuse(&|node| node.source = "a/../b".to_owned(), "nodes.a.source: 'a/../b' is not a znode path");
    refuse(&|node| node.source = "/a/".to_owned(), "nodes.a.source: '/a/' is not a normalised znode path");
    refuse(&|node| node.dest = "".into(), "nodes.a.dest: no value specified");
    refuse(&|node| node.dest = "/d/".into(), "nodes.a.dest: '/d/' names a directory");
    refuse(&|node| node.owner = Some(Principal(String::new())), "nodes.a.owner: '' is not a valid user");
    refuse(&|node| node.group = Some(Principal("-1".into())), "nodes.a.group: '-1' is not a valid group");
    refuse(&|node| node.mode = 0o10000, "nodes.a.mode: '10000' is not an octal file mode");
    refuse(&|node| node.apply_jitter = Duration::MAX, "nodes.a.apply_jitter: '");
    refuse(&|node| node.guards.min_bytes = Some(usize::MAX), "nodes.a.min_bytes: '18446744073709551615'");
    refuse(&|node| node.guards.check = Some("jq".into()), "nodes.a.check: 'jq' is not the absolute path");
    let reversed = |node: &mut NodeConfig| {
        (node.guards.min_bytes, node.guards.max_bytes) = (Some(2), Some(1));
    };
    refuse(&reversed, "nodes.a.max_bytes: '1' is less than min_bytes (2)");
}

#[test]
fn nodes_with_one_name_or_one_destination_are_refused() {
    let twice = [node(), NodeConfig::new("a", "/b", "/e")];
    assert_refused(validate_nodes(&twice), "nodes.a: 'a' is the name of two nodes");
    let here = std::env::current_dir().unwrap().join("f");
    for (one, other) in [("/d/f", "//d/./f"), ("f", here.to_str().unwrap())] {
        let nodes = [NodeConfig::new("a", "/a", one), NodeConfig::new("b", "/b", other)];
        let error = validate_nodes(&nodes).unwrap_err();
        assert_eq!(
            error.to_string(),
            "nodes.b.dest: the destination of nodes.b is already that of nodes.a: \
             give each node a file of its own"
        );
    }
}
