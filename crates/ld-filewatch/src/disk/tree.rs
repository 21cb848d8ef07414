//! The files below a directory at one moment.

use std::fs::{DirEntry, Metadata};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::disk::filter::Filter;
use crate::disk::identity::{Identity, Inode, inode};
use crate::error::Error;
use crate::limits::{MAX_DEPTH, MAX_ENTRIES};

/// One file that the filter chose.
pub(crate) struct Found {
    /// Relative to the directory.
    pub(crate) relative: PathBuf,
    pub(crate) path: PathBuf,
    pub(crate) identity: Identity,
}

/// All files that the filter chose, sorted by path.
#[derive(Default)]
pub(crate) struct Tree {
    pub(crate) files: Vec<Found>,
    /// Symbolic links that lead to a file or a directory of the tree.
    pub(crate) links: Vec<PathBuf>,
    /// Why the list is not complete.
    pub(crate) failure: Option<Error>,
    entries: usize,
}

/// Enough of a tree to tell two states of it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TreeIdentity {
    hash: u64,
    /// When the newest file was modified.
    pub(crate) mtime: SystemTime,
    /// When a file was last modified or renamed.
    pub(crate) changed: SystemTime,
}

impl Tree {
    /// Lists the tree. `on_directory` is called for each directory before its entries are read, so
    /// that it can set a watch which misses no later entry.
    ///
    /// Names that begin with a dot are skipped: editors, Kubernetes and writers of temporary files
    /// use them. Symbolic links are followed.
    pub(crate) fn list(root: &Path, filter: &Filter, on_directory: &mut dyn FnMut(&Path, Inode)) -> Self {
        let mut walk = Walk { root, filter, on_directory, tree: Self::default(), above: Vec::new() };
        let done = walk.directory(root, Path::new(""));
        let mut tree = walk.tree;
        tree.failure = done.err();
        tree.files.sort_unstable_by(|a, b| a.relative.cmp(&b.relative));
        tree
    }

    pub(crate) fn identity(&self) -> TreeIdentity {
        let mut hash = DefaultHasher::new();
        for file in &self.files {
            (&file.relative, file.identity).hash(&mut hash);
        }
        self.failure.as_ref().map(Error::to_string).hash(&mut hash);
        let newest = |time: fn(&Identity) -> SystemTime| {
            self.files.iter().map(|file| time(&file.identity)).max().unwrap_or(UNIX_EPOCH)
        };
        let (mtime, ctime) = (newest(Identity::mtime), newest(Identity::ctime));
        TreeIdentity { hash: hash.finish(), mtime, changed: mtime.max(ctime) }
    }
}

struct Walk<'a> {
    root: &'a Path,
    filter: &'a Filter,
    on_directory: &'a mut dyn FnMut(&Path, Inode),
    tree: Tree,
    /// The directories that lead to the present one: a link to one of them is a loop.
    above: Vec<Inode>,
}

impl Walk<'_> {
    fn directory(&mut self, path: &Path, relative: &Path) -> Result<(), Error> {
        let unreadable = |source| Error::Unreadable { path: path.to_path_buf(), source };
        // Watches need the real path; errors show the one that the user knows.
        let real = std::fs::canonicalize(path).map_err(unreadable)?;
        let meta = std::fs::metadata(&real).map_err(unreadable)?;
        if !meta.is_dir() {
            return Err(unreadable(io::ErrorKind::NotADirectory.into()));
        }
        let inode = inode(&meta);
        if self.above.contains(&inode) {
            return Ok(());
        }
        if self.above.len() >= MAX_DEPTH {
            return Err(unreadable(io::Error::other(format!("deeper than {MAX_DEPTH} directories"))));
        }
        (self.on_directory)(&real, inode);
        self.above.push(inode);
        for entry in std::fs::read_dir(path).map_err(unreadable)? {
            self.entry(&entry.map_err(unreadable)?, relative)?;
        }
        self.above.pop();
        Ok(())
    }

    fn entry(&mut self, entry: &DirEntry, relative: &Path) -> Result<(), Error> {
        self.tree.entries += 1;
        if self.tree.entries > MAX_ENTRIES {
            let path = self.root.to_path_buf();
            let source = io::Error::other(format!("more than {MAX_ENTRIES} entries"));
            return Err(Error::Unreadable { path, source });
        }
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") {
            return Ok(());
        }
        let (path, relative) = (entry.path(), relative.join(name));
        let unreadable = |source| Error::Unreadable { path: path.clone(), source };
        let kind = entry.file_type().map_err(unreadable)?;
        let matches = self.filter.matches(&relative);
        if !matches && !(self.filter.is_deep() && (kind.is_dir() || kind.is_symlink())) {
            return Ok(());
        }
        let meta = match std::fs::metadata(&path) {
            Ok(meta) => meta,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !kind.is_symlink() => return Ok(()),
            Err(_) if !matches => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Its target may appear later.
                self.tree.links.push(path.clone());
                return Err(Error::Missing { path });
            }
            Err(error) => return Err(unreadable(error)),
        };
        if kind.is_symlink() {
            self.tree.links.push(path.clone());
        }
        if meta.is_dir() && self.filter.is_deep() {
            return self.directory(&path, &relative);
        }
        if meta.is_file() && matches { self.file(path, relative, &meta) } else { Ok(()) }
    }

    fn file(&mut self, path: PathBuf, relative: PathBuf, meta: &Metadata) -> Result<(), Error> {
        let limit = self.filter.max_files;
        if self.tree.files.len() >= limit {
            return Err(Error::TooManyFiles { path: self.root.to_path_buf(), limit });
        }
        self.tree.files.push(Found { relative, path, identity: Identity::of(meta) });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn list(root: &Path, max_files: usize) -> (Vec<String>, Option<String>) {
        let filter = Filter { glob: None, max_files };
        let tree = Tree::list(root, &filter, &mut |_, _| {});
        let names = tree.files.iter().map(|file| file.relative.display().to_string()).collect();
        (names, tree.failure.map(|error| error.to_string()))
    }

    #[test]
    fn hidden_entries_are_skipped_and_links_followed() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path();
        for (directory, file) in [("a", "b/c"), ("", "z"), (".hidden", "y"), ("", ".tmp")] {
            let path = root.join(directory).join(file);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
            std::fs::write(path, "").expect("write");
        }
        symlink("..", root.join("a/loop")).expect("a link");
        symlink("z", root.join("link")).expect("a link");
        let expected = ["a/b/c", "link", "z"].map(str::to_owned).to_vec();
        assert_eq!(list(root, 3), (expected, None));
        let (_, failure) = list(root, 2);
        assert!(failure.is_some_and(|text| text.ends_with("more than 2 files")));
    }

    #[test]
    fn a_dangling_link_is_an_error_with_its_path() {
        let dir = tempfile::tempdir().expect("a directory");
        symlink("nowhere", dir.path().join("link")).expect("a link");
        let expected = format!("{}: the file does not exist", dir.path().join("link").display());
        assert_eq!(list(dir.path(), 9), (vec![], Some(expected)));
    }
}
