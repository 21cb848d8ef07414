//! Out of inotify instances or watches: fresh by polling, and back to events when they are
//! available.

use std::time::Duration;

use ld_filewatch::{FileWatcher, Mode};

use crate::child::{As, alone};
use crate::kit::{Dir, eventually, replace};

/// Sets a limit of this user namespace.
fn limit(name: &str, value: u32) {
    std::fs::write(format!("/proc/sys/user/{name}"), value.to_string()).expect("root of a user namespace");
}

fn stays_fresh(name: &str, few: u32, reason: &str) {
    let dir = Dir::new();
    std::fs::create_dir_all(dir.path("a/b/c")).expect("directories");
    let path = dir.write("a/b/c/n", "1");
    limit(name, few);
    // Polled even though the poll is off.
    let without_poll = FileWatcher::builder(&path).poll_interval(Duration::MAX);
    let watchers = [FileWatcher::builder(&path), without_poll]
        .map(|builder| builder.text(Default::default(), |text| Ok(text.parse::<u64>()?)).expect("a watcher"));
    let shows = |expected| {
        eventually("the content", || watchers.iter().all(|n| n.get().is_ok_and(|n| *n == expected)));
    };
    for watcher in &watchers {
        let Mode::Polling { reason: given } = watcher.status().mode else { panic!("{watcher:?}") };
        assert!(given.contains(reason), "{given}");
    }
    for number in 2..=3 {
        replace(&path, number.to_string());
        shows(number);
    }
    limit(name, 100);
    eventually("events again", || watchers.iter().all(|watcher| watcher.status().mode == Mode::Events));
    replace(&path, "4");
    shows(4);
}

#[test]
fn the_poll_takes_over_without_inotify_instances() {
    let name = "exhausted::the_poll_takes_over_without_inotify_instances";
    alone(name, As::OwnLimits, || stays_fresh("max_inotify_instances", 0, "no inotify instance"));
}

#[test]
fn the_poll_takes_over_without_inotify_watches() {
    let name = "exhausted::the_poll_takes_over_without_inotify_watches";
    alone(name, As::OwnLimits, || stays_fresh("max_inotify_watches", 3, "out of inotify watches"));
}
