//! What a path is watched for: the file there, or the files below the directory there.

use std::path::Path;

use crate::disk::file::{self, LoadFailure};
use crate::disk::filter::Filter;
use crate::disk::identity::{Identity, kind};
use crate::disk::input::Input;
use crate::disk::seen::Seen;
use crate::disk::tree::Tree;
use crate::error::Error;

pub(crate) enum Target {
    File,
    Directory(Filter),
}

/// Content that was read.
pub(crate) struct Read {
    /// What to compare the next check with.
    pub(crate) seen: Seen,
    /// The content changes without a change of `stat`.
    pub(crate) is_virtual: bool,
}

impl Target {
    /// The state of the path now.
    pub(crate) fn seen(&self, path: &Path) -> Seen {
        match self {
            Self::File => Seen::file(path),
            Self::Directory(filter) => Seen::at(path, |meta| match meta.is_dir() {
                true => Seen::Directory(Tree::list(path, filter, &mut |_, _| {}).identity()),
                false => Seen::NotDirectory(kind(meta.file_type())),
            }),
        }
    }

    /// Reads the content of a path that was `seen` before.
    pub(crate) fn load(
        &self,
        path: &Path,
        max_size: u64,
        seen: Seen,
        input: &mut Input,
    ) -> Result<Read, LoadFailure> {
        input.clear();
        match self {
            Self::File => {
                let read = file::load(path, max_size, &mut input.bytes)?;
                Ok(Read { seen: stable(path, seen, read.identity), is_virtual: read.is_virtual })
            }
            Self::Directory(filter) => load_tree(path, filter, max_size, input),
        }
    }
}

/// What to compare the next check with, after the open file said `identity`.
///
/// On some network file systems `fstat` and `stat` of one file always disagree. If the path itself
/// did not change around the read, its own `stat` is the one to remember.
fn stable(path: &Path, before: Seen, identity: Identity) -> Seen {
    let read = Seen::File(identity);
    if before != read && Seen::file(path) == before { before } else { read }
}

fn load_tree(root: &Path, filter: &Filter, max_size: u64, input: &mut Input) -> Result<Read, LoadFailure> {
    let mut tree = Tree::list(root, filter, &mut |_, _| {});
    match tree.failure.take() {
        Some(error) => Err(LoadFailure::Transient(error)),
        None => read_tree(root, filter, max_size, tree, input),
    }
}

/// Reads all files of a tree, if it is the same before and after.
fn read_tree(
    root: &Path,
    filter: &Filter,
    max_size: u64,
    tree: Tree,
    input: &mut Input,
) -> Result<Read, LoadFailure> {
    let (before, mut content, mut is_virtual) = (tree.identity(), Vec::new(), false);
    for found in tree.files {
        let left = max_size - input.bytes.len() as u64;
        let read = file::load(&found.path, left, &mut content).map_err(|failure| match failure {
            LoadFailure::Lasting(Error::TooLarge { .. }) => file::too_large(root, max_size),
            other => other,
        })?;
        // A link may lead elsewhere for a moment. Times are not compared: see `stable`.
        if !read.identity.is_same_inode(&found.identity) {
            return Err(LoadFailure::Torn);
        }
        is_virtual |= read.is_virtual;
        input.push(found.relative, &content);
    }
    let after = Tree::list(root, filter, &mut |_, _| {}).identity();
    if before != after {
        return Err(LoadFailure::Torn);
    }
    Ok(Read { seen: Seen::Directory(after), is_virtual })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Filter = Filter { glob: None, max_files: 10 };

    fn list(root: &Path) -> Tree {
        Tree::list(root, &ALL, &mut |_, _| {})
    }

    fn is_torn(root: &Path, tree: Tree) -> bool {
        matches!(read_tree(root, &ALL, 10, tree, &mut Input::new()), Err(LoadFailure::Torn))
    }

    #[test]
    fn a_tree_that_changes_while_it_is_read_is_torn() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("a"), "1").expect("write");
        assert!(!is_torn(dir.path(), list(dir.path())));
        let before = list(dir.path());
        std::fs::write(dir.path().join("b"), "2").expect("write");
        assert!(is_torn(dir.path(), before));
    }

    #[test]
    fn a_link_that_leads_elsewhere_for_a_moment_is_torn() {
        let dir = tempfile::tempdir().expect("a directory");
        for name in ["a", "b"] {
            std::fs::write(dir.path().join(name), "1").expect("write");
        }
        let mut tree = list(dir.path());
        tree.files[0].path = dir.path().join("b");
        assert!(is_torn(dir.path(), tree));
    }
}
