//! Views: values computed from the content.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use ld_filewatch::testing::FakeFileWatcher;
use ld_filewatch::{FileWatcher, Reader, View};

use crate::kit::{DEADLINE, Dir, replace};
use crate::tasks::block_on;

/// Names no type of the content.
struct Limiter {
    limit: View<String>,
    own: Reader<String>,
}

#[test]
fn a_view_computes_and_has_a_reader_and_subscriptions() {
    let dir = Dir::new();
    let path = dir.write("n", "20");
    let watcher =
        FileWatcher::<u64>::builder(&path).build(|bytes| Ok(std::str::from_utf8(bytes)?.parse()?)).unwrap();
    let limit = watcher.map(|n| format!("{} requests", n / 2));
    let mut limiter = Limiter { own: limit.reader().unwrap(), limit };
    let mut changes = limiter.limit.subscribe();
    assert_eq!((&**limiter.limit.get().unwrap(), &**limiter.own.get()), ("10 requests", "10 requests"));
    assert!(changes.try_recv().is_none());
    replace(&path, "40");
    let change = changes.recv_timeout(DEADLINE).unwrap();
    assert_eq!((&**change.data, change.version), ("20 requests", 2));
    assert_eq!((&**limiter.limit.get().unwrap(), &**limiter.own.get()), ("20 requests", "20 requests"));
    let length = limiter.limit.map(String::len);
    assert_eq!((*length.get().unwrap(), *length.snapshot().unwrap().data), (11, 11));
}

#[test]
fn a_view_is_computed_once_for_each_content() {
    let fake = FakeFileWatcher::new();
    let computed = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&computed);
    let view = fake.watcher().map(move |n: &u64| {
        counter.fetch_add(1, Ordering::Relaxed);
        n + 1
    });
    assert!(view.get().is_err());
    for number in 1..=10 {
        fake.set(number);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| assert_eq!(*view.get().unwrap(), number + 1));
            }
        });
        let later = fake.watcher().mtime().unwrap() + Duration::from_secs(1);
        fake.touch(later);
        assert_eq!((*view.get().unwrap(), view.snapshot().unwrap().mtime), (number + 1, later));
    }
    assert_eq!(computed.load(Ordering::Relaxed), 10);
}

#[test]
fn a_view_is_never_older_than_a_delivered_change() {
    const LAST: u64 = 50_000;
    let fake = FakeFileWatcher::new();
    fake.set(0);
    let watcher = fake.watcher();
    let view = watcher.map(|n| *n);
    let (mut changes, mut of_view, mut reader) =
        (watcher.subscribe(), view.subscribe(), view.reader().unwrap());
    let publisher = std::thread::spawn(move || (1..=LAST).for_each(|number| fake.set(number)));
    let mut delivered = 0;
    while delivered < LAST {
        if let Some(change) = changes.try_recv() {
            delivered = *change.data;
            assert!(*view.get().unwrap() >= delivered && *reader.get() >= delivered);
        }
        if let Some(change) = of_view.try_recv() {
            assert!(*watcher.get().unwrap() >= *change.data);
        }
    }
    publisher.join().unwrap();
}

#[test]
fn a_distinct_subscription_skips_equal_values() {
    let fake = FakeFileWatcher::new();
    fake.set((1, 'a'));
    let numbers = fake.watcher().map(|(number, _)| *number);
    let mut changes = numbers.subscribe().distinct();
    let mut task = changes.clone();
    let mut started = changes.clone().from_start();
    assert_eq!(*started.recv().unwrap().data, 1);
    for letter in ['b', 'c'] {
        fake.set((1, letter));
        assert!(changes.try_recv().is_none() && started.recv_timeout(Duration::ZERO).is_none());
        assert_eq!(numbers.subscribe().from_start().recv().map(|all| *all.data), Some(1));
    }
    let mut next = [(1, 'd'), (2, 'd')].into_iter();
    let change = block_on(task.changed(), || fake.set(next.next().expect("no further wait"))).unwrap();
    assert_eq!((*change.data, change.version), (2, 5));
    assert_eq!((*changes.recv().unwrap().data, *started.try_recv().unwrap().data), (2, 2));
    fake.set((2, 'e'));
    fake.watcher().close();
    assert!(block_on(task.changed(), || ()).is_none() && changes.recv().is_none());
    assert!(changes.is_closed());
}

#[test]
fn distinct_content_since_the_subscription_is_delivered() {
    let fake = FakeFileWatcher::new();
    fake.set(1);
    let changes = fake.watcher().subscribe();
    fake.set(2);
    assert_eq!(changes.distinct().try_recv().map(|change| *change.data), Some(2));
}

#[test]
fn a_panic_in_a_view_costs_only_that_read() {
    let fake = FakeFileWatcher::new();
    fake.set(1);
    let broken = Arc::new(AtomicBool::new(true));
    let flag = Arc::clone(&broken);
    let view = fake.watcher().map(move |n: &u64| {
        assert!(!flag.load(Ordering::Relaxed), "asked to");
        *n
    });
    let read = catch_unwind(AssertUnwindSafe(|| view.get().map(|n| *n)));
    assert!(read.is_err());
    broken.store(false, Ordering::Relaxed);
    assert_eq!(*view.get().unwrap(), 1);
}
