//! Files and directories that come, change and go.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use super::{builder, contents, holds};
use crate::kit::{Dir, eventually, replace};
use crate::scenarios::{case::How, scenarios};

scenarios! {
    files_are_one_value_that_follows_each_change
    subdirectories_come_and_go
    a_missing_directory_appears_and_is_replaced
    links_to_files_and_directories_are_followed
    a_touched_file_is_no_change
}

fn files_are_one_value_that_follows_each_change(how: How) {
    let dir = Dir::new();
    dir.write("a.txt", "1");
    for ignored in ["b.json", ".c.txt"] {
        dir.write(ignored, "0");
    }
    let watcher = builder(how, &dir.path("")).glob("*.txt").build(contents).unwrap();
    assert!(holds(&watcher, &[("a.txt", "1")]), "{watcher:?}");
    replace(&dir.path("b.txt"), "2");
    eventually("a new file", || holds(&watcher, &[("a.txt", "1"), ("b.txt", "2")]));
    dir.write("a.txt", "3");
    eventually("a file written in place", || holds(&watcher, &[("a.txt", "3"), ("b.txt", "2")]));
    fs::rename(dir.path("b.txt"), dir.path("c.txt")).unwrap();
    eventually("a file renamed", || holds(&watcher, &[("a.txt", "3"), ("c.txt", "2")]));
    fs::remove_file(dir.path("a.txt")).unwrap();
    eventually("a file removed", || holds(&watcher, &[("c.txt", "2")]));
    fs::remove_file(dir.path("c.txt")).unwrap();
    eventually("no file", || holds(&watcher, &[]));
    assert!(watcher.last_error().is_none());
}

fn subdirectories_come_and_go(how: How) {
    let dir = Dir::new();
    let watcher = builder(how, &dir.path("")).glob("**/*.txt").build(contents).unwrap();
    assert!(holds(&watcher, &[]), "{watcher:?}");
    fs::create_dir_all(dir.path("d/e")).unwrap();
    replace(&dir.path("d/e/a.txt"), "1");
    eventually("a file two levels below", || holds(&watcher, &[("d/e/a.txt", "1")]));
    replace(&dir.path("d/e/a.txt"), "2");
    eventually("its change", || holds(&watcher, &[("d/e/a.txt", "2")]));
    fs::rename(dir.path("d"), dir.path("f")).unwrap();
    eventually("a directory renamed", || holds(&watcher, &[("f/e/a.txt", "2")]));
    replace(&dir.path("f/e/b.txt"), "3");
    eventually("a file in it", || holds(&watcher, &[("f/e/a.txt", "2"), ("f/e/b.txt", "3")]));
    fs::remove_dir_all(dir.path("f")).unwrap();
    eventually("a directory removed", || holds(&watcher, &[]));
}

fn a_missing_directory_appears_and_is_replaced(how: How) {
    let dir = Dir::new();
    let root = dir.path("parent/root");
    let watcher = builder(how, &root).build(contents).unwrap();
    let error = watcher.get().unwrap_err().to_string();
    assert!(error.ends_with("no content has been loaded yet: the file does not exist"), "{error}");
    fs::create_dir_all(&root).unwrap();
    replace(&root.join("a"), "1");
    eventually("the first content", || holds(&watcher, &[("a", "1")]));
    fs::create_dir(dir.path("next")).unwrap();
    dir.write("next/a", "2");
    fs::rename(&root, dir.path("old")).unwrap();
    eventually("that it is missing", || watcher.last_error().is_some());
    assert!(holds(&watcher, &[("a", "1")]), "the last good content stays");
    fs::rename(dir.path("next"), &root).unwrap();
    eventually("the other directory", || holds(&watcher, &[("a", "2")]));
    replace(&root.join("a"), "3");
    eventually("a change in it", || holds(&watcher, &[("a", "3")]));
}

fn links_to_files_and_directories_are_followed(how: How) {
    let dir = Dir::new();
    fs::create_dir_all(dir.path("root")).unwrap();
    fs::create_dir_all(dir.path("elsewhere/below")).unwrap();
    dir.write("elsewhere/below/a", "1");
    dir.write("single", "1");
    symlink(dir.path("elsewhere"), dir.path("root/d")).unwrap();
    symlink("../single", dir.path("root/s")).unwrap();
    let watcher = builder(how, &dir.path("root")).build(contents).unwrap();
    assert!(holds(&watcher, &[("d/below/a", "1"), ("s", "1")]), "{watcher:?}");
    replace(&dir.path("single"), "2");
    eventually("the target of a link", || holds(&watcher, &[("d/below/a", "1"), ("s", "2")]));
    replace(&dir.path("elsewhere/below/a"), "2");
    eventually("a file behind a link", || holds(&watcher, &[("d/below/a", "2"), ("s", "2")]));
    fs::remove_file(dir.path("root/d")).unwrap();
    eventually("a link removed", || holds(&watcher, &[("s", "2")]));
}

fn a_touched_file_is_no_change(how: How) {
    let dir = Dir::new();
    let path = dir.write("a", "1");
    let watcher = builder(how, &dir.path("")).build(contents).unwrap();
    let later = watcher.snapshot().unwrap().mtime + Duration::from_secs(100);
    fs::File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
    eventually("the heartbeat", || watcher.snapshot().unwrap().mtime == later);
    assert_eq!(watcher.version(), 1);
}

/// Adds 20 files one after another and expects one change.
fn add_one_after_another(prepare: fn(&Path, &Path), add: fn(&Path, &Path)) {
    const QUIET: Duration = Duration::from_millis(300);
    for _ in 0..50 {
        let dir = Dir::new();
        let root = dir.path("root");
        fs::create_dir(&root).unwrap();
        let watcher = builder(How::EventsOnly, &root).quiet_time(QUIET).build(contents).unwrap();
        let names: Vec<_> = (0..20).map(|file| file.to_string()).collect();
        names.iter().for_each(|name| prepare(&dir.path(name), &root.join(name)));
        let start = Instant::now();
        for name in &names {
            let checked = watcher.status().last_checked;
            add(&dir.path(name), &root.join(name));
            eventually("a check of the directory", || watcher.status().last_checked > checked);
        }
        let added = start.elapsed();
        eventually("all files", || watcher.get().is_ok_and(|files| files.len() == 20));
        // On a machine that is this slow there may be a pause: try again.
        if added < QUIET / 2 {
            assert_eq!(watcher.version(), 2);
            return;
        }
    }
    panic!("this machine never writes 20 files within {QUIET:?}");
}

#[test]
fn files_written_one_after_another_are_one_change() {
    add_one_after_another(|_, _| {}, |_, path| replace(path, "1"));
}

#[test]
fn old_files_moved_one_after_another_are_one_change() {
    let prepare = |spare: &Path, _: &Path| {
        fs::write(spare, "1").unwrap();
        fs::File::options().write(true).open(spare).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    };
    add_one_after_another(prepare, |spare, path| fs::rename(spare, path).unwrap());
}
