//! Readers of the same directory must cost nothing.

use std::path::Path;
use std::time::Duration;

use ld_filewatch::FileWatcher;

use crate::process;
use crate::report::Report;

const OPENS: usize = 10_000;
const ATTEMPTS: usize = 7;

pub(crate) fn measure(report: &mut Report) {
    let dir = tempfile::tempdir().expect("a directory");
    let (path, sibling) = (dir.path().join("flags"), dir.path().join("sibling"));
    std::fs::write(&path, "17").expect("write");
    std::fs::write(&sibling, "17").expect("write");
    let watcher = FileWatcher::builder(&path)
        .poll_interval(Duration::MAX)
        .text(Default::default(), |text| Ok(text.parse::<u64>()?))
        .expect("a watcher");
    // Other changes in the temporary directory wake the thread too: the least of some attempts is
    // the cost of the opens.
    let woken = (0..ATTEMPTS).map(|_| attempt(&path, &sibling)).min().unwrap_or(u64::MAX);
    report.row("10,000 opens of a sibling and of the file: wakeups", woken as f64, "", 0.0);
    drop(watcher);
}

fn attempt(path: &Path, sibling: &Path) -> u64 {
    let settle = Duration::from_millis(200);
    std::thread::sleep(settle);
    let before = process::wakeups();
    for _ in 0..OPENS {
        std::fs::read(sibling).expect("read");
        std::fs::read(path).expect("read");
    }
    std::thread::sleep(settle);
    process::wakeups() - before
}
