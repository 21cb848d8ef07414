//! A file tree at one moment, to show that it did not change.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// All files at a path and below it: kinds, owners, modes, links, sizes, mtimes, ctimes, contents.
///
/// Taking a snapshot changes only access times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot(BTreeMap<PathBuf, Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    inode: u64,
    mode: u32,
    owner: (u32, u32),
    links: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    content: Vec<u8>,
}

impl Snapshot {
    /// Takes a snapshot of `path`.
    ///
    /// # Panics
    ///
    /// When a file cannot be read.
    #[must_use]
    #[track_caller]
    pub fn of(path: impl AsRef<Path>) -> Self {
        let mut entries = BTreeMap::new();
        collect(path.as_ref(), &mut entries);
        Self(entries)
    }

    /// The snapshot without `path` and all files below it.
    #[must_use]
    pub fn without(mut self, path: impl AsRef<Path>) -> Self {
        self.0.retain(|found, _| !found.starts_with(path.as_ref()));
        self
    }

    /// Asserts that nothing has changed.
    ///
    /// # Panics
    ///
    /// When something has changed; the message has the paths.
    #[track_caller]
    pub fn assert_same(&self, now: &Self) {
        let paths: BTreeSet<_> = self.0.keys().chain(now.0.keys()).collect();
        let different: Vec<_> =
            paths.into_iter().filter(|path| self.0.get(*path) != now.0.get(*path)).collect();
        let show = |path: &PathBuf| format!("{path:?}: {:?} -> {:?}", self.0.get(path), now.0.get(path));
        assert!(
            different.is_empty(),
            "changed:\n{}",
            different.into_iter().map(show).collect::<Vec<_>>().join("\n")
        );
    }
}

#[track_caller]
fn collect(path: &Path, entries: &mut BTreeMap<PathBuf, Entry>) {
    let found = fs::symlink_metadata(path).expect("it can be looked at");
    let content = if found.is_symlink() {
        fs::read_link(path).expect("a link can be read").as_os_str().as_bytes().to_vec()
    } else if found.is_file() {
        fs::read(path).expect("a file can be read")
    } else {
        Vec::new()
    };
    let entry = Entry {
        inode: found.ino(),
        mode: found.mode(),
        owner: (found.uid(), found.gid()),
        links: found.nlink(),
        size: found.size(),
        modified: (found.mtime(), found.mtime_nsec()),
        changed: (found.ctime(), found.ctime_nsec()),
        content,
    };
    entries.insert(path.to_owned(), entry);
    if found.is_dir() {
        for entry in fs::read_dir(path).expect("a directory can be listed") {
            collect(&entry.expect("a directory can be listed").path(), entries);
        }
    }
}
