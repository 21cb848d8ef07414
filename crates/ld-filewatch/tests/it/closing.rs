//! Closing a watcher.

use std::sync::mpsc;
use std::time::Duration;

use ld_filewatch::testing::FakeFileWatcher;
use ld_filewatch::{Error, FileWatcher, Mode};

use crate::child::{As, alone};
use crate::kit::{DEADLINE, Dir, descriptors, eventually, replace, threads};
use crate::tasks::block_on;

fn number(bytes: &[u8]) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    Ok(std::str::from_utf8(bytes)?.trim().parse()?)
}

#[test]
fn close_ends_the_watching_for_all_handles() {
    alone("closing::close_ends_the_watching_for_all_handles", As::Itself, || {
        let dir = Dir::new();
        let path = dir.write("n", "1");
        let before = (threads(), descriptors());
        let watcher = FileWatcher::builder(&path).build(number).unwrap();
        let (clone, mut reader, view) = (watcher.clone(), watcher.reader().unwrap(), watcher.map(|n| *n));
        clone.close();
        eventually("threads and descriptors are released", || (threads(), descriptors()) == before);
        replace(&path, "2");
        assert_eq!((*watcher.get().unwrap(), *reader.get(), *view.get().unwrap()), (1, 1, 1));
        assert_eq!(watcher.status().mode, Mode::Closed);
        watcher.close();
    });
}

#[test]
fn close_wakes_threads_and_tasks_that_wait() {
    let dir = Dir::new();
    let watcher = FileWatcher::builder(dir.path("n")).build(number).unwrap();
    let (say, said) = mpsc::channel();
    let spawn = |wait: fn(&FileWatcher<u64>, &dyn Fn()) -> bool| {
        let (watcher, say) = (watcher.clone(), say.clone());
        std::thread::spawn(move || {
            let ended = wait(&watcher, &|| say.send("waits").unwrap());
            say.send(if ended { "ended" } else { "not ended" }).unwrap();
        });
    };
    spawn(|watcher, waits| {
        waits();
        watcher.subscribe().recv().is_none()
    });
    spawn(|watcher, waits| {
        waits();
        matches!(watcher.wait_available(DEADLINE), Err(Error::Closed { .. }))
    });
    spawn(|watcher, waits| matches!(block_on(watcher.available(), waits), Err(Error::Closed { .. })));
    let said = |count| (0..count).map(|_| said.recv_timeout(DEADLINE / 2)).collect::<Vec<_>>();
    assert_eq!(said(3), [Ok("waits"); 3]);
    watcher.close();
    assert_eq!(said(3), [Ok("ended"); 3]);
    assert!(matches!(watcher.get(), Err(Error::Closed { .. })));
    assert_eq!(watcher.wait_changed(0, DEADLINE).map(|change| *change.data), None);
}

#[test]
fn a_subscriber_gets_the_last_content_before_the_end() {
    let fake = FakeFileWatcher::new();
    let watcher = fake.watcher();
    let (mut changes, mut of_view) = (watcher.subscribe(), watcher.map(|n| n + 1).subscribe());
    fake.set(1);
    watcher.close();
    fake.set(2);
    assert!(!changes.is_closed());
    assert_eq!((*changes.recv().unwrap().data, *of_view.recv().unwrap().data), (1, 2));
    assert!(changes.is_closed() && changes.recv().is_none() && of_view.recv().is_none());
    assert!(changes.recv_timeout(Duration::from_secs(3600)).is_none());
    assert_eq!(*watcher.get().unwrap(), 1);
}

#[test]
fn a_parser_may_close_its_own_watcher() {
    let dir = Dir::new();
    let path = dir.write("n", "1");
    let (handle, closer) = mpsc::channel::<FileWatcher<u64>>();
    let watcher = FileWatcher::builder(&path)
        .build(move |bytes| {
            if bytes == b"2" {
                closer.recv()?.close();
            }
            number(bytes)
        })
        .unwrap();
    let mut changes = watcher.subscribe();
    handle.send(watcher.clone()).unwrap();
    replace(&path, "2");
    assert!(changes.recv().is_none(), "nothing is published after the end");
    assert_eq!(*watcher.get().unwrap(), 1);
}
