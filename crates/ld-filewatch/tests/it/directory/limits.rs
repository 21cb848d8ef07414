//! What a directory may not hold, and options that cannot work.

use std::fs;
use std::os::unix::fs::symlink;

use ld_filewatch::{DirectoryWatcher, Error, Files};

use super::{builder, contents, holds};
use crate::kit::{Dir, eventually, replace};
use crate::scenarios::{case::How, scenarios};

scenarios! {
    too_much_is_an_error_and_the_last_value_stays
    an_error_names_the_file_that_was_rejected
    something_else_in_the_place_is_an_error
    a_link_without_a_target_is_an_error_until_it_appears
}

fn too_much_is_an_error_and_the_last_value_stays(how: How) {
    let dir = Dir::new();
    dir.write("a", "1");
    let watcher = builder(how, &dir.path("")).max_files(2).max_size(10).build(contents).unwrap();
    let fails = |text: &str| {
        let failed = || watcher.last_error().is_some_and(|error| error.to_string().ends_with(text));
        eventually(text, failed);
        assert!(holds(&watcher, &[("a", "1")]), "{watcher:?}");
    };
    replace(&dir.path("b"), "0123456789");
    fails("larger than the limit of 10 bytes");
    replace(&dir.path("c"), "");
    fails("more than 2 files");
    fs::remove_file(dir.path("b")).unwrap();
    eventually("few enough", || holds(&watcher, &[("a", "1"), ("c", "")]));
    assert!(watcher.last_error().is_none());
}

fn an_error_names_the_file_that_was_rejected(how: How) {
    let dir = Dir::new();
    fs::create_dir(dir.path("eu")).unwrap();
    dir.write("eu/limit", "10");
    let sum = |files: Files<'_>| files.iter().map(|file| Ok(file.parse(|n| Ok(n.parse::<u32>()?))?)).sum();
    let watcher = builder::<u32>(how, &dir.path("")).build(sum).unwrap();
    let fails = |text: &str| {
        let failed = || watcher.last_error().is_some_and(|error| error.to_string().ends_with(text));
        eventually(text, failed);
        assert_eq!(*watcher.get().unwrap(), 10);
    };
    replace(&dir.path("eu/limit"), "x");
    fails(": cannot be parsed: eu/limit: invalid digit found in string");
    replace(&dir.path("eu/limit"), b"1\xff");
    fails(": cannot be parsed: eu/limit: invalid utf-8 sequence of 1 bytes from index 1");
}

fn something_else_in_the_place_is_an_error(how: How) {
    let dir = Dir::new();
    let root = dir.write("root", "");
    let watcher = builder(how, &root).build(contents).unwrap();
    let error = watcher.last_error().unwrap().to_string();
    assert!(error.ends_with("root: not a directory but a regular file"), "{error}");
    fs::remove_file(&root).unwrap();
    fs::create_dir(&root).unwrap();
    eventually("an empty directory", || holds(&watcher, &[]));
}

fn a_link_without_a_target_is_an_error_until_it_appears(how: How) {
    let dir = Dir::new();
    fs::create_dir(dir.path("root")).unwrap();
    symlink(dir.path("target"), dir.path("root/link")).unwrap();
    let watcher = builder(how, &dir.path("root")).build(contents).unwrap();
    let error = watcher.last_error().unwrap().to_string();
    assert!(error.ends_with("root/link: the file does not exist"), "{error}");
    replace(&dir.path("target"), "1");
    eventually("the target", || holds(&watcher, &[("link", "1")]));
}

#[test]
fn a_glob_that_cannot_be_read_or_match_is_refused() {
    for glob in ["a**", "", "/a/*"] {
        let refused = DirectoryWatcher::builder("/tmp").glob(glob).build(contents);
        let Err(Error::InvalidOption { reason, .. }) = refused else { panic!("{glob:?}: {refused:?}") };
        assert!(reason.starts_with("glob: "), "{glob:?}: {reason}");
    }
}
