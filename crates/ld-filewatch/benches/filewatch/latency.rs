//! From the call of `rename` until a reader sees the new content.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use inotify::{Inotify, WatchMask};
use ld_filewatch::FileWatcher;

use crate::report::Report;

const CHANGES: u64 = 2_000;
/// Between two changes, so that every thread is asleep when the next comes.
const PAUSE: Duration = Duration::from_millis(2);

pub(crate) fn measure(report: &mut Report) {
    let dir = tempfile::tempdir().expect("a directory");
    let (raw, ours) = (dir.path().join("raw/flags"), dir.path().join("ours/flags"));
    for path in [&raw, &ours] {
        std::fs::create_dir(path.parent().expect("a parent")).expect("a directory");
        replace(path, 0);
    }
    let (seen, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let floor = spawn_floor(raw.clone(), Arc::clone(&seen), Arc::clone(&stop));
    let watcher = FileWatcher::builder(&ours).build(parse).expect("a watcher");
    let mut reader = watcher.reader().expect("content");

    let (mut floors, mut times) = (Vec::new(), Vec::new());
    for number in 1..=CHANGES {
        floors.push(visible(&raw, number, || seen.load(Ordering::Acquire)));
        times.push(visible(&ours, number, || *reader.get()));
    }
    stop.store(true, Ordering::Release);
    replace(&raw, 0);
    floor.join().expect("the floor");

    floors.sort_unstable();
    times.sort_unstable();
    let micros =
        |times: &[Duration], percent: usize| times[times.len() * percent / 100].as_nanos() as f64 / 1000.0;
    report.ratio("rename to visible, p50", micros(&times, 50), micros(&floors, 50), "us", 1.5);
    let [p90, p99] = [90, 99].map(|percent| micros(&times, percent));
    let [floor90, floor99] = [90, 99].map(|percent| micros(&floors, percent));
    report.note(
        "rename to visible, p90 and p99",
        format!("{p90:.0} and {p99:.0} us (floor {floor90:.0} and {floor99:.0} us)"),
    );
}

/// The least that any watcher does: wait for the event, read, parse, publish.
fn spawn_floor(path: PathBuf, seen: Arc<AtomicU64>, stop: Arc<AtomicBool>) -> std::thread::JoinHandle<()> {
    let mut inotify = Inotify::init().expect("an inotify instance");
    let directory = path.parent().expect("a parent");
    inotify.watches().add(directory, WatchMask::MOVED_TO).expect("a watch");
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while !stop.load(Ordering::Acquire) {
            inotify.read_events_blocking(&mut buffer).expect("events").for_each(drop);
            let bytes = std::fs::read(&path).expect("read");
            seen.store(parse(&bytes).expect("a number"), Ordering::Release);
        }
    })
}

fn visible(path: &Path, number: u64, mut read: impl FnMut() -> u64) -> Duration {
    std::thread::sleep(PAUSE);
    let temp = prepare(path, number);
    let start = Instant::now();
    std::fs::rename(&temp, path).expect("rename");
    while read() != number {
        std::hint::spin_loop();
    }
    start.elapsed()
}

fn replace(path: &Path, number: u64) {
    std::fs::rename(prepare(path, number), path).expect("rename");
}

fn prepare(path: &Path, number: u64) -> PathBuf {
    let temp = path.with_extension("new");
    std::fs::write(&temp, format!("{number:100}")).expect("write");
    temp
}

fn parse(bytes: &[u8]) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    Ok(std::str::from_utf8(bytes)?.trim().parse()?)
}
