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

/// What the reading thread does until the new content is visible.
#[derive(Clone, Copy)]
enum Reader {
    /// Gives up its processor between two reads.
    Yields,
    /// Never gives up its processor. With two processors the scheduler often queues the loader
    /// thread behind this one until the next timer tick (1 to 4 ms): that delay is the scheduler's.
    Spins,
}

pub(crate) fn measure(report: &mut Report) {
    let times = run(Reader::Yields);
    for (percent, goal) in [(50, 1.5), (90, 2.0), (99, 2.0)] {
        let [ours, floor] = times.micros(percent);
        report.ratio(&format!("rename to visible, p{percent}"), ours, floor, "us", goal);
    }
    let times = run(Reader::Spins);
    for percent in [50, 90, 99] {
        let [ours, floor] = times.micros(percent);
        let value = format!("{ours:.0} us / floor {floor:.0} us = {:.2}x", ours / floor);
        report.note(&format!("the same beside a thread that spins, p{percent}"), value);
    }
}

/// Sorted times of one run.
struct Times {
    ours: Vec<Duration>,
    floor: Vec<Duration>,
}

impl Times {
    fn micros(&self, percent: usize) -> [f64; 2] {
        let at = |times: &[Duration]| times[times.len() * percent / 100].as_nanos() as f64 / 1000.0;
        [at(&self.ours), at(&self.floor)]
    }
}

/// Changes both files in turns, so that other load of the machine affects both alike.
fn run(reader: Reader) -> Times {
    let dir = tempfile::tempdir().expect("a directory");
    let (raw, ours) = (dir.path().join("raw/flags"), dir.path().join("ours/flags"));
    for path in [&raw, &ours] {
        std::fs::create_dir(path.parent().expect("a parent")).expect("a directory");
        replace(path, 0);
    }
    let (seen, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let floor = spawn_floor(raw.clone(), Arc::clone(&seen), Arc::clone(&stop));
    let watcher = FileWatcher::builder(&ours).build(parse).expect("a watcher");
    let mut cached = watcher.reader().expect("content");

    let mut times = Times { ours: Vec::new(), floor: Vec::new() };
    for number in 1..=CHANGES {
        times.floor.push(visible(reader, &raw, number, || seen.load(Ordering::Acquire)));
        times.ours.push(visible(reader, &ours, number, || *cached.get()));
    }
    stop.store(true, Ordering::Release);
    replace(&raw, 0);
    floor.join().expect("the floor");
    times.ours.sort_unstable();
    times.floor.sort_unstable();
    times
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

fn visible(reader: Reader, path: &Path, number: u64, mut read: impl FnMut() -> u64) -> Duration {
    std::thread::sleep(PAUSE);
    let temp = prepare(path, number);
    let start = Instant::now();
    std::fs::rename(&temp, path).expect("rename");
    while read() != number {
        match reader {
            Reader::Yields => std::thread::yield_now(),
            Reader::Spins => std::hint::spin_loop(),
        }
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
