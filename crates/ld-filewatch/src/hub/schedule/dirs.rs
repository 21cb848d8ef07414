//! Which directories are watched, and which files use which names in them.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use crate::disk::identity::Inode;
use crate::hub::watched::WatchId;

/// Identifies one directory of the table; never used twice.
pub(crate) type DirId = u64;

/// In place of a name: every entry of the directory. No entry can have this name.
pub(crate) const ENTRIES: &str = "/";

/// One step of the path to a file: a name looked up in a directory.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) dir: DirId,
    pub(crate) name: Arc<OsStr>,
}

struct Dir {
    path: Arc<Path>,
    inode: Inode,
    /// False once an event says that the watch may be gone with the directory.
    valid: bool,
    names: HashMap<Arc<OsStr>, Vec<WatchId>>,
}

/// The table. A directory is one entry however many paths lead to it: inotify returns the same
/// watch for all of them, and notify reports it under one path only.
#[derive(Default)]
pub(crate) struct Dirs {
    next: DirId,
    dirs: HashMap<DirId, Dir>,
    by_path: BTreeMap<Arc<Path>, DirId>,
    by_inode: HashMap<Inode, DirId>,
}

impl Dirs {
    /// The directory, if it has a valid watch.
    pub(crate) fn watched(&self, inode: Inode) -> Option<DirId> {
        self.by_inode.get(&inode).copied().filter(|id| self.dirs.get(id).is_some_and(|dir| dir.valid))
    }

    /// Enters a directory that is about to be watched under `path`, in place of the former one.
    /// Also returns paths: their watches must be removed first.
    pub(crate) fn enter(&mut self, path: &Path, inode: Inode) -> (DirId, Vec<Arc<Path>>) {
        let mut stale = Vec::new();
        let path: Arc<Path> = path.into();
        if let Some(old) = self.by_path.remove(&path) {
            self.orphan(old, inode);
            stale.push(Arc::clone(&path));
        }
        let id = match self.by_inode.get(&inode) {
            Some(&id) => id,
            None => {
                self.next += 1;
                let dir = Dir { path: Arc::clone(&path), inode, valid: true, names: HashMap::new() };
                self.dirs.insert(self.next, dir);
                self.by_inode.insert(inode, self.next);
                self.next
            }
        };
        if let Some(dir) = self.dirs.get_mut(&id) {
            dir.valid = true;
            let before = std::mem::replace(&mut dir.path, Arc::clone(&path));
            if before != path && self.by_path.get(&before) == Some(&id) {
                self.by_path.remove(&before);
                stale.push(before);
            }
        }
        self.by_path.insert(path, id);
        (id, stale)
    }

    fn orphan(&mut self, id: DirId, successor: Inode) {
        if let Some(dir) = self.dirs.get_mut(&id).filter(|dir| dir.inode != successor) {
            dir.valid = false;
            self.by_inode.remove(&dir.inode);
        }
    }

    pub(crate) fn invalidate(&mut self, id: DirId) {
        if let Some(dir) = self.dirs.get_mut(&id) {
            dir.valid = false;
        }
    }

    /// Invalidates the directory at `path` and all below it: notify drops their watches.
    pub(crate) fn invalidate_below(&mut self, path: &Path) {
        let range = self.by_path.range::<Path, _>((Bound::Included(path), Bound::Unbounded));
        for (_, id) in range.take_while(|(below, _)| below.starts_with(path)) {
            if let Some(dir) = self.dirs.get_mut(id) {
                dir.valid = false;
            }
        }
    }

    pub(crate) fn invalidate_all(&mut self) {
        self.dirs.values_mut().for_each(|dir| dir.valid = false);
    }

    pub(crate) fn link(&mut self, id: DirId, name: &OsStr, watch: WatchId) -> Option<Step> {
        let dir = self.dirs.get_mut(&id)?;
        let name = match dir.names.get_key_value(name) {
            Some((name, _)) => Arc::clone(name),
            None => Arc::from(name),
        };
        dir.names.entry(Arc::clone(&name)).or_insert_with(|| Vec::with_capacity(1)).push(watch);
        Some(Step { dir: id, name })
    }

    /// Removes one link; true if that was the directory's last.
    pub(crate) fn unlink(&mut self, step: &Step, watch: WatchId) -> bool {
        let Some(dir) = self.dirs.get_mut(&step.dir) else { return false };
        if let Some(watches) = dir.names.get_mut(&step.name) {
            if let Some(index) = watches.iter().position(|other| *other == watch) {
                watches.swap_remove(index);
            }
            if watches.is_empty() {
                dir.names.remove(&step.name);
            }
        }
        dir.names.is_empty()
    }

    /// Removes a directory without links. Returns the path to stop watching, unless another
    /// directory is there now.
    pub(crate) fn remove(&mut self, id: DirId) -> Option<Arc<Path>> {
        if !self.dirs.get(&id)?.names.is_empty() {
            return None;
        }
        let dir = self.dirs.remove(&id)?;
        if self.by_inode.get(&dir.inode) == Some(&id) {
            self.by_inode.remove(&dir.inode);
        }
        (self.by_path.get(&dir.path) == Some(&id)).then(|| {
            self.by_path.remove(&dir.path);
            dir.path
        })
    }

    /// The files that look up the name of `path` in its parent directory, and the step they share.
    pub(crate) fn users_of_name<'a>(&'a self, path: &'a Path) -> Option<(DirId, &'a OsStr, &'a [WatchId])> {
        let dir = *self.by_path.get(path.parent()?)?;
        let name = path.file_name()?;
        Some((dir, name, self.dirs.get(&dir)?.names.get(name)?))
    }

    /// The watched directories that `path` is an entry of.
    pub(crate) fn users_of_entry(&self, path: &Path) -> &[WatchId] {
        let dir = path.parent().and_then(|parent| self.by_path.get(parent));
        let users = dir.and_then(|id| self.dirs.get(id)?.names.get(OsStr::new(ENTRIES)));
        users.map_or(&[], Vec::as_slice)
    }

    /// The files with a path through the directory at `path`.
    pub(crate) fn users_of_directory(&self, path: &Path) -> impl Iterator<Item = WatchId> {
        let dir = self.by_path.get(path).and_then(|id| self.dirs.get(id));
        dir.into_iter().flat_map(|dir| dir.names.values().flatten().copied())
    }
}
