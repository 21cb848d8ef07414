//! Which node writes which file: no two nodes may have one file.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::quote::shown_key;

/// The destinations so far, each with what is known of its first node.
pub(crate) struct Destinations<'a, T>(HashMap<Cow<'a, OsStr>, T>);

impl<'a, T: Clone> Destinations<'a, T> {
    pub(crate) fn with_capacity(nodes: usize) -> Self {
        Self(HashMap::with_capacity(nodes))
    }

    /// Adds a node's destination.
    ///
    /// # Errors
    ///
    /// What is known of the node that has the destination already. Paths are compared as texts:
    /// links are not followed.
    pub(crate) fn add(&mut self, dest: &'a Path, node: T) -> Result<(), T> {
        match self.0.entry(lexical(dest)) {
            Entry::Occupied(first) => Err(first.get().clone()),
            Entry::Vacant(place) => {
                place.insert(node);
                Ok(())
            }
        }
    }
}

/// What is wrong with the node `name`, if the node `first` has its destination already. `place`
/// says where that is set.
pub(crate) fn taken(name: &str, first: &str, place: &str) -> String {
    format!(
        "the destination of nodes.{} is already that of nodes.{}{place}: give each node a file of its own",
        shown_key(name),
        shown_key(first)
    )
}

/// The path made absolute, without doubled slashes and `.`. A `..` stays: after a link it does not
/// lead back.
fn lexical(dest: &Path) -> Cow<'_, OsStr> {
    if is_plain_path(dest) {
        return Cow::Borrowed(dest.as_os_str());
    }
    let absolute = std::path::absolute(dest).unwrap_or_else(|_| dest.to_path_buf());
    let plain: PathBuf = absolute.components().collect();
    Cow::Owned(plain.into_os_string())
}

/// Whether the path is absolute and has neither doubled slashes nor `.`:
/// [`std::path::absolute`] changes nothing in such a path.
fn is_plain_path(path: &Path) -> bool {
    let mut parts = path.as_os_str().as_bytes().split(|byte| *byte == b'/');
    parts.next() == Some(b"") && parts.all(|part| !matches!(part, b"" | b"."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_path_has_no_doubled_slash_and_no_dot() {
        assert!(is_plain_path(Path::new("/etc/app/../flags")));
        for path in ["/etc//flags", "/etc/./flags", "etc/flags", "/etc/"] {
            assert!(!is_plain_path(Path::new(path)), "{path}");
        }
    }
}
