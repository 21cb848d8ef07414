//! Directories on the way to the file that come, go and move.

use std::fs;
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::case::{Case, How, replace, write};
use super::scenarios;
use crate::kit::Dir;

scenarios! {
    three_parent_directories_missing_at_start
    parent_deleted_and_recreated
    parent_renamed_away_and_a_new_one_in_its_place
    grandparent_replaced
    rename_exchange_of_directories
    two_paths_that_alias_one_directory
}

fn make(path: &Path, number: u64) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
    write(path, number);
}

fn three_parent_directories_missing_at_start(how: How) {
    let dir = Dir::new();
    let path = dir.path("a/b/c/file");
    let case = Case::new(how, &path);
    assert!(case.watcher().get().is_err());
    make(&path, 1);
    case.watcher().wait_available(crate::kit::DEADLINE).expect("content without a read that tries");
    replace(&path, 2);
    case.shows(2);
    case.ends_well();
}

fn parent_deleted_and_recreated(how: How) {
    let dir = Dir::new();
    let path = dir.path("a/file");
    make(&path, 1);
    let case = Case::new(how, &path);
    for number in 2..=5 {
        fs::remove_dir_all(dir.path("a")).expect("remove");
        if number % 2 == 0 {
            case.fails("does not exist", number - 1);
        }
        make(&path, number);
        case.shows(number);
    }
    replace(&path, 6);
    case.shows(6);
    case.ends_well();
}

fn parent_renamed_away_and_a_new_one_in_its_place(how: How) {
    let dir = Dir::new();
    let path = dir.path("a/file");
    make(&path, 1);
    let case = Case::new(how, &path);
    make(&dir.path("next/file"), 2);
    fs::rename(dir.path("a"), dir.path("old")).expect("rename");
    fs::rename(dir.path("next"), dir.path("a")).expect("rename");
    case.shows(2);
    // Changes in the old directory have no effect, and the new one is watched.
    write(&dir.path("old/file"), 9);
    replace(&path, 3);
    case.shows(3);
    fs::rename(dir.path("a"), dir.path("away")).expect("rename");
    fs::rename(dir.path("away"), dir.path("a")).expect("rename back");
    replace(&path, 4);
    case.shows(4);
    // The same directory is back in its place; its watch was removed when it left.
    replace(&path, 5);
    case.shows(5);
    case.ends_well();
}

fn grandparent_replaced(how: How) {
    let dir = Dir::new();
    let path = dir.path("a/b/file");
    make(&path, 1);
    let case = Case::new(how, &path);
    make(&dir.path("next/b/file"), 2);
    fs::rename(dir.path("a"), dir.path("old")).expect("rename");
    fs::rename(dir.path("next"), dir.path("a")).expect("rename");
    case.shows(2);
    replace(&path, 3);
    case.shows(3);
    case.ends_well();
}

fn rename_exchange_of_directories(how: How) {
    let dir = Dir::new();
    let (path, other) = (dir.path("a/file"), dir.path("b/file"));
    make(&path, 1);
    make(&other, 2);
    let case = Case::new(how, &path);
    for number in [2, 1, 2] {
        renameat_with(CWD, dir.path("a"), CWD, dir.path("b"), RenameFlags::EXCHANGE).expect("exchange");
        case.shows(number);
    }
    write(&other, 9);
    replace(&path, 3);
    case.shows(3);
    case.ends_well();
}

fn two_paths_that_alias_one_directory(how: How) {
    let dir = Dir::new();
    let path = dir.path("real/file");
    make(&path, 1);
    std::os::unix::fs::symlink("real", dir.path("alias")).expect("link");
    let cases = [Case::new(how, &path), Case::new(how, &dir.path("alias/file"))];
    for number in 2..=4 {
        replace(&path, number);
        cases.iter().for_each(|case| case.shows(number));
    }
    let [direct, alias] = cases;
    drop(direct);
    replace(&path, 5);
    alias.shows(5);
    alias.ends_well();
}
