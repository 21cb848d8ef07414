//! Nodes that must be served while other calls hang or are refused.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use ld_testkit::{Daemon, Host, Namespace};

use crate::bounds::{AT_ONCE, LOADED_MACHINE};

/// Pause between two changes of a node that must be followed all the time.
const PAUSE: Duration = Duration::from_millis(500);

/// Nodes of one watcher with their files, as this process sees them.
#[derive(Debug)]
pub(crate) struct Nodes<'a> {
    namespace: &'a Namespace,
    files: Vec<(String, PathBuf)>,
    version: Cell<u64>,
}

impl<'a> Nodes<'a> {
    /// Creates the nodes with their first version.
    pub(crate) fn create(namespace: &'a Namespace, files: Vec<(String, PathBuf)>) -> Self {
        let nodes = Self { namespace, files, version: Cell::new(0) };
        for (name, _) in &nodes.files {
            let path = namespace.path(&format!("/{name}"));
            namespace.admin().create(&path, nodes.content(name)).expect("the namespace is empty");
        }
        nodes
    }

    fn content(&self, name: &str) -> String {
        format!("{name}, version {}", self.version.get())
    }

    /// Writes the next version of each node.
    pub(crate) fn change(&self) {
        self.version.set(self.version.get() + 1);
        for (name, _) in &self.files {
            let path = self.namespace.path(&format!("/{name}"));
            self.namespace.admin().set(&path, self.content(name)).expect("ZooKeeper is there");
        }
    }

    /// Whether all files have the newest version.
    pub(crate) fn are_current(&self) -> bool {
        let held = |file: &Path| fs::read(file).unwrap_or_default();
        self.files.iter().all(|(name, file)| held(file) == self.content(name).as_bytes())
    }

    /// Waits until all files have the newest version, and then a heartbeat.
    #[track_caller]
    pub(crate) fn converge(&self, watcher: &Daemon, what: &str, bound: Duration) {
        let limit = bound + LOADED_MACHINE;
        watcher.wait_until(&format!("files, {what}"), limit, |_| self.are_current());
        self.beat(watcher, what);
    }

    /// Waits for a heartbeat of all files.
    #[track_caller]
    fn beat(&self, watcher: &Daemon, what: &str) {
        let files = self.files.iter().map(|(_, file)| file);
        let mut waiting: Vec<_> = files.map(|file| (file, mtime(file))).collect();
        watcher.wait_until(&format!("heartbeats, {what}"), AT_ONCE + LOADED_MACHINE, |_| {
            waiting.retain(|(file, last)| mtime(file) == *last);
            waiting.is_empty()
        });
    }

    /// Changes the nodes for `length`.
    ///
    /// Each change must reach the files at once, and heartbeats must go on.
    #[track_caller]
    pub(crate) fn follow_for(&self, watcher: &Daemon, length: Duration, what: &str) {
        let (start, mut slowest) = (Instant::now(), Duration::ZERO);
        loop {
            let changed = Instant::now();
            self.change();
            watcher.wait_until(&format!("files, {what}"), AT_ONCE + LOADED_MACHINE, |_| self.are_current());
            slowest = slowest.max(changed.elapsed());
            self.beat(watcher, what);
            if start.elapsed() >= length {
                break;
            }
            std::thread::sleep(PAUSE);
        }
        println!("  {what}: a change took {:.2} s at most", slowest.as_secs_f64());
    }
}

fn mtime(file: &Path) -> Option<SystemTime> {
    file.symlink_metadata().and_then(|found| found.modified()).ok()
}

/// The host with the node `/NAME`, which is written to the file `dest`.
pub(crate) fn with_node(host: Host, name: &str, dest: &Path) -> Host {
    let dest = dest.to_str().expect("a temporary directory has an ASCII name");
    host.setting(&format!("nodes.{name}.source"), format!("/{name}"))
        .setting(&format!("nodes.{name}.dest"), dest)
}

/// Number of log lines that contain all of `words`.
pub(crate) fn lines_with(watcher: &Daemon, words: &[&str]) -> usize {
    watcher.stderr().lines().filter(|line| words.iter().all(|word| line.contains(word))).count()
}
