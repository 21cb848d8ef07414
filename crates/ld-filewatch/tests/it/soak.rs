//! A minute of random operations on many files.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ld_filewatch::FileWatcher;

use crate::child::{As, alone};
use crate::kit::{Dir, descriptors, eventually, threads};
use crate::payload::{number, payload};

const FILES: usize = 200;
const WRITERS: usize = 4;
/// How long, in seconds; the environment variable `LD_SOAK_SECONDS` says otherwise.
const SECONDS: u64 = 60;
const GROUPS: usize = 10;
/// After a write in place a file is not changed for this long. A file that is written in place
/// again and again cannot be read whole: the next write may begin before the reader, which waits
/// for 1 s at most.
const REST: Duration = Duration::from_secs(2);
const QUIET: Duration = Duration::from_millis(200);

#[test]
fn two_hundred_files_converge_after_random_operations() {
    let name = "soak::two_hundred_files_converge_after_random_operations";
    alone(name, As::Itself, || {
        let seconds = std::env::var("LD_SOAK_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
        let before = (threads(), descriptors());
        soak(Duration::from_secs(seconds.unwrap_or(SECONDS)));
        eventually("no thread and no descriptor is left", || (threads(), descriptors()) == before);
    });
}

fn soak(time: Duration) {
    let dir = Dir::in_memory();
    let torn = Arc::new(AtomicUsize::new(0));
    let paths: Vec<_> =
        (0..FILES).map(|file| dir.path(&format!("group-{}/file-{file}", file % GROUPS))).collect();
    for path in &paths {
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    }
    let watchers: Vec<_> = paths.iter().map(|path| watch(path, Arc::clone(&torn))).collect();

    let stop = AtomicBool::new(false);
    // A write in place that the system delays counts as one with a pause: its file may be read
    // half-written.
    let stalled = AtomicUsize::new(0);
    let operations: u64 = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                // Each writer has its own files, so that the last content is known; directories are
                // moved under all of them.
                let own = move |file: &usize| file % WRITERS == writer;
                let files: Vec<_> = (0..FILES).filter(own).collect();
                let (paths, stop, stalled) = (&paths, &stop, &stalled);
                scope.spawn(move || write(writer, &files, paths, stop, stalled))
            })
            .collect();
        let churn = scope.spawn(|| come_and_go(&paths, &stop));
        std::thread::sleep(time);
        stop.store(true, Ordering::Relaxed);
        churn.join().expect("the churn");
        writers.into_iter().map(|writer| writer.join().expect("a writer")).sum()
    });

    for (path, watcher) in paths.iter().zip(&watchers) {
        let expected = fs::read(path).ok().and_then(|content| number(&content));
        let shown = || match expected {
            Some(expected) => watcher.get().is_ok_and(|shown| *shown == expected),
            None => watcher.last_error().is_some(),
        };
        eventually(&format!("{expected:?} in {watcher:?}"), shown);
    }
    let (torn, stalled) = (torn.load(Ordering::Relaxed), stalled.load(Ordering::Relaxed));
    assert!(torn <= stalled, "{torn} contents were read torn, {stalled} writers were delayed");
    println!(
        "{operations} operations on {FILES} files in {time:?}: {torn} torn, {stalled} stalled, all converged"
    );
}

fn watch(path: &Path, torn: Arc<AtomicUsize>) -> FileWatcher<u64> {
    FileWatcher::builder(path)
        .quiet_time(QUIET)
        .build(move |bytes| {
            number(bytes).ok_or_else(|| {
                torn.fetch_add(1, Ordering::Relaxed);
                "torn".into()
            })
        })
        .expect("a watcher")
}

/// Writes, replaces, removes, touches and moves at random; returns the number of operations.
fn write(writer: usize, files: &[usize], paths: &[PathBuf], stop: &AtomicBool, stalled: &AtomicUsize) -> u64 {
    let mut random = Random(writer as u64 + 1);
    let mut operations = 0;
    let mut resting = vec![Instant::now(); paths.len()];
    while !stop.load(Ordering::Relaxed) {
        let file = files[random.below(files.len())];
        let path = &paths[file];
        if resting[file] > Instant::now() {
            std::thread::yield_now();
            continue;
        }
        operations += 1;
        let temp = path.with_extension("new");
        // A file is either always replaced or always written in place: see `REST`.
        let in_place = file.is_multiple_of(3);
        let content = payload(operations);
        // A directory may be away at the moment; what is on the disk in the end counts.
        let _ = match random.below(100) {
            0..70 if !in_place => fs::write(&temp, content).and_then(|()| fs::rename(&temp, path)),
            operation @ 0..70 => {
                if operation < 20 {
                    fs::remove_file(path).ok();
                }
                let start = Instant::now();
                let written = write_with_pauses(path, &content, QUIET / 4, &mut random);
                if start.elapsed() > QUIET / 2 {
                    stalled.fetch_add(1, Ordering::Relaxed);
                }
                resting[file] = Instant::now() + REST;
                written
            }
            70..80 => fs::remove_file(path),
            80..95 => {
                // Closing what was open for writing ends a write, too: the next may begin before
                // the reader comes.
                if in_place {
                    resting[file] = Instant::now() + REST;
                }
                let open = fs::File::options().write(true).open(path);
                open.and_then(|file| {
                    file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(operations))
                })
            }
            _ => move_directory(path, random.below(2) == 0),
        };
        std::thread::sleep(Duration::from_micros(random.below(2_000) as u64));
    }
    operations
}

/// Writes a file in place, in two halves with pauses of less than `limit` in all. A read meanwhile
/// finds it torn.
fn write_with_pauses(
    path: &Path,
    content: &[u8],
    limit: Duration,
    random: &mut Random,
) -> std::io::Result<()> {
    let mut pause = || std::thread::sleep(limit.mul_f64(random.below(100) as f64 / 300.0));
    let mut file = fs::File::create(path)?;
    pause();
    let (first, second) = content.split_at(content.len() / 2);
    file.write_all(first)?;
    pause();
    file.write_all(second)?;
    pause();
    Ok(())
}

/// Moves a file's directory away and back, or replaces it by an empty one for a moment.
fn move_directory(path: &Path, empty: bool) -> std::io::Result<()> {
    let directory = path.parent().expect("a parent");
    let away = directory.with_extension("away");
    fs::rename(directory, &away)?;
    if empty && fs::create_dir(directory).is_ok() {
        std::thread::sleep(Duration::from_millis(1));
        // If a writer has written into it meanwhile, it stays and the old one is removed.
        if fs::remove_dir(directory).is_err() {
            return fs::remove_dir_all(&away);
        }
    }
    fs::rename(&away, directory)
}

/// Watchers with a short life, beside the lasting ones. Their first load does not wait for a
/// writer.
fn come_and_go(paths: &[PathBuf], stop: &AtomicBool) {
    let mut random = Random(99);
    while !stop.load(Ordering::Relaxed) {
        let some: Vec<_> =
            (0..10).map(|_| watch(&paths[random.below(paths.len())], Arc::default())).collect();
        std::thread::sleep(Duration::from_millis(5));
        drop(some);
    }
}

/// A small generator (xorshift): the same operations in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}
