//! Readers of the same directory must cost nothing.

use std::time::Duration;

use ld_filewatch::FileWatcher;

use crate::process;
use crate::report::Report;

const OPENS: usize = 10_000;

pub(crate) fn measure(report: &mut Report) {
    let dir = tempfile::tempdir().expect("a directory");
    let (path, sibling) = (dir.path().join("flags"), dir.path().join("sibling"));
    std::fs::write(&path, "17").expect("write");
    std::fs::write(&sibling, "17").expect("write");
    let watcher = FileWatcher::builder(&path)
        .poll_interval(Duration::MAX)
        .text(Default::default(), |text| text.parse::<u64>())
        .expect("a watcher");
    // Until the threads have gone to sleep after the start.
    let mut before = u64::MAX;
    while process::wakeups() != before {
        before = process::wakeups();
        std::thread::sleep(Duration::from_millis(200));
    }
    for _ in 0..OPENS {
        std::fs::read(&sibling).expect("read");
        std::fs::read(&path).expect("read");
    }
    std::thread::sleep(Duration::from_millis(200));
    let woken = process::wakeups() - before;
    report.row("10,000 opens of a sibling and of the file: wakeups", woken as f64, "", 0.0);
    drop(watcher);
}
