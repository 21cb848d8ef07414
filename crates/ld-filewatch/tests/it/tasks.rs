//! Waiting in tasks, with the smallest runtime there is.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use ld_filewatch::testing::FakeFileWatcher;
use ld_filewatch::{Error, FileWatcher};

use crate::kit::{DEADLINE, Dir, replace};

fn number(bytes: &[u8]) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    Ok(std::str::from_utf8(bytes)?.trim().parse()?)
}

/// Wakes a task by unparking its thread.
struct Unpark(std::thread::Thread);

impl std::task::Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future in this thread; `pending` is called each time that it waits.
pub(crate) fn block_on<F: Future>(future: F, mut pending: impl FnMut()) -> F::Output {
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut context = std::task::Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            std::task::Poll::Ready(output) => return output,
            std::task::Poll::Pending => {
                pending();
                std::thread::park_timeout(DEADLINE);
            }
        }
    }
}

#[test]
fn a_task_and_a_thread_are_woken_without_any_runtime() {
    let dir = Dir::new();
    let path = dir.write("n", "1");
    let watcher = FileWatcher::builder(&path).build(number).unwrap();
    let (ready, pending) = mpsc::channel();
    let waiting = std::thread::spawn({
        let mut subscription = watcher.subscribe();
        move || *block_on(subscription.changed(), || ready.send(()).unwrap()).unwrap().data
    });
    let mut thread = watcher.subscribe();
    pending.recv_timeout(DEADLINE).unwrap();
    let start = Instant::now();
    replace(&path, "2");
    assert_eq!(waiting.join().unwrap(), 2);
    assert_eq!(*thread.recv_timeout(DEADLINE).unwrap().data, 2);
    assert!(start.elapsed() < DEADLINE / 2, "woken, not timed out");
}

#[test]
fn a_task_waits_for_the_first_content_without_blocking() {
    let dir = Dir::new();
    let path = dir.path("n");
    let watcher = FileWatcher::builder(&path).build(number).unwrap();
    let mut waited = 0;
    let snapshot = block_on(watcher.available(), || {
        waited += 1;
        replace(&path, "7");
    })
    .unwrap();
    assert_eq!((*snapshot.data, snapshot.version), (7, 1));
    assert!(waited > 0);
    let snapshot = block_on(watcher.available(), || panic!("content is there")).unwrap();
    assert_eq!(*snapshot.data, 7);
}

#[test]
fn a_read_without_content_does_no_io_unless_asked_to() {
    let dir = Dir::new();
    let path = dir.path("n");
    let parsed = Arc::new(AtomicUsize::new(0));
    let build = |load| {
        let parsed = Arc::clone(&parsed);
        // Nothing but a read can notice the file.
        let builder = FileWatcher::builder(&path).events(false).poll_interval(Duration::from_secs(3600));
        let parser = move |bytes: &[u8]| {
            parsed.fetch_add(1, Ordering::Relaxed);
            number(bytes)
        };
        builder.load_on_read(load).build(parser).unwrap()
    };
    let (watcher, loading) = (build(false), build(true));
    replace(&path, "7");
    let checked = watcher.status().last_checked;
    assert!(matches!(watcher.get(), Err(Error::NotAvailable { .. })));
    assert!(watcher.map(|n| *n).get().is_err() && watcher.snapshot().is_err());
    assert_eq!((parsed.load(Ordering::Relaxed), watcher.status().last_checked), (0, checked));
    assert_eq!((*loading.map(|n| *n).get().unwrap(), *loading.get().unwrap()), (7, 7));
}

#[test]
fn a_cancelled_wait_loses_nothing_and_leaves_no_waker() {
    struct Counts(AtomicUsize);
    impl std::task::Wake for Counts {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let fake = FakeFileWatcher::new();
    let mut changes = fake.watcher().subscribe();
    let counts = Arc::new(Counts(AtomicUsize::new(0)));
    let waker = Arc::clone(&counts).into();
    let mut context = std::task::Context::from_waker(&waker);
    assert!(std::pin::pin!(changes.changed()).as_mut().poll(&mut context).is_pending());
    fake.set(1);
    assert_eq!(counts.0.load(Ordering::Relaxed), 0, "the waker of a dropped future is gone");
    assert_eq!(*block_on(changes.changed(), || panic!("it is there")).unwrap().data, 1);
}

#[cfg(feature = "futures")]
#[test]
fn a_subscription_is_a_stream_that_ends_with_the_watcher() {
    use futures_core::Stream;
    let fake = FakeFileWatcher::new();
    fake.set(1);
    let watcher = fake.watcher();
    let mut changes = watcher.subscribe().from_start();
    let mut next = |pending: &mut dyn FnMut()| {
        let next = std::future::poll_fn(|context| std::pin::Pin::new(&mut changes).poll_next(context));
        block_on(next, pending).map(|snapshot| *snapshot.data)
    };
    assert_eq!(next(&mut || panic!("content is there")), Some(1));
    assert_eq!(next(&mut || fake.set(2)), Some(2));
    fake.set(3);
    watcher.close();
    assert_eq!(next(&mut || panic!("content is there")), Some(3));
    assert_eq!(next(&mut || panic!("it is closed")), None);
}
