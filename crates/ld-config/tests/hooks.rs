//! The keys of hooks: what they mean, what they refuse, and what they say together.

use std::time::Duration;

use ld_config::{
    CommandLine, Config, ConfigError, Environment, Hook, HookSignal, NodeConfig, Scope, SignalTarget,
    validate_nodes,
};

const BASE: &str = "[live-data]\nzookeeper.hosts = h\nnodes.a.source = /a\nnodes.a.dest = /tmp/a\n";

fn parse(lines: &str) -> Result<ld_config::Parsed, ConfigError> {
    Config::parse(format!("{BASE}{lines}\n"), "c", &Environment::empty(), Scope::Watcher)
}

fn errors(lines: &str) -> String {
    match parse(lines) {
        Err(error @ ConfigError::Invalid { .. }) => error.to_string(),
        other => panic!("accepted: {lines}: {other:?}"),
    }
}

#[test]
fn nothing_runs_unless_it_is_named() {
    let nodes = parse("").unwrap().config.nodes;
    assert_eq!((nodes[0].hook.as_ref(), nodes[0].active_hook()), (None, None));
    let parsed = parse("nodes.a.on_change = /bin/reload now").unwrap();
    let hook = parsed.config.nodes[0].active_hook().unwrap();
    let mut expected = Hook::default();
    expected.on_change = Some(CommandLine::new("/bin/reload", ["now"]));
    assert_eq!(*hook, expected);
    assert_eq!((hook.timeout, hook.retries), (Duration::from_secs(30), 5));
}

#[test]
fn a_hook_prints_what_reads_back() {
    let text = "nodes.a.on_change = /bin/reload  now $X\nnodes.a.signal = sighup:/run/a.pid\n\
                nodes.a.on_change_timeout = 2m\nnodes.a.on_change_retries = 0\nnodes.a.settle = 100ms\n\
                nodes.a.hook_group = web\nnodes.a.on_start = TRUE";
    let config = parse(text).unwrap().config;
    let hook = config.nodes[0].active_hook().unwrap();
    assert_eq!(hook.signal, Some(HookSignal::new("SIGHUP", SignalTarget::PidFile("/run/a.pid".into()))));
    assert_eq!((hook.settle, hook.group.as_deref()), (Duration::from_millis(100), Some("web")));
    let again = Config::parse(config.to_string(), "c", &Environment::empty(), Scope::Watcher).unwrap();
    assert_eq!(again.config, config);
    assert_eq!(config.validate(), Ok(()));
}

#[test]
fn a_hook_that_makes_no_sense_is_an_error_with_what_is_allowed() {
    for (line, expected) in [
        (
            "on_change = nginx -s reload",
            "'nginx -s reload' does not begin with the absolute path of a program",
        ),
        (
            "signal = SIGKILL:/run/a.pid",
            "'SIGKILL:/run/a.pid' does not begin with a signal and a colon (allowed: SIGHUP",
        ),
        ("signal = SIGHUP:a", "'SIGHUP:a' names neither the absolute path of a pid file nor a systemd unit"),
        ("on_change_timeout = 50ms", "'50ms' is out of range (allowed: 100 milliseconds to 1 hour)"),
        ("on_change_retries = -1", "'-1' is not an integer in the range (allowed: 0 to 1000)"),
        ("settle = 50ms", "'50ms' is out of range (allowed: 100 milliseconds to 1 minute)"),
        ("hook_group = two words", "'two words' is not the name of a group (one word)"),
        ("on_start = yes", "'yes' is neither true nor false"),
    ] {
        let key = line.split(' ').next().unwrap();
        let error = errors(&format!(
            "nodes.a.on_change = /x\nnodes.b.source = /b\nnodes.b.dest = /b\nnodes.b.{line}"
        ));
        assert!(error.starts_with(&format!("c:8: nodes.b.{key}: {expected}")), "{error}");
    }
}

#[test]
fn nodes_of_a_group_must_share_one_hook() {
    let both = |more: &str| {
        format!(
            "nodes.a.on_change = /x\nnodes.a.hook_group = g\nnodes.b.source = /b\nnodes.b.dest = /b\n\
             nodes.b.hook_group = g\n{more}"
        )
    };
    parse(&both("nodes.b.on_change = /x")).unwrap();
    let error = errors(&both("nodes.b.on_change = /x\nnodes.b.settle = 1s"));
    let reason = "it differs from nodes.a.settle, and both nodes are in the hook_group 'g'";
    assert!(error.starts_with(&format!("c:11: nodes.b.settle: {reason}")), "{error}");
    assert!(errors(&both("nodes.b.signal = SIGHUP:a.service")).contains("nodes.b.on_change: it differs"));

    let node = |name: &str, program: &str| {
        let node = NodeConfig::builder(name, format!("/{name}"), format!("/{name}")).hook_group("g");
        node.on_change(CommandLine::new(program, [""; 0])).build().unwrap()
    };
    assert_eq!(validate_nodes(&[node("a", "/x"), node("b", "/x")]), Ok(()));
    let error = validate_nodes(&[node("a", "/x"), node("b", "/y")]).unwrap_err().to_string();
    assert!(error.starts_with("nodes.b.on_change: it differs from nodes.a.on_change"), "{error}");
}

#[test]
fn a_hook_in_a_sandbox_is_an_error() {
    let lines = "watcher.sandbox = true\nnodes.a.on_change = /x";
    let error = errors(lines);
    assert!(
        error.starts_with("c:5: watcher.sandbox: it cannot be combined with the hook of nodes.a"),
        "{error}"
    );
    let mut config = parse("nodes.a.on_change = /x").unwrap().config;
    config.watcher.sandbox = true;
    let error = config.validate().unwrap_err().to_string();
    assert!(error.starts_with("watcher.sandbox: it cannot be combined with"), "{error}");
    parse("watcher.sandbox = true\nnodes.a.settle = 1s").unwrap();
}

#[test]
fn a_setting_of_no_hook_warns() {
    let warnings = parse("nodes.a.on_start = true").unwrap().warnings;
    let warnings: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    let expected = "c:5: nodes.a.on_start: it has no effect without nodes.a.on_change or nodes.a.signal";
    assert_eq!(warnings, [expected]);
    assert_eq!(parse("nodes.a.on_start =").unwrap().warnings, []);
}

#[test]
fn a_hook_that_is_refused_has_no_warning_beside_its_error() {
    let Err(ConfigError::Invalid { errors, warnings, .. }) = parse("nodes.a.signal = SIGHUP:app") else {
        panic!("the signal has no path and no unit")
    };
    assert_eq!((errors.len(), warnings.len()), (1, 0), "{errors:?} {warnings:?}");
}

#[test]
fn a_misspelt_hook_is_suggested() {
    let warnings = parse("nodes.a.on_chnge = /x").unwrap().warnings;
    assert!(warnings[0].to_string().contains("'nodes.a.on_change'"), "{warnings:?}");
}
