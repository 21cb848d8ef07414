//! The guards: every format judges arbitrary bytes in time and as its reference does. A rejection
//! shows none of them.

use std::sync::LazyLock;
use std::time::Duration;

use ld_config::{Config, Environment, NodeConfig, Scope};
use ld_publish::{Checks, Error};
use saphyr_parser::{Event, Parser};

use crate::limit::within;

/// For [`crate::GROWN_BYTES`], each format.
const LIMIT: Duration = Duration::from_secs(2);

/// What docs/guards.md promises.
const MAX_DEPTH: usize = 128;
const MAX_YAML_NODES: usize = 1_000_000;

/// Every reason there is, `#` for each number: nothing of the content has a place in it.
const REASONS: [&str; 13] = [
    "it is not UTF-#: byte # does not fit",
    "it is not JSON: it ends too early at line #, column #",
    "it is not JSON: it nests more than # deep at line #, column #",
    "it is not JSON: a number is out of range at line #, column #",
    "it is not JSON: a syntax error at line #, column #",
    "it is not TOML: it nests more than # deep at line #",
    "it is not TOML: a number is out of range at line #",
    "it is not TOML: a key is set twice at line #",
    "it is not TOML: a syntax error at line #",
    "it is not YAML: a syntax error at line #",
    "it is not YAML: an alias to itself at line #",
    "it nests more than # deep at line #",
    "it has more than # nodes with its aliases followed, at line #",
];

/// One node a format, each named for it.
static NODES: LazyLock<Vec<NodeConfig>> = LazyLock::new(|| {
    let mut text = String::from("[live-data]\nzookeeper.hosts = zk\n");
    for format in ["utf8", "json", "toml", "yaml"] {
        text.push_str(&format!(
            "nodes.{format}.source = /{format}\nnodes.{format}.dest = /{format}\nnodes.{format}.format = {format}\n"
        ));
    }
    let parsed = Config::parse(text, "guards.ini", &Environment::empty(), Scope::Watcher);
    parsed.expect("the configuration is right").config.nodes
});

pub(crate) fn check(data: &[u8]) {
    let text = std::str::from_utf8(data);
    for node in &*NODES {
        let accepted = judge(node, data);
        let Ok(text) = text else {
            assert!(!accepted, "{} accepts what is not UTF-8", node.name);
            continue;
        };
        match node.name.as_str() {
            "utf8" => assert!(accepted, "UTF-8 is rejected"),
            "json" if is_judged_alike(text) => {
                assert_eq!(accepted, is_json(text), "as serde_json's own value")
            }
            "toml" if accepted => {
                let table = text.parse::<toml::Table>().expect("toml's own value takes what is accepted");
                let depth = table.values().map(toml_depth).max().unwrap_or_default();
                assert!(depth <= MAX_DEPTH, "{depth} levels");
            }
            "toml" if looks_flat(text) => {
                assert!(text.parse::<toml::Table>().is_err(), "rejected for nothing")
            }
            "yaml" if accepted => assert_small_once_expanded(text),
            _ => {}
        }
    }
}

fn judge(node: &NodeConfig, data: &[u8]) -> bool {
    let verdict = within(LIMIT, &node.name, || ld_publish::judge(node, data, &Checks::default()));
    let Err(error) = verdict else { return true };
    let Error::Rejected { node: name, reason } = &error else { panic!("{error}") };
    assert_eq!(*name, node.name);
    assert!(REASONS.contains(&without_numbers(reason).as_str()), "a reason of its own: {reason:?}");
    false
}

fn without_numbers(reason: &str) -> String {
    let mut text = String::new();
    for character in reason.chars() {
        match character {
            '0'..='9' if text.ends_with('#') => {}
            '0'..='9' => text.push('#'),
            other => text.push(other),
        }
    }
    text
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok()
}

/// serde_json's value gives a meaning to keys that are its own, and a guard does not.
fn is_judged_alike(text: &str) -> bool {
    !text.contains("serde_json::private")
}

/// Tables and arrays within each other, the value itself one of them.
fn toml_depth(value: &toml::Value) -> usize {
    match value {
        toml::Value::Array(items) => 1 + items.iter().map(toml_depth).max().unwrap_or_default(),
        toml::Value::Table(table) => 1 + table.values().map(toml_depth).max().unwrap_or_default(),
        _ => 0,
    }
}

/// Whether it has too few brackets and dots to nest deep: the reference overflows the stack on
/// those that it does not refuse.
fn looks_flat(text: &str) -> bool {
    text.bytes().filter(|byte| b"[{.".contains(byte)).count() < MAX_DEPTH
}

/// Follows every alias, as a reader of the file will: what was accepted must stay within the
/// limits.
fn assert_small_once_expanded(text: &str) {
    let events: Vec<_> = Parser::new_from_str(text).map(|event| event.expect("it was accepted").0).collect();
    let mut replay: Vec<_> = std::iter::once(0..events.len()).collect();
    let (mut depth, mut nodes) = (0, 0);
    while let Some(range) = replay.last_mut() {
        let Some(at) = range.next() else {
            replay.pop();
            continue;
        };
        match &events[at] {
            Event::Scalar(..) => nodes += 1,
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                nodes += 1;
                depth += 1;
            }
            Event::SequenceEnd | Event::MappingEnd => depth -= 1,
            Event::Alias(anchor) => replay.push(anchored(&events, *anchor)),
            _ => {}
        }
        assert!(depth <= MAX_DEPTH, "deeper than {MAX_DEPTH} once its aliases are followed");
        assert!(nodes <= MAX_YAML_NODES, "more than {MAX_YAML_NODES} nodes once its aliases are followed");
    }
}

/// The events of the node that has the anchor.
fn anchored(events: &[Event<'_>], wanted: usize) -> std::ops::Range<usize> {
    let start = events.iter().position(|event| match event {
        Event::Scalar(_, _, anchor, _) | Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
            *anchor == wanted
        }
        _ => false,
    });
    let start = start.expect("the parser knows the anchor");
    let mut open = 0;
    for (at, event) in events.iter().enumerate().skip(start) {
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => open += 1,
            Event::SequenceEnd | Event::MappingEnd => open -= 1,
            _ => {}
        }
        if open == 0 {
            return start..at + 1;
        }
    }
    panic!("a node without an end")
}
