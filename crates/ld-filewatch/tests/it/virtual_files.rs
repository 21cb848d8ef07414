//! Files of /proc and /sys: size and times say nothing about their content.

use std::os::unix::fs::symlink;
use std::time::Duration;

use ld_filewatch::{Builder, FileWatcher, Mode};

use crate::child::{As, alone};
use crate::kit::{Dir, eventually};

const UUID: &str = "/proc/sys/kernel/random/uuid";
const POLL: Duration = Duration::from_millis(5);

fn text(builder: Builder<String>) -> FileWatcher<String> {
    builder.text(Default::default(), |text| Ok(text.to_string())).expect("a watcher")
}

fn polls(watcher: &FileWatcher<String>) -> bool {
    matches!(watcher.status().mode, Mode::Polling { reason } if reason.contains("does not report"))
}

#[test]
fn a_proc_file_is_read_whole_at_each_poll() {
    let watcher = text(FileWatcher::builder(UUID).events(false).poll_interval(POLL));
    for version in 1..=10 {
        eventually("the next content", || watcher.version() >= version);
        assert_eq!(watcher.get().expect("content").trim().len(), 36);
    }
}

#[test]
fn a_write_to_a_proc_file_shows_without_events() {
    alone("virtual_files::a_write_to_a_proc_file_shows_without_events", As::Itself, || {
        let watcher = text(FileWatcher::builder("/proc/self/comm").events(false).poll_interval(POLL));
        for number in 1..=10 {
            let name = format!("name-{number}");
            std::fs::write("/proc/self/comm", &name).expect("write");
            eventually(&name, || watcher.get().is_ok_and(|content| content.trim() == name));
        }
    });
}

#[test]
fn a_proc_file_is_polled_although_the_poll_is_off() {
    let watcher = text(FileWatcher::builder(UUID).poll_interval(Duration::MAX));
    assert!(polls(&watcher), "{watcher:?}");
    eventually("three contents", || watcher.version() >= 3);
}

#[test]
fn a_sys_file_says_that_it_is_polled() {
    let watcher = text(FileWatcher::builder("/sys/kernel/uevent_seqnum"));
    watcher.get().expect("content").trim().parse::<u64>().expect("a number");
    assert!(polls(&watcher), "{watcher:?}");
}

#[test]
fn events_return_when_the_path_leads_to_a_regular_file() {
    let dir = Dir::new();
    let (path, regular, next) = (dir.path("link"), dir.write("regular", "1"), dir.path("next"));
    symlink(UUID, &path).expect("link");
    let watcher = text(FileWatcher::builder(&path).poll_interval(Duration::MAX));
    assert!(polls(&watcher), "{watcher:?}");
    symlink(&regular, &next).expect("link");
    std::fs::rename(&next, &path).expect("switch");
    eventually("the other content", || *watcher.get().expect("content") == "1");
    eventually("events", || watcher.status().mode == Mode::Events);
}
