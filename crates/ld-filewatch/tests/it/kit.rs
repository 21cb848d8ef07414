//! Shared by the tests: a private directory, and waiting for conditions with a deadline.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Far above any wait of a test on a loaded machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A private directory that is removed at the end.
pub(crate) struct Dir(tempfile::TempDir);

impl Dir {
    pub(crate) fn new() -> Self {
        Self(tempfile::Builder::new().prefix("filewatch-").tempdir().expect("a temporary directory"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// In memory where possible, so that no disk delays a writer.
    pub(crate) fn in_memory() -> Self {
        let builder = || tempfile::Builder::new().prefix("filewatch-").tempdir_in("/dev/shm");
        builder().map_or_else(|_| Self::new(), Self)
    }

    /// Writes a file in place.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("write");
        path
    }
}

/// Replaces a file atomically.
pub(crate) fn replace(path: &Path, content: impl AsRef<[u8]>) {
    let mut temp = path.as_os_str().to_owned();
    temp.push(".new");
    std::fs::write(&temp, content).expect("write the temporary file");
    std::fs::rename(&temp, path).expect("rename into place");
}

/// Waits until the condition holds; panics with `what` after the deadline.
#[track_caller]
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Threads of this process.
pub(crate) fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").expect("/proc").count()
}

/// Open descriptors of this process.
pub(crate) fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("/proc").count()
}
