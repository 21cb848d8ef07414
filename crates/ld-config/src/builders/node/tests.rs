use super::*;
use crate::settings::SignalTarget;

fn builder() -> NodeBuilder {
    NodeConfig::builder("n", "/n", "/n")
}

#[test]
fn what_is_not_set_keeps_its_default() {
    assert_eq!(builder().build().unwrap(), NodeConfig::new("n", "/n", "/n"));
}

#[test]
fn all_that_is_set_arrives() {
    let mut expected = NodeConfig::new("n", "/n", "/n");
    (expected.owner, expected.group) = (Some(Principal("u".into())), Some(Principal("g".into())));
    (expected.mode, expected.fsync) = (0o640, false);
    (expected.drift, expected.on_delete) = (OnDrift::Report, OnDelete::Keep);
    expected.apply_jitter = Duration::from_secs(1);
    expected.guards.format = Some(Format::Toml);
    (expected.guards.min_bytes, expected.guards.max_bytes) = (Some(1), Some(2));
    expected.guards.check = Some("/check".into());
    expected.verify = Some("/publishers.pub".into());
    let command = CommandLine::new("/reload", ["now"]);
    let signal = HookSignal::new("SIGHUP", SignalTarget::PidFile("/run/a.pid".into()));
    expected.hook = Some(Box::new(Hook {
        on_change: Some(command.clone()),
        signal: Some(signal.clone()),
        timeout: Duration::from_secs(1),
        retries: 7,
        settle: Duration::from_secs(2),
        group: Some("web".into()),
        on_start: true,
    }));
    let node = builder()
        .owner("u")
        .group("g")
        .mode(0o640)
        .fsync(false)
        .drift(OnDrift::Report)
        .on_delete(OnDelete::Keep)
        .apply_jitter(Duration::from_secs(1))
        .format(Format::Toml)
        .min_bytes(1)
        .max_bytes(2)
        .check("/check")
        .verify("/publishers.pub")
        .on_change(command)
        .signal(signal)
        .on_change_timeout(Duration::from_secs(1))
        .on_change_retries(7)
        .settle(Duration::from_secs(2))
        .hook_group("web")
        .on_start(true);
    assert_eq!(node.build().unwrap(), expected);
}

#[test]
fn a_wrong_value_is_an_error_that_names_its_key() {
    for (node, key) in [
        (builder().mode(0o17777), "nodes.n.mode: "),
        (builder().apply_jitter(Duration::MAX), "nodes.n.apply_jitter: "),
        (NodeConfig::builder("a.b", "/n", "/n"), "nodes.a.b: "),
        (NodeConfig::builder("a=b", "/n", "/n"), "nodes.a=b: "),
        (NodeConfig::builder("A", "/n", "/n"), "nodes.A: 'A' is not the name of a node: write it in lower"),
        (builder().min_bytes(5).max_bytes(4), "nodes.n.max_bytes: '4' is less than min_bytes (5)"),
        (NodeConfig::builder("n", "/../n", "/n"), "nodes.n.source: "),
        (NodeConfig::builder("n", "/n", ""), "nodes.n.dest: "),
    ] {
        let error = node.build().unwrap_err().to_string();
        assert!(error.starts_with(key), "{key}: {error}");
    }
}
