//! The keys that guard a node: what they mean and what they refuse.

use std::path::PathBuf;
use std::time::Duration;

use ld_config::{Config, ConfigError, Environment, Format, OnDelete, OnDrift, Parsed, Scope};

fn text(lines: &str) -> String {
    format!("[live-data]\nzookeeper.hosts = h\nnodes.a.source = /a\nnodes.a.dest = /tmp/a\n{lines}\n")
}

#[test]
fn every_guard_is_off_unless_it_is_named() {
    let parse = |lines: &str| {
        let parsed = Config::parse(text(lines), "c", &Environment::empty(), Scope::Watcher).unwrap();
        parsed.config.nodes.into_iter().next().unwrap()
    };
    let plain = parse("");
    assert_eq!((plain.drift, plain.on_delete), (OnDrift::Repair, OnDelete::Remove));
    assert_eq!(plain.guards, ld_config::Guards::default());
    assert_eq!(plain.apply_jitter, Duration::ZERO);
    let all = parse(
        "nodes.a.drift = report\nnodes.a.on_delete = KEEP\nnodes.a.format = yaml\nnodes.a.min_bytes = 1\n\
         nodes.a.max_bytes = 1\nnodes.a.check = /bin/true\nnodes.a.apply_jitter = 1 hour",
    );
    assert_eq!((all.drift, all.on_delete), (OnDrift::Report, OnDelete::Keep));
    assert_eq!(all.guards.format, Some(Format::Yaml));
    assert_eq!((all.guards.min_bytes, all.guards.max_bytes), (Some(1), Some(1)));
    assert_eq!(all.guards.check, Some(PathBuf::from("/bin/true")));
    assert_eq!(all.apply_jitter, Duration::from_secs(3600));
}

#[test]
fn a_guard_that_makes_no_sense_is_an_error_with_what_is_allowed() {
    for (line, expected) in [
        ("nodes.a.drift = ignore", "c:5: nodes.a.drift: 'ignore' is not known (allowed: repair, report)"),
        ("nodes.a.on_delete = no", "c:5: nodes.a.on_delete: 'no' is not known (allowed: remove, keep)"),
        ("nodes.a.format = xml", "c:5: nodes.a.format: 'xml' is not known (allowed: json, toml, yaml, utf8)"),
        ("nodes.a.min_bytes = -1", "c:5: nodes.a.min_bytes: '-1' is not an integer in the range"),
        ("nodes.a.max_bytes = 1k", "c:5: nodes.a.max_bytes: '1k' is not an integer in the range"),
        (
            "nodes.a.max_bytes = 1\nnodes.a.min_bytes = 2",
            "c:5: nodes.a.max_bytes: '1' is less than min_bytes (2)",
        ),
        (
            "nodes.a.apply_jitter = 61 minutes",
            "c:5: nodes.a.apply_jitter: '61 minutes' is out of range (allowed: 0 milliseconds to 1 hour)",
        ),
        ("nodes.a.check = jq", "c:5: nodes.a.check: 'jq' is not the absolute path of a program"),
    ] {
        let Err(error @ ConfigError::Invalid { .. }) =
            Config::parse(text(line), "c", &Environment::empty(), Scope::Watcher)
        else {
            panic!("accepted: {line}")
        };
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}

fn for_writing(lines: &str) -> Parsed {
    Config::parse(text(lines), "c", &Environment::empty(), Scope::Writer).unwrap()
}

#[test]
fn the_writer_knows_guards_beside_other_mistakes() {
    let both = "nodes.a.format = json\nnodes.a.mode = 9\nnodes.b.source = /b\nnodes.b.fsync = never";
    let parsed = for_writing(both);
    assert_eq!((parsed.warnings, parsed.node_problems), (vec![], vec![]));
    let nodes: Vec<_> =
        parsed.config.nodes.iter().map(|node| (node.name.as_str(), node.guards.format)).collect();
    assert_eq!(nodes, [("a", Some(Format::Json)), ("b", None)]);
}

#[test]
fn the_writer_is_told_of_guards_that_cannot_be_read() {
    let parsed = for_writing("nodes.a.format = jsn\nnodes.a.min_bytes = x\nnodes.a.mode = 9");
    assert_eq!(parsed.config.nodes, []);
    let [problems] = parsed.node_problems.as_slice() else { panic!("{:?}", parsed.node_problems) };
    let errors: Vec<_> = problems.errors.iter().map(ToString::to_string).collect();
    assert_eq!(problems.source, "/a");
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors[0].starts_with("c:5: nodes.a.format: 'jsn' is not known"), "{errors:?}");
    assert!(errors[1].starts_with("c:6: nodes.a.min_bytes: "), "{errors:?}");
}

#[test]
fn the_writer_is_told_of_guards_without_a_source() {
    let parsed = for_writing("nodes.b.format = json\nnodes.c.mode = 9");
    let [problems] = parsed.node_problems.as_slice() else { panic!("{:?}", parsed.node_problems) };
    assert_eq!(problems.source, "");
    assert_eq!(problems.errors[0].to_string(), "c:5: nodes.b.source: no value specified");
}

#[test]
fn the_writer_is_told_of_a_misspelt_guard() {
    let parsed = for_writing("nodes.a.formt = json");
    let [problems] = parsed.node_problems.as_slice() else { panic!("{:?}", parsed.node_problems) };
    assert_eq!((problems.source.as_str(), problems.errors.len()), ("/a", 0));
    assert!(problems.warnings[0].to_string().contains("'nodes.a.format'"), "{problems:?}");
}
