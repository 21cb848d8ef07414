//! The directories that a batch has open.

use std::fs::File;
use std::sync::Arc;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::super::{FileState, OpenDirectories, Replacement};
use super::rerun::{rerun, shared_directory};
use super::{Fixture, TestFile};

fn prepared(file: &TestFile, directories: &mut OpenDirectories) -> Replacement {
    let state = &mut FileState::default();
    Replacement::prepare(file.target(), b"x", state, directories).unwrap().expect("it is new")
}

/// Leaves three descriptors: for a directory, a temporary file, and one more while a directory is
/// opened. The others are taken until the result is dropped.
#[must_use]
fn leave_three_descriptors() -> Vec<File> {
    setrlimit(Resource::Nofile, Rlimit { current: Some(64), maximum: Some(64) }).unwrap();
    let mut taken: Vec<_> = (0..64).map_while(|_| File::open("/dev/null").ok()).collect();
    taken.truncate(taken.len() - 3);
    taken
}

#[test]
fn files_of_one_directory_share_it() {
    let fixture = Fixture::new();
    let mut directories = OpenDirectories::default();
    let [one, other, elsewhere] = ["one", "other", "below/elsewhere"].map(|name| {
        let file = TestFile::new(fixture.beside(name));
        let replacement = prepared(&file, &mut directories);
        replacement.put_in_place(file.target(), b"x", &mut FileState::default()).unwrap()
    });
    assert!(Arc::ptr_eq(&one, &other) && !Arc::ptr_eq(&one, &elsewhere));
    assert_eq!(one.path(), fixture.directory.path());
}

#[test]
fn few_descriptors_are_enough_for_many_directories() {
    let Some(directory) = shared_directory() else {
        let fixture = Fixture::new();
        rerun(
            "directories::few_descriptors_are_enough_for_many_directories",
            &["env"],
            fixture.directory.path(),
        );
        assert_eq!(fixture.names().len(), 40);
        return;
    };
    let _taken = leave_three_descriptors();
    let mut directories = OpenDirectories::default();
    for index in 0..40 {
        let file = TestFile::new(directory.join(format!("{index}/dest")));
        let replacement = prepared(&file, &mut directories);
        replacement.put_in_place(file.target(), b"x", &mut FileState::default()).unwrap();
    }
}

#[test]
fn an_error_says_that_descriptors_have_run_out() {
    if shared_directory().is_none() {
        let fixture = Fixture::new();
        rerun("directories::an_error_says_that_descriptors_have_run_out", &["env"], fixture.directory.path());
        return;
    }
    let fixture = Fixture::new();
    let (first, second) = (TestFile::new(fixture.beside("a/dest")), TestFile::new(fixture.beside("b/dest")));
    let _taken = leave_three_descriptors();
    let mut directories = OpenDirectories::default();
    let held = prepared(&first, &mut directories);
    let mut state = FileState::default();
    let error = Replacement::prepare(second.target(), b"x", &mut state, &mut directories).unwrap_err();
    assert!(error.is_out_of_descriptors(), "{error}");
    drop(held);
    prepared(&second, &mut directories);
}
