//! Properties: no text makes the parser panic, and what it accepts it also prints.

use ld_config::{Config, ConfigError, Environment, Scope};
use proptest::prelude::*;

fn parse(text: &str, env: &Environment) -> Result<Config, ConfigError> {
    Config::parse(text, "generated", env, Scope::Watcher).map(|parsed| parsed.config)
}

fn assert_round_trip(config: &Config) {
    let text = config.to_string();
    let again = parse(&text, &Environment::empty()).unwrap_or_else(|error| panic!("{text}\n{error}"));
    assert_eq!(&again, config, "{text}");
    assert_eq!(config.validate(), Ok(()), "{text}");
}

/// Text that a file can hold on one line, with what INI, shells and paths give a meaning to.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9/._-]{1,12}",
        "[ a-zA-Z0-9/$#;:=%\\\\\"'{}\\[\\],.@!~é中\u{a0}\u{2028}-]{0,24}",
        "\\PC{0,24}",
        any::<String>(),
    ]
}

fn node() -> impl Strategy<Value = String> {
    let mode = prop_oneof![
        Just(None),
        (0..0o7777u32).prop_map(|mode| Some(format!("{mode:o}"))),
        value().prop_map(Some)
    ];
    let fsync = prop_oneof![Just("true"), Just("False"), Just("")];
    let owner = prop_oneof![Just(String::new()), "[a-z_][a-z0-9_-]{0,8}", "[0-9]{1,6}", value()];
    ("[a-z0-9 $\\\\#é_-]{1,8}", value(), value(), owner, mode, fsync).prop_map(
        |(name, source, dest, owner, mode, fsync)| {
            let mode = mode.unwrap_or_default();
            format!(
                "nodes.{name}.source = {source}\nnodes.{name}.dest = /{dest}\nnodes.{name}.group = {owner}\n\
                 nodes.{name}.mode = {mode}\nnodes.{name}.fsync: {fsync}\n"
            )
        },
    )
}

fn file() -> impl Strategy<Value = String> {
    let hosts = prop_oneof![
        Just("zk".to_owned()),
        "([a-z]{1,5}(:[1-9][0-9]{0,3})?, ?){0,3}[a-z]{1,5}(/[a-z/ ,]{0,8})?",
        Just("[::1]:2181,[fe80::2]/x/".to_owned()),
    ];
    let span = (1..100_000u32, prop_oneof![Just("millisecond"), Just("seconds"), Just("minutes")])
        .prop_map(|(count, unit)| format!("{count} {unit}"));
    let credentials = prop_oneof![Just(String::new()), value(), "([a-z/]{1,8},){0,3}"];
    (hosts, credentials, span, value(), prop::collection::vec(node(), 0..3)).prop_map(
        |(hosts, credentials, span, secrets, nodes)| {
            format!(
                "[live-data]\nzookeeper.hosts = {hosts}\nzookeeper.credentials = {credentials}\n\
                 zookeeper.timeout = {span}\nsecrets.path = {secrets}\nwatcher.drift_interval = 1 hour\n{}",
                nodes.concat()
            )
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parsing_never_panics_on_arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Config::parse(bytes, "c", &Environment::empty(), Scope::Watcher);
    }

    #[test]
    fn parsing_never_panics_on_arbitrary_text(text in any::<String>(), key in "(nodes|zookeeper|secrets)\\.\\PC{0,9}") {
        let _ = parse(&text, &Environment::empty());
        let _ = parse(&format!("[live-data]\n{key} = {text}"), &Environment::empty());
    }

    #[test]
    fn a_parsed_config_prints_what_parses_back(text in file()) {
        if let Ok(config) = parse(&text, &Environment::empty()) {
            assert_round_trip(&config);
        }
    }

    #[test]
    fn a_config_with_expanded_variables_prints_what_parses_back(
        source in value(), dest in value(), owner in value(), hosts in value(), credentials in value(),
    ) {
        let usable = |text: &String| !text.contains('\0');
        prop_assume!([&source, &dest, &owner, &hosts, &credentials].into_iter().all(usable));
        let env = [("S", source), ("D", dest), ("O", owner), ("H", hosts), ("C", credentials)].into_iter().collect();
        let text = "[live-data]\nzookeeper.hosts = zk/x$H\nzookeeper.credentials = $C\n\
                    nodes.a.source = $S\nnodes.a.dest = ${D}\nnodes.a.owner = $O";
        if let Ok(config) = parse(text, &env) {
            assert_round_trip(&config);
        }
    }
}

#[test]
fn most_plain_files_are_accepted() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let accepted = (0..500)
        .filter(|_| parse(&file().new_tree(&mut runner).unwrap().current(), &Environment::empty()).is_ok())
        .count();
    assert!(accepted > 50, "the round trip is tested on {accepted} of 500 files only");
}
