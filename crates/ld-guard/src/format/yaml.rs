//! YAML by its events: nothing is built, and nothing is expanded.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser};

use super::depth::{MAX_DEPTH, too_deep};

/// Nodes that a YAML document may have once its aliases are followed: a few lines of aliases can
/// make billions.
const MAX_YAML_NODES: u64 = 1_000_000;

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
pub(super) fn parse(text: &str) -> Result<(), String> {
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
