//! Reads a destination all the time, as an application would, and reports violations.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use crate::bounds::PROOF_TO_TOUCH;
use crate::content::version_of;

/// The time between two reads.
const PAUSE: Duration = Duration::from_millis(2);
/// Violations that are kept for the report.
const KEPT: usize = 5;
/// What a hand edit starts with.
pub(crate) const BY_HAND: &[u8] = b"edited by hand";

/// A thread that reads one file until this value is finished or dropped.
#[derive(Debug)]
pub(crate) struct Observer {
    seen: Arc<Mutex<Seen>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Seen {
    reads: u64,
    words: usize,
    /// The file of the last read.
    current: Option<FileState>,
    newest: u64,
    /// The version in a restored ensemble. Until it is seen, the file may have any version.
    restored: Option<u64>,
    /// When each version was acknowledged by ZooKeeper.
    acknowledged: Vec<(u64, SystemTime)>,
    missing: u64,
    may_be_missing: bool,
    may_be_edited: bool,
    violations: Vec<String>,
    /// Number of violations.
    count: usize,
}

#[derive(Debug, Clone, Copy)]
struct FileState {
    version: u64,
    inode: u64,
    mtime: SystemTime,
}

impl Observer {
    /// Observes `path`, which has versions of `words` words.
    pub(crate) fn start(path: &Path, words: usize) -> Self {
        let seen = Arc::new(Mutex::new(Seen { words, ..Seen::default() }));
        let stop = Arc::new(AtomicBool::new(false));
        let (shared, stopped, path) = (Arc::clone(&seen), Arc::clone(&stop), path.to_owned());
        let watch = move || {
            while !stopped.load(Ordering::Relaxed) {
                observe(&path, &shared);
                thread::sleep(PAUSE);
            }
        };
        let thread = thread::Builder::new().name("observer".into()).spawn(watch);
        Self { seen, stop, thread: Some(thread.expect("a thread can be started")) }
    }

    /// Records that ZooKeeper has acknowledged a version.
    ///
    /// From now on an older file must not get a heartbeat.
    pub(crate) fn acknowledged(&self, version: u64) {
        self.lock().acknowledged.push((version, SystemTime::now()));
    }

    /// The version in the file; `None` without a file or with other content.
    pub(crate) fn version(&self) -> Option<u64> {
        self.lock().current.map(|state| state.version)
    }

    /// The file's mtime at the last read.
    pub(crate) fn mtime(&self) -> Option<SystemTime> {
        self.lock().current.map(|state| state.mtime)
    }

    /// Allows the file to be missing from now on.
    pub(crate) fn allow_missing(&self) {
        self.lock().may_be_missing = true;
    }

    /// Allows edits of the file by hand from now on.
    pub(crate) fn allow_edits(&self) {
        self.lock().may_be_edited = true;
    }

    /// Allows the file to go back to `version`, after the ensemble was restored.
    pub(crate) fn go_back_to(&self, version: u64) {
        let mut seen = self.lock();
        seen.restored = Some(version);
        seen.acknowledged.clear();
    }

    /// Stops the observer.
    ///
    /// # Panics
    ///
    /// When it has seen a violation.
    #[track_caller]
    pub(crate) fn finish(mut self) {
        self.end();
        let seen = self.lock();
        assert!(seen.reads > 0, "the observer has read nothing");
        assert!(
            seen.count == 0,
            "{} violations in {} reads, the first of them:\n{}",
            seen.count,
            seen.reads,
            seen.violations.join("\n")
        );
        assert!(seen.may_be_missing || seen.missing == 0, "the file was missing {} times", seen.missing);
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // The thread does not panic.
            let _ = thread.join();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        lock(&self.seen)
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.end();
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

fn observe(path: &PathBuf, seen: &Mutex<Seen>) {
    let mut bytes = Vec::new();
    let found = File::open(path).and_then(|mut file| {
        file.read_to_end(&mut bytes)?;
        file.metadata()
    });
    let mut seen = lock(seen);
    match found {
        Ok(found) => {
            let mtime = found.modified().expect("Linux has mtimes");
            seen.judge(&bytes, found.ino(), mtime);
        }
        Err(_) => {
            // Before the first version the file may be missing.
            seen.missing += u64::from(seen.newest > 0);
            seen.current = None;
        }
    }
}

impl Seen {
    fn judge(&mut self, bytes: &[u8], inode: u64, mtime: SystemTime) {
        self.reads += 1;
        let Some(version) = version_of(bytes, self.words) else {
            // A shell truncates the file before it writes.
            if !self.may_be_edited || !(bytes.is_empty() || bytes.starts_with(BY_HAND)) {
                self.violation(format!("torn: {} bytes are not one version", bytes.len()));
            }
            self.current = None;
            return;
        };
        if self.restored == Some(version) {
            (self.newest, self.restored) = (version, None);
        }
        if version < self.newest {
            self.violation(format!("backwards: version {version} after {}", self.newest));
        }
        self.newest = self.newest.max(version);
        let touched = self.current.filter(|last| (last.version, last.inode) == (version, inode));
        if touched.is_some_and(|last| last.mtime != mtime) {
            let newer = self.acknowledged.iter().find(|(newer, _)| *newer > version);
            if let Some((newer, at)) = newer.filter(|(_, at)| mtime > *at + PROOF_TO_TOUCH) {
                let late = mtime.duration_since(*at).unwrap_or_default();
                self.violation(format!(
                    "false heartbeat: version {version} was touched {late:?} after {newer} was acknowledged"
                ));
            }
        }
        self.current = Some(FileState { version, inode, mtime });
    }

    fn violation(&mut self, text: String) {
        self.count += 1;
        if self.violations.len() < KEPT {
            self.violations.push(text);
        }
    }
}
