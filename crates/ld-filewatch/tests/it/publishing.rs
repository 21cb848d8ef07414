//! One published content: reads are never older than what a subscriber got, and panics cost
//! nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use ld_filewatch::testing::FakeFileWatcher;
use ld_filewatch::{FileWatcher, MAX_LOADERS};

use crate::child::{As, alone};
use crate::kit::{Dir, eventually, replace, threads};

#[test]
fn reads_are_never_older_than_a_delivered_change() {
    const LAST: u64 = 200_000;
    let fake = FakeFileWatcher::new();
    fake.set(0);
    let watcher = fake.watcher();
    let (mut changes, mut reader) = (watcher.subscribe(), watcher.reader().unwrap());
    let publisher = std::thread::spawn(move || (1..=LAST).for_each(|number| fake.set(number)));
    let mut older = 0;
    let mut delivered = 0;
    while delivered < LAST {
        let Some(snapshot) = changes.try_recv() else { continue };
        delivered = *snapshot.data;
        let version = watcher.version();
        let reads = [*watcher.get().unwrap(), *reader.get(), *watcher.snapshot().unwrap().data];
        older += usize::from(reads.iter().any(|read| *read < delivered) || version < snapshot.version);
    }
    publisher.join().unwrap();
    assert_eq!(older, 0, "reads that were older than what was delivered");
}

/// Panics when it is dropped, if it holds an odd number.
struct Grumpy(u64);

impl Drop for Grumpy {
    fn drop(&mut self) {
        assert!(self.0.is_multiple_of(2), "asked to panic in drop");
    }
}

fn grumpy(bytes: &[u8]) -> Result<Grumpy, Box<dyn std::error::Error + Send + Sync>> {
    Ok(Grumpy(std::str::from_utf8(bytes)?.trim().parse()?))
}

#[test]
fn a_panic_in_drop_costs_neither_the_loader_nor_the_file() {
    alone("publishing::a_panic_in_drop_costs_neither_the_loader_nor_the_file", As::Itself, || {
        let dir = Dir::new();
        let (path, other) = (dir.write("n", "1"), dir.write("other", "1"));
        let watcher = FileWatcher::builder(&path).poll_interval(Duration::MAX).build(grumpy).unwrap();
        let text = FileWatcher::builder(&other).poll_interval(Duration::MAX);
        let text = text.text(Default::default(), |text| Ok(text.parse::<u64>()?)).unwrap();
        let started = threads();
        for number in 2..=21 {
            replace(&path, number.to_string());
            eventually("the new content", || watcher.get().is_ok_and(|n| n.0 == number));
            replace(&other, number.to_string());
            eventually("another file", || text.get().is_ok_and(|n| *n == number));
        }
        replace(&path, "22");
        eventually("an even number", || watcher.get().is_ok_and(|n| n.0 == 22));
        assert!(watcher.last_error().is_none());
        eventually("no thread is lost", || threads() == started);
    });
}

#[test]
fn a_panic_in_drop_of_the_last_handle_costs_no_loader() {
    alone("publishing::a_panic_in_drop_of_the_last_handle_costs_no_loader", As::Itself, || {
        let dir = Dir::new();
        let other = dir.write("other", "1");
        let kept = FileWatcher::builder(&other).poll_interval(Duration::MAX);
        let kept = kept.text(Default::default(), |text| Ok(text.parse::<u64>()?)).unwrap();
        // More often than there may be loaders.
        for _ in 0..=MAX_LOADERS {
            drop_last_handle_while_loading(&dir);
        }
        for number in 2..=5 {
            replace(&other, number.to_string());
            eventually("another file", || kept.get().is_ok_and(|n| *n == number));
        }
    });
}

/// Drops the last handle while a loader is in the parser, which leaves the handle's `Drop` to it.
fn drop_last_handle_while_loading(dir: &Dir) {
    let (entered, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let path = dir.write("n", "2");
    let watcher = FileWatcher::builder(&path).poll_interval(Duration::MAX).build({
        let (entered, dropped) = (Arc::clone(&entered), Arc::clone(&dropped));
        move |bytes| {
            let first = entered.fetch_add(1, Ordering::AcqRel) == 0;
            while !first && !dropped.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
            grumpy(bytes)
        }
    });
    replace(&path, "3");
    eventually("the parser", || entered.load(Ordering::Acquire) == 2);
    drop(watcher);
    dropped.store(true, Ordering::Release);
}
