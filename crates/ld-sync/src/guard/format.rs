//! Whether bytes parse. Nothing is built from them, so that depth, aliases and numbers cost no
//! memory.

use std::collections::HashMap;
use std::fmt;

use ld_config::Format;
use saphyr_parser::{Event, Parser};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::toml_depth;

/// Collections within collections: what serde_json stops at, and far more than configuration needs.
const MAX_DEPTH: usize = 128;

/// Nodes that a YAML document may have once its aliases are followed: a few lines of aliases can
/// make billions.
const MAX_YAML_NODES: u64 = 1_000_000;

/// Parses `content`. The error says where and what, without showing any of it.
pub(super) fn parse(format: Format, content: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(content)
        .map_err(|error| format!("it is not UTF-8: byte {} does not fit", error.valid_up_to()))?;
    match format {
        Format::Utf8 => Ok(()),
        Format::Json => json(text),
        Format::Toml => toml(text),
        Format::Yaml => yaml(text),
    }
}

fn json(text: &str) -> Result<(), String> {
    // The parser's own messages can quote content; the place says enough.
    serde_json::from_str::<Anything>(text).map(|_| ()).map_err(|error| {
        let what = if error.is_eof() {
            "it ends too early"
        } else {
            "a syntax error, a huge number or deep nesting"
        };
        format!("it is not JSON: {what} at line {}, column {}", error.line(), error.column())
    })
}

fn toml(text: &str) -> Result<(), String> {
    if let Some(line) = toml_depth::line_beyond(MAX_DEPTH, text) {
        return Err(too_deep(line));
    }
    toml::from_str::<Anything>(text).map(|_| ()).map_err(|error| {
        let before = error.span().map_or("", |span| &text[..span.start.min(text.len())]);
        format!(
            "it is not TOML: a syntax error, a huge number or deep nesting at line {}",
            before.matches('\n').count() + 1
        )
    })
}

fn too_deep(line: usize) -> String {
    format!("it nests more than {MAX_DEPTH} deep at line {line}")
}

/// An open YAML collection.
struct Open {
    anchor: usize,
    /// The nodes counted before it.
    before: u64,
    /// The levels that it has so far, itself one of them, its aliases followed.
    height: usize,
}

/// YAML by its events: an alias counts for all that it stands for, in nodes and in levels, and
/// nothing is expanded.
fn yaml(text: &str) -> Result<(), String> {
    let mut open: Vec<Open> = Vec::new();
    // For each anchor: the nodes and the levels that it stands for.
    let mut sizes: HashMap<usize, (u64, usize)> = HashMap::new();
    let mut nodes = 0_u64;
    for event in Parser::new_from_str(text) {
        let (event, span) = event
            .map_err(|error| format!("it is not YAML: a syntax error at line {}", error.marker().line()))?;
        let here = span.start.line();
        // The levels of what ends here or is whole.
        let mut height = 0;
        match event {
            Event::Scalar(_, _, anchor, _) => {
                nodes += 1;
                sizes.insert(anchor, (1, 0));
            }
            Event::Alias(anchor) => match sizes.get(&anchor) {
                Some(size) => {
                    nodes = nodes.saturating_add(size.0);
                    height = size.1;
                }
                None => return Err(format!("it is not YAML: an alias to itself at line {here}")),
            },
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                open.push(Open { anchor, before: nodes, height: 1 });
                nodes += 1;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(ended) = open.pop() {
                    height = ended.height;
                    sizes.insert(ended.anchor, (nodes - ended.before, height));
                }
            }
            _ => {}
        }
        if open.len() + height > MAX_DEPTH {
            return Err(too_deep(here));
        }
        if let Some(parent) = open.last_mut() {
            parent.height = parent.height.max(height + 1);
        }
        if nodes > MAX_YAML_NODES {
            return Err(format!(
                "it has more than {MAX_YAML_NODES} nodes with its aliases followed, at line {here}"
            ));
        }
    }
    Ok(())
}

/// Any value, read and dropped. Unlike serde's `IgnoredAny` it lets the parser look at numbers and
/// depth.
struct Anything;

impl<'de> Deserialize<'de> for Anything {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Anything {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self, A::Error> {
        while entries.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}
