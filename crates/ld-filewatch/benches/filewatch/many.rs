//! 5,000 files at once.

use std::time::{Duration, Instant};

use ld_filewatch::FileWatcher;

use crate::process;
use crate::report::Report;

const WATCHERS: usize = 5_000;
const DIRECTORIES: usize = 50;
const IDLE: Duration = Duration::from_secs(10);

pub(crate) fn measure(report: &mut Report) {
    let dir = tempfile::tempdir().expect("a directory");
    let paths: Vec<_> = (0..WATCHERS)
        .map(|number| dir.path().join(format!("d{}/flag-{number}", number % DIRECTORIES)))
        .collect();
    for path in &paths {
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, "17").expect("write");
    }
    let (threads, memory) = (process::threads(), process::resident());
    let start = Instant::now();
    let mut watchers: Vec<FileWatcher<u64>> = Vec::with_capacity(WATCHERS);
    for path in &paths {
        let builder = FileWatcher::builder(path);
        watchers.push(builder.text(Default::default(), |text| Ok(text.parse::<u64>()?)).expect("a watcher"));
    }
    let register = start.elapsed();
    let each = (process::resident() - memory) / WATCHERS as f64;
    report.row("5,000 watchers: inotify instances", process::inotify_instances() as f64, "", 1.0);
    report.row("5,000 watchers: threads", (process::threads() - threads) as f64, "", 4.0);
    report.row("5,000 watchers: memory each", each, "bytes", 2048.0);
    report.row("5,000 watchers: register each", micros(register), "us", 30.0);

    // New files are read again for a while, in case the file system's clock is coarse.
    std::thread::sleep(Duration::from_secs(4));
    let (start, used) = (Instant::now(), process::cpu());
    std::thread::sleep(IDLE);
    let share = (process::cpu() - used).as_secs_f64() / start.elapsed().as_secs_f64() * 100.0;
    report.row("5,000 watchers: idle, of a core", share, "%", 2.0);

    let start = Instant::now();
    for path in &paths {
        let temp = path.with_extension("new");
        std::fs::write(&temp, "18").expect("write");
        std::fs::rename(&temp, path).expect("rename");
    }
    let written = start.elapsed();
    while watchers.iter().any(|watcher| *watcher.get().expect("content") != 18) {
        std::thread::yield_now();
    }
    let behind = start.elapsed() - written;
    report.note(
        "5,000 files replaced at once",
        format!("written in {:.0} ms, all visible {:.1} ms later", millis(written), millis(behind)),
    );
    let start = Instant::now();
    drop(watchers);
    report.note("5,000 watchers: unregister each", format!("{:.2} us", micros(start.elapsed())));
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6 / WATCHERS as f64
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
