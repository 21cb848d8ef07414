//! Reading unchanged content.

use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::time::Instant;

use arc_swap::ArcSwap;
use ld_filewatch::FileWatcher;
use once_cell::race::OnceRef;

use crate::report::Report;

const READS: u32 = 20_000_000;
const ROUNDS: usize = 7;

pub(crate) fn measure(report: &mut Report) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("flags");
    std::fs::write(&path, "17").expect("write");
    let watcher: FileWatcher<u64> = FileWatcher::builder(&path)
        .text(Default::default(), |text| Ok(text.parse::<u64>()?))
        .expect("a watcher");

    let raw = Raw(Arc::new(OnceRef::new()));
    raw.0.set(&VALUE).expect("set once");
    let mut reader = watcher.reader().expect("content");
    // Taken in turns, so that a change of the processor's clock hits both alike.
    let (mut floor, mut cached) = (f64::MAX, f64::MAX);
    for _ in 0..ROUNDS {
        floor = floor.min(nanos(|| *black_box(&raw).get()));
        cached = cached.min(nanos(|| *black_box(&mut reader).get()));
    }
    report.ratio("Reader::get, unchanged", cached, floor, "ns", 1.6);

    let bare = ArcSwap::from_pointee(VALUE);
    let (mut swap, mut guarded) = (f64::MAX, f64::MAX);
    for _ in 0..ROUNDS {
        swap = swap.min(nanos(|| **black_box(&bare).load()));
        guarded = guarded.min(nanos(|| *black_box(&watcher).get().expect("content")));
    }
    report.note("a bare ArcSwap::load, 1 thread", format!("{swap:.2} ns"));
    report.row("get() guard, unchanged, 1 thread", guarded, "ns", 5.0);
    for threads in [2, 4] {
        let each = together(threads, &watcher);
        report.note(&format!("get() guard, {threads} threads, a read in each"), format!("{each:.2} ns"));
    }
    let kept = nanos(|| *watcher.get_arc().expect("content"));
    report.note("get_arc(), 1 thread", format!("{kept:.2} ns"));
}

static VALUE: u64 = 17;

/// A handle to a shared pointer: the least that threads can read through. Both handles are in
/// memory and opaque, as the fields of a service's state are.
struct Raw(Arc<OnceRef<'static, u64>>);

impl Raw {
    fn get(&self) -> &u64 {
        self.0.get().unwrap_or(&0)
    }
}

fn nanos(mut read: impl FnMut() -> u64) -> f64 {
    let start = Instant::now();
    for _ in 0..READS {
        black_box(read());
    }
    start.elapsed().as_nanos() as f64 / f64::from(READS)
}

/// Nanoseconds of wall time for one read of each thread, all reading at once.
fn together(threads: usize, watcher: &FileWatcher<u64>) -> f64 {
    let barrier = Arc::new(Barrier::new(threads));
    let reading: Vec<_> = (0..threads)
        .map(|_| {
            let (watcher, barrier) = (watcher.clone(), Arc::clone(&barrier));
            std::thread::spawn(move || {
                barrier.wait();
                nanos(|| *watcher.get().expect("content"))
            })
        })
        .collect();
    reading.into_iter().map(|thread| thread.join().expect("a reader")).fold(0.0, f64::max)
}
