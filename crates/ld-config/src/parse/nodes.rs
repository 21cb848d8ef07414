//! The nodes of a file: its keys `nodes.NAME.*`, gathered by name.

use std::collections::HashMap;
use std::path::Path;

use super::apply::apply;
use super::group::Group;
use super::{hooks, suggest};
use crate::destinations::{Destinations, taken};
use crate::ini::Entries;
use crate::keys::{NODE, NODE_PREFIX};
use crate::problems::Problems;
use crate::quote::shown_key;
use crate::settings::NodeConfig;

/// A node has at least a source and a destination.
const KEYS_OF_A_NODE: usize = 2;

/// The name of each destination's node, and the line that sets it.
pub(super) type Named<'a> = Destinations<'a, (&'a str, usize)>;

/// Reads all nodes, in the order in which their names first occur.
pub(crate) fn read(entries: &Entries, problems: &mut Problems) -> Vec<NodeConfig> {
    let order = gather(entries, problems);
    let mut destinations = Destinations::with_capacity(order.len() / KEYS_OF_A_NODE);
    let mut hooks = hooks::Groups::default();
    let nodes = groups(entries, &order).map(|group| {
        let node = read_one(&group, &mut destinations, problems);
        hooks.check(&node, &group, problems);
        node
    });
    nodes.collect()
}

/// A key without the prefix, as the name of the node and the rest. As in the original, a name ends
/// at its first dot.
fn split(key: &str) -> Option<(&str, &str)> {
    let rest = key.strip_prefix(NODE_PREFIX)?;
    Some(rest.split_once('.').unwrap_or((rest, "")))
}

/// The entries of all nodes: the number of the node, in the order of the names, and the index of
/// the entry.
pub(super) fn gather(entries: &Entries, problems: &mut Problems) -> Vec<(usize, usize)> {
    let mut numbers = HashMap::with_capacity(entries.len() / KEYS_OF_A_NODE);
    let mut order: Vec<(usize, usize)> = Vec::new();
    let mut last: Option<(&str, usize)> = None;
    for (index, entry) in entries.iter().enumerate() {
        let Some((name, _)) = split(entry.key) else { continue };
        if name.is_empty() {
            problems.warn(entry.at, Some(entry.key), "ignored: no name after 'nodes.'");
            continue;
        }
        // The keys of a node mostly follow each other.
        let number = last.filter(|(last, _)| *last == name).map_or_else(
            || {
                let next = numbers.len();
                *numbers.entry(name).or_insert(next)
            },
            |(_, number)| number,
        );
        order.push((number, index));
        last = Some((name, number));
    }
    order.sort_unstable();
    order
}

pub(super) fn groups<'a>(entries: &'a Entries, order: &[(usize, usize)]) -> impl Iterator<Item = Group<'a>> {
    order.chunk_by(|(one, _), (other, _)| one == other).filter_map(|members| {
        let members = members.iter().filter_map(|(_, index)| entries.get(*index));
        let split = members.filter_map(|entry| Some((split(entry.key)?, entry)));
        let mut name = None;
        let entries = split.map(|((node, field), entry)| {
            name = Some(node);
            (field, entry)
        });
        let entries = entries.collect();
        Some(Group { name: name?, entries })
    })
}

pub(super) fn read_one<'a>(
    group: &Group<'a>,
    destinations: &mut Named<'a>,
    problems: &mut Problems,
) -> NodeConfig {
    let mut node = NodeConfig::new(group.name, "", "");
    for key in NODE {
        match group.entries.iter().find(|(field, _)| *field == key.name) {
            Some((_, entry)) => apply(key, &mut node, entry.key, Some(*entry), entry.at, problems),
            None if key.required => {
                let name = format!("{NODE_PREFIX}{}.{}", group.name, key.name);
                apply(key, &mut node, &name, None, group.entries[0].1.at, problems);
            }
            None => {}
        }
    }
    for (field, entry) in &group.entries {
        if *field == "dest" && !node.dest.as_os_str().is_empty() {
            let claimed = destinations.add(Path::new(entry.value), (group.name, entry.at.line));
            if let Err((first, line)) = claimed {
                let message = taken(group.name, first, &format!(" in line {line}"));
                problems.error(entry.at, Some(entry.key), message);
            }
        }
        if !NODE.iter().any(|key| key.name == *field) {
            problems.warn_with(entry.at, entry.key, || unknown(group.name, field));
        }
    }
    node
}

fn unknown(name: &str, field: &str) -> String {
    let nearest = suggest::nearest(field, NODE.iter().map(|key| key.name));
    let dots = if field.contains('.') { "; the name of a node holds no dot" } else { "" };
    let name = shown_key(name);
    format!("unknown key, ignored (the nearest known key is '{NODE_PREFIX}{name}.{nearest}'{dots})")
}
