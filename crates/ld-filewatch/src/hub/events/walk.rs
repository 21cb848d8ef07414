//! Checking a file and watching every step of the path to it.
//!
//! The content is published first, then the path is watched, then the file is compared once more.
//! A change in between is either seen by that comparison or arrives as an event.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use crate::check::trigger::{Outcome, Trigger};
use crate::disk::filter::Filter;
use crate::disk::identity::{Inode, inode};
use crate::disk::tree::Tree;
use crate::hub::backend::Refusal;
use crate::hub::inner::Inner;
use crate::hub::schedule::dirs::{DirId, ENTRIES, Step};
use crate::hub::schedule::queues::Walked;
use crate::hub::watched::{WatchId, Watched};
use crate::limits::{MAX_STEPS, MAX_SYMLINKS};
use crate::status::Mode;
use crate::sync::lock;

/// Why a file of /proc or /sys is polled.
const VIRTUAL: &str = "the file system does not report changes of this file";

impl Inner {
    /// Checks a file that the calling thread has claimed, and renews its watches if needed. The
    /// caller ends the claim with [`Inner::release`].
    pub(crate) fn check(&self, id: WatchId, watched: &dyn Watched, trigger: Trigger) -> Outcome {
        let outcome = watched.check(trigger);
        let changed = trigger.event || outcome == Outcome::Changed;
        // Almost every poll ends here.
        if !changed && !watched.wants_events_back() {
            return outcome;
        }
        {
            let mut schedule = lock(&self.schedule);
            if !schedule.wants_events(id) {
                return outcome;
            }
            if outcome == Outcome::Changed && !trigger.event && !trigger.reader {
                // No event arrived for this change.
                schedule.invalidate_chain(id);
            }
            if !changed && !schedule.watches_due(id, Instant::now()) {
                return outcome;
            }
        }
        watched.set_mode(self.walk(id, watched));
        if watched.is_current() { outcome } else { Outcome::Unsettled }
    }

    /// Watches the path as it is now and removes the watches of the former path.
    fn walk(&self, id: WatchId, watched: &dyn Watched) -> Mode {
        let denied = watched.is_virtual().then(|| Arc::from(VIRTUAL));
        let mut walk = Walk { inner: self, id, chain: Vec::new(), complete: false, denied };
        walk.run(watched.path());
        if let Some(filter) = watched.tree() {
            walk.tree(watched.path(), filter);
        }
        let Walk { chain, complete, denied, .. } = walk;
        let walked = Walked { chain: chain.into(), complete, watches_set: denied.is_none() };
        let (former, alarm) = lock(&self.schedule).walked(id, walked);
        if alarm {
            self.alarm.notify_one();
        }
        self.unlink(id, &former);
        denied.map_or(Mode::Events, |reason| Mode::Polling { reason })
    }

    /// Removes links, and the watches of directories without links.
    pub(crate) fn unlink(&self, id: WatchId, chain: &[Step]) {
        let mut unused: Vec<DirId> = Vec::new();
        {
            let mut schedule = lock(&self.schedule);
            unused.extend(chain.iter().filter(|step| schedule.dirs.unlink(step, id)).map(|step| step.dir));
        }
        if unused.is_empty() {
            return;
        }
        let mut backend = lock(&self.backend);
        for dir in unused {
            let path = lock(&self.schedule).dirs.remove(dir);
            if let Some(path) = path {
                backend.unwatch(&path);
            }
        }
    }
}

/// One walk along a path, component by component, that resolves symbolic links itself.
struct Walk<'a> {
    inner: &'a Inner,
    id: WatchId,
    chain: Vec<Step>,
    /// The last step looks up the file itself.
    complete: bool,
    denied: Option<Arc<str>>,
}

impl Walk<'_> {
    fn run(&mut self, path: &Path) {
        let mut real = PathBuf::from("/");
        let mut here = inode_of(&real);
        let mut ahead = names(path);
        let mut links = 0;
        for _ in 0..MAX_STEPS {
            let (Some(name), Some(directory)) = (ahead.pop(), here) else { return };
            self.complete = ahead.is_empty();
            if name == ".." {
                real.pop();
                here = inode_of(&real);
                continue;
            }
            self.watch(&real, directory, &name);
            let next = real.join(&name);
            let Ok(meta) = std::fs::symlink_metadata(&next) else { return };
            if meta.is_dir() {
                (real, here) = (next, Some(inode(&meta)));
            } else if meta.is_symlink() && links < MAX_SYMLINKS {
                links += 1;
                let Ok(target) = std::fs::read_link(&next) else { return };
                if target.is_absolute() {
                    real = PathBuf::from("/");
                    here = inode_of(&real);
                }
                ahead.extend(names(&target));
            } else {
                // A write through another name of the file is no event in this directory.
                if meta.is_file() && meta.nlink() > 1 {
                    self.watch(&next, inode(&meta), OsStr::new(""));
                }
                return;
            }
        }
    }

    /// Watches a directory and all below it for their entries, and the paths of symbolic links.
    fn tree(&mut self, root: &Path, filter: &Filter) {
        let mut watch = |directory: &Path, inode| self.watch(directory, inode, OsStr::new(ENTRIES));
        let tree = Tree::list(root, filter, &mut watch);
        for link in &tree.links {
            self.run(link);
        }
        // No single name is the whole of the content.
        self.complete = false;
    }

    /// Watches a directory for everything that happens to itself and to `name` in it; or a file,
    /// for what happens to itself.
    fn watch(&mut self, directory: &Path, inode: Inode, name: &OsStr) {
        let known = {
            let mut schedule = lock(&self.inner.schedule);
            let dir = schedule.dirs.watched(inode);
            dir.and_then(|dir| schedule.dirs.link(dir, name, self.id))
        };
        match known {
            Some(step) => self.chain.push(step),
            None => self.set_watch(directory, inode, name),
        }
    }

    fn set_watch(&mut self, directory: &Path, inode: Inode, name: &OsStr) {
        let mut backend = lock(&self.inner.backend);
        if let Some(reason) = backend.refused() {
            self.denied.get_or_insert(reason);
            return;
        }
        let (dir, stale) = {
            let mut schedule = lock(&self.inner.schedule);
            // Entered and linked before it is watched, so that no event finds an unknown directory.
            let (dir, stale) = match schedule.dirs.watched(inode) {
                Some(dir) => (dir, None),
                None => {
                    let (dir, stale) = schedule.dirs.enter(directory, inode);
                    (dir, Some(stale))
                }
            };
            self.chain.extend(schedule.dirs.link(dir, name, self.id));
            // Another walk may have set the watch before this one got the lock.
            let Some(stale) = stale else { return };
            (dir, stale)
        };
        // notify skips a path that it already watches, whatever is there now.
        stale.iter().for_each(|path| backend.unwatch(path));
        let watched = backend.watch(directory);
        match watched {
            Ok(()) if inode_of(directory) == Some(inode) => {}
            // It was replaced: an event in the directory above, which is watched, starts a new
            // walk.
            Ok(()) | Err(Refusal::Gone) => lock(&self.inner.schedule).dirs.invalidate(dir),
            Err(Refusal::Denied(reason)) => {
                lock(&self.inner.schedule).dirs.invalidate(dir);
                self.denied.get_or_insert(reason);
            }
        }
    }
}

fn inode_of(path: &Path) -> Option<Inode> {
    std::fs::symlink_metadata(path).ok().map(|meta| inode(&meta))
}

/// The names of a path, last one first; `..` stays, since only the walk knows where it leads.
fn names(path: &Path) -> Vec<OsString> {
    let name = |component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        _ => None,
    };
    path.components().rev().filter_map(name).collect()
}
