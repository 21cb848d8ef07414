//! The nodes of a file: its keys `nodes.NAME.*`, gathered by name.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::ini::{Entries, Entry};
use crate::keys;
use crate::problem::{Problems, quoted, shown_key};
use crate::settings::NodeConfig;
use crate::suggest;

/// What all keys of nodes start with.
pub(crate) const PREFIX: &str = "nodes.";

/// A node has at least a source and a destination.
const KEYS_OF_A_NODE: usize = 2;

/// The entries of one node.
struct Group<'a> {
    name: &'a str,
    /// Each with the part of its key that follows the name.
    entries: Vec<(&'a str, Entry<'a>)>,
}

/// Which node writes which file: its name, and the line that says so.
type Destinations<'a> = HashMap<Cow<'a, OsStr>, (&'a str, usize)>;

/// Reads all nodes, in the order in which their names first occur.
pub(crate) fn read(entries: &Entries, problems: &mut Problems) -> Vec<NodeConfig> {
    let order = gather(entries, problems);
    let mut destinations = HashMap::with_capacity(order.len() / KEYS_OF_A_NODE);
    let nodes = groups(entries, &order).map(|group| read_one(&group, &mut destinations, problems));
    nodes.collect()
}

/// Reads the nodes that are right by themselves, and says nothing of the others.
pub(crate) fn read_sound(entries: &Entries) -> Vec<NodeConfig> {
    let order = gather(entries, &mut Problems::new(""));
    let sound = |group: Group<'_>| {
        let mut problems = Problems::new("");
        let node = read_one(&group, &mut HashMap::new(), &mut problems);
        problems.finish().is_ok().then_some(node)
    };
    groups(entries, &order).filter_map(sound).collect()
}

/// A key without the prefix, as the name of the node and the rest. A name ends at its first dot, as in the original: it
/// holds none.
fn split(key: &str) -> Option<(&str, &str)> {
    let rest = key.strip_prefix(PREFIX)?;
    Some(rest.split_once('.').unwrap_or((rest, "")))
}

/// The entries of all nodes: the number of the node, in the order of the names, and the index of the entry.
fn gather(entries: &Entries, problems: &mut Problems) -> Vec<(usize, usize)> {
    let mut numbers = HashMap::with_capacity(entries.len() / KEYS_OF_A_NODE);
    let mut order: Vec<(usize, usize)> = Vec::new();
    let mut last: Option<(&str, usize)> = None;
    for (index, entry) in entries.iter().enumerate() {
        let Some((name, _)) = split(entry.key) else { continue };
        if name.is_empty() {
            problems.warn(entry.line, Some(entry.key), "ignored: no name after 'nodes.'");
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

fn groups<'a>(entries: &'a Entries, order: &[(usize, usize)]) -> impl Iterator<Item = Group<'a>> {
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

fn read_one<'a>(
    group: &Group<'a>,
    destinations: &mut Destinations<'a>,
    problems: &mut Problems,
) -> NodeConfig {
    let mut node = NodeConfig::new(group.name, "", "");
    for key in keys::NODE {
        match group.entries.iter().find(|(field, _)| *field == key.name) {
            Some((_, entry)) => key.apply(&mut node, entry.key, Some(*entry), entry.line, problems),
            None if key.required => {
                let name = format!("{PREFIX}{}.{}", group.name, key.name);
                key.apply(&mut node, &name, None, group.entries[0].1.line, problems);
            }
            None => {}
        }
    }
    for (field, entry) in &group.entries {
        if *field == "dest" && !node.dest.as_os_str().is_empty() {
            claim(group.name, *entry, destinations, problems);
        }
        if !keys::NODE.iter().any(|key| key.name == *field) {
            problems.warn_with(entry.line, entry.key, || unknown(group.name, field));
        }
    }
    node
}

fn claim<'a>(name: &'a str, entry: Entry<'a>, destinations: &mut Destinations<'a>, problems: &mut Problems) {
    let (other, line) = *destinations.entry(lexical(entry.value)).or_insert((name, entry.line));
    if other != name {
        let message = format!(
            "{} is already the destination of node {} in line {line}: each node needs a file of its own",
            quoted(entry.value),
            quoted(other)
        );
        problems.error(entry.line, Some(entry.key), message);
    }
}

/// The path made absolute, without doubled slashes and `.`. A `..` stays: through a link it is not what it seems.
fn lexical(dest: &str) -> Cow<'_, OsStr> {
    let dest = Path::new(dest);
    if is_plain_path(dest) {
        return Cow::Borrowed(dest.as_os_str());
    }
    let absolute = std::path::absolute(dest).unwrap_or_else(|_| dest.to_path_buf());
    let plain: PathBuf = absolute.components().collect();
    Cow::Owned(plain.into_os_string())
}

/// Whether the path is absolute and has neither doubled slashes nor `.`, so that [`std::path::absolute`] would change nothing.
///
/// ```
/// # use std::path::Path;
/// assert!(ld_config::is_plain_path(Path::new("/etc/app/../flags")));
/// assert!(!ld_config::is_plain_path(Path::new("/etc//flags")));
/// ```
pub fn is_plain_path(path: &Path) -> bool {
    let mut parts = path.as_os_str().as_bytes().split(|byte| *byte == b'/');
    parts.next() == Some(b"") && parts.all(|part| !matches!(part, b"" | b"."))
}

fn unknown(name: &str, field: &str) -> String {
    let nearest = suggest::nearest(field, keys::NODE.iter().map(|key| key.name));
    let dots = if field.contains('.') { "; the name of a node holds no dot" } else { "" };
    let name = shown_key(name);
    format!("unknown key, ignored (the nearest known key is '{PREFIX}{name}.{nearest}'{dots})")
}
