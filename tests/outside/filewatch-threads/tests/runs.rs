//! The program as its users see it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use filewatch_threads::{report, rules, settings, worker};
use ld_filewatch::testing::FakeFileWatcher;

const SOON: Duration = Duration::from_secs(20);

fn replace(path: &Path, content: &str) {
    let temp = path.with_extension("new");
    fs::write(&temp, content).unwrap();
    fs::rename(&temp, path).unwrap();
}

#[test]
fn workers_follow_the_file_and_the_report_ends_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("settings");
    replace(&path, "limit = 1\ngreeting = hello\n");
    let settings = settings(&path).unwrap();
    let (worker, told) = (worker(&settings), report(&settings));
    assert_eq!(worker.answer(1).unwrap().as_deref(), Some("hello!"));
    assert_eq!(worker.answer(2).unwrap(), None);

    replace(&path, "limit = 2\ngreeting = hi\n");
    settings.wait_changed(1, SOON).expect("the new settings");
    assert_eq!(worker.answer(2).unwrap().as_deref(), Some("hi!"));
    settings.close();
    assert!((1..=2).contains(&told.join().unwrap()));
}

#[test]
fn rules_of_all_files_are_one_list() {
    let dir = tempfile::tempdir().unwrap();
    replace(&dir.path().join("20.rules"), "deny all\n");
    let rules = rules(dir.path()).unwrap();
    replace(&dir.path().join("10.rules"), "allow a\nallow b\n");
    rules.wait_changed(1, SOON).expect("the new rules");
    assert_eq!(*rules.get().unwrap(), ["allow a", "allow b", "deny all"]);
}

#[test]
fn a_component_is_tested_without_a_file() {
    let fake = FakeFileWatcher::new();
    let double = fake.watcher().map(|limit: &u32| limit * 2);
    fake.set(4);
    assert_eq!(*double.get().unwrap(), 8);
}
