//! The nodes of a file: its keys `nodes.NAME.*`, gathered by name.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::ini::Entry;
use crate::keys;
use crate::problem::{Problems, quoted};
use crate::settings::NodeConfig;
use crate::suggest;

/// What all keys of nodes start with.
pub(crate) const PREFIX: &str = "nodes.";

/// The entries of one node.
struct Group<'a> {
    name: &'a str,
    /// Each with the part of its key that follows the name.
    entries: Vec<(&'a str, &'a Entry)>,
}

/// Reads all nodes, in the order in which their names first occur.
pub(crate) fn read(entries: &[Entry], problems: &mut Problems) -> Vec<NodeConfig> {
    let mut destinations = HashMap::new();
    let groups = gather(entries, problems);
    groups.iter().map(|group| read_one(group, &mut destinations, problems)).collect()
}

/// Reads the nodes that are right by themselves, and says nothing of the others.
pub(crate) fn read_sound(entries: &[Entry]) -> Vec<NodeConfig> {
    let groups = gather(entries, &mut Problems::new(""));
    let sound = |group: &Group<'_>| {
        let mut problems = Problems::new("");
        let node = read_one(group, &mut HashMap::new(), &mut problems);
        problems.finish().is_ok().then_some(node)
    };
    groups.iter().filter_map(sound).collect()
}

/// A name ends at its first dot, as in the original: it holds none.
fn gather<'a>(entries: &'a [Entry], problems: &mut Problems) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut places = HashMap::new();
    for entry in entries {
        let Some(rest) = entry.key.strip_prefix(PREFIX) else { continue };
        let (name, field) = rest.split_once('.').unwrap_or((rest, ""));
        if name.is_empty() {
            problems.warn(entry.line, Some(&entry.key), "ignored: no name after 'nodes.'");
            continue;
        }
        let place = *places.entry(name).or_insert_with(|| {
            groups.push(Group { name, entries: Vec::new() });
            groups.len() - 1
        });
        groups[place].entries.push((field, entry));
    }
    groups
}

fn read_one<'a>(
    group: &Group<'a>,
    destinations: &mut HashMap<PathBuf, (&'a str, usize)>,
    problems: &mut Problems,
) -> NodeConfig {
    let mut node = NodeConfig::new(group.name, "", "");
    for key in keys::NODE {
        let entry = group.entries.iter().find(|(field, _)| *field == key.name).map(|(_, entry)| *entry);
        let full = format!("{PREFIX}{}.{}", group.name, key.name);
        key.apply(&mut node, &full, entry, group.entries[0].1.line, problems);
    }
    for (field, entry) in &group.entries {
        if *field == "dest" && !node.dest.as_os_str().is_empty() {
            claim(&node, group.name, entry, destinations, problems);
        }
        if !keys::NODE.iter().any(|key| key.name == *field) {
            problems.warn(entry.line, Some(&entry.key), unknown(group.name, field));
        }
    }
    node
}

fn claim<'a>(
    node: &NodeConfig,
    name: &'a str,
    entry: &Entry,
    destinations: &mut HashMap<PathBuf, (&'a str, usize)>,
    problems: &mut Problems,
) {
    let (other, line) = *destinations.entry(lexical(&node.dest)).or_insert((name, entry.line));
    if other != name {
        let message = format!(
            "{} is already the destination of node {} in line {line}: each node needs a file of its own",
            quoted(&entry.value),
            quoted(other)
        );
        problems.error(entry.line, Some(&entry.key), message);
    }
}

/// The path made absolute, without doubled slashes and `.`. A `..` stays: through a link it is not what it seems.
fn lexical(dest: &Path) -> PathBuf {
    let absolute = std::path::absolute(dest).unwrap_or_else(|_| dest.to_path_buf());
    absolute.components().collect()
}

fn unknown(name: &str, field: &str) -> String {
    let nearest = suggest::nearest(field, keys::NODE.iter().map(|key| key.name));
    let dots = if field.contains('.') { "; the name of a node holds no dot" } else { "" };
    format!("unknown key, ignored (the nearest known key is '{PREFIX}{name}.{nearest}'{dots})")
}
