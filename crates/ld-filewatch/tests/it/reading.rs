//! Reading content: guards, snapshots, readers, views, subscriptions, waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::kit::{DEADLINE, Dir, eventually, replace};
use ld_filewatch::{Error, FileWatcher, Mode};

fn number(bytes: &[u8]) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    Ok(std::str::from_utf8(bytes)?.trim().parse()?)
}

#[test]
fn content_is_there_right_after_building_and_follows_the_file() {
    let dir = Dir::new();
    let path = dir.write("n", "1");
    let watcher = FileWatcher::builder(&path).build(number).unwrap();
    assert_eq!(*watcher.get().unwrap(), 1);
    assert_eq!(watcher.status().mode, Mode::Events);
    replace(&path, "2");
    eventually("the new content", || *watcher.get().unwrap() == 2);
    assert_eq!(watcher.version(), 2);
    assert_eq!(watcher.path(), path);
}

#[test]
fn a_reader_and_a_view_see_new_content_at_their_next_read() {
    let dir = Dir::new();
    let path = dir.write("n", "1");
    let watcher = FileWatcher::builder(&path).build(|bytes| number(bytes).map(|n| (n, n * 2))).unwrap();
    let mut reader = watcher.reader().unwrap();
    let double = watcher.map(|(_, double)| *double);
    assert_eq!((*reader.get(), *double.get().unwrap()), ((1, 2), 2));
    replace(&path, "21");
    watcher.wait_changed(1, DEADLINE).unwrap();
    assert_eq!((*reader.get(), *double.get().unwrap()), ((21, 42), 42));
    assert_eq!(watcher.version(), 2);
}

#[test]
fn a_heartbeat_moves_the_time_and_neither_parses_nor_wakes() {
    let dir = Dir::new();
    let path = dir.write("n", "7");
    let parsed = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&parsed);
    let watcher = FileWatcher::builder(&path)
        .build(move |bytes| {
            counter.fetch_add(1, Ordering::Relaxed);
            number(bytes)
        })
        .unwrap();
    let mut subscription = watcher.subscribe();
    let before = watcher.mtime().unwrap();
    let later = before + Duration::from_secs(300);
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
    eventually("the heartbeat", || watcher.mtime().unwrap() == later);
    assert_eq!(watcher.snapshot().unwrap().mtime, later);
    assert!(subscription.try_recv().is_none());
    assert_eq!((parsed.load(Ordering::Relaxed), watcher.version()), (1, 1));
}

#[test]
fn before_the_first_good_load_a_read_says_why_and_tries_again() {
    let dir = Dir::new();
    let path = dir.path("n");
    let watcher = FileWatcher::builder(&path).poll_interval(Duration::MAX).build(number).unwrap();
    let error = watcher.get().unwrap_err();
    assert!(matches!(&error, Error::NotAvailable { cause: Some(cause), .. }
        if matches!(**cause, Error::Missing { .. })));
    assert!(watcher.reader().is_err() && watcher.get_arc().is_err() && watcher.snapshot().is_err());
    std::fs::write(&path, "3").unwrap();
    // This read checks the file itself, unless another thread is checking it.
    eventually("content", || watcher.get().is_ok_and(|n| *n == 3));
    assert!(watcher.last_error().is_none());
}

#[test]
fn a_timeout_waits_for_good_content_or_shows_the_cause() {
    let dir = Dir::new();
    let path = dir.write("n", "x");
    let short = Duration::from_millis(50);
    let error = FileWatcher::builder(&path).timeout(short).build(number).unwrap_err();
    assert!(
        matches!(&error, Error::TimedOut { cause: Some(cause), .. }
        if matches!(**cause, Error::Parse { .. })),
        "{error:?}"
    );

    let writer = std::thread::spawn({
        let path = path.clone();
        move || replace(&path, "4")
    });
    let watcher = FileWatcher::builder(&path).timeout(DEADLINE).build(number).unwrap();
    assert_eq!(*watcher.get().unwrap(), 4);
    writer.join().unwrap();
}

#[test]
fn a_subscriber_gets_the_latest_content_only() {
    let dir = Dir::new();
    let path = dir.write("n", "1");
    let watcher = FileWatcher::builder(&path).build(number).unwrap();
    let mut subscription = watcher.subscribe();
    assert!(subscription.try_recv().is_none());
    for n in 2..=20 {
        replace(&path, n.to_string());
        let _ = watcher.wait_changed(watcher.version(), Duration::from_millis(1));
    }
    eventually("the last content", || *watcher.get().unwrap() == 20);
    assert_eq!(*subscription.recv().unwrap().data, 20);
    assert!(subscription.recv_timeout(Duration::from_millis(1)).is_none());
    assert_eq!(*watcher.subscribe().from_start().recv().unwrap().data, 20);
}

#[test]
fn handles_are_send_and_sync_and_a_fixed_one_needs_no_file() {
    fn shareable<T: Send + Sync + Clone>(value: T) -> T {
        value
    }
    let watcher = shareable(FileWatcher::fixed(5));
    assert_eq!(*shareable(watcher.map(|n| *n)).get().unwrap(), 5);
    assert_eq!(*shareable(watcher.reader().unwrap()).get(), 5);
    assert!(shareable(watcher.subscribe()).try_recv().is_none());
    assert_eq!(watcher.status().mode, Mode::Fixed);
}
