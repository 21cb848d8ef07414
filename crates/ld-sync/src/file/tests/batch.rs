//! Many destinations at a time.

use std::cell::Cell;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};

use ld_config::NodeConfig;
use rustix::io::Errno;

use super::super::batch::Batch;
use super::super::{FileError, Outcome, Target};
use super::{Room, apply_batch, chain, names, target, write};

#[test]
fn one_bad_destination_does_not_stop_the_others() {
    let room = Room::new();
    fs::create_dir(room.beside("b")).unwrap();
    let targets: Vec<_> = ["a", "b", "c"].map(|name| target(room.beside(name))).into();
    let results = apply_batch(&targets.iter().map(|target| (target, &b"x"[..])).collect::<Vec<_>>());
    assert_eq!(results.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
}

#[test]
fn more_directories_than_are_held_open_all_get_their_files() {
    let room = Room::new();
    let targets: Vec<_> =
        (0..200).map(|index| target(room.beside(&format!("d{}/f{index}", index % 150)))).collect();
    let contents: Vec<_> = (0..200).map(|index| index.to_string()).collect();
    let jobs: Vec<_> =
        targets.iter().zip(&contents).map(|(target, content)| (target, content.as_bytes())).collect();
    assert!(apply_batch(&jobs).iter().all(Result::is_ok));
    for (target, content) in targets.iter().zip(&contents) {
        assert_eq!(fs::read_to_string(&target.path).unwrap(), *content);
    }
}

#[test]
fn directories_that_are_closed_early_are_flushed_first() {
    let room = Room::new();
    let flushes = Cell::new(0);
    let mut batch = Batch::new(|_: &_| {
        flushes.set(flushes.get() + 1);
        Ok(())
    });
    let targets: Vec<_> = (0..150).map(|index| target(room.beside(&format!("{index}/dest")))).collect();
    for target in &targets {
        batch.apply(write(target, b"x"));
    }
    assert!(batch.finish().iter().all(Result::is_ok));
    assert_eq!(flushes.get(), 150);
}

#[test]
fn each_directory_is_flushed_once_and_only_for_files_that_want_it() {
    let room = Room::new();
    let flushes = Cell::new(0);
    let mut batch = Batch::new(|_: &_| {
        flushes.set(flushes.get() + 1);
        Ok(())
    });
    let targets = [("a/1", true), ("a/2", true), ("b/1", true), ("c/1", false)].map(|(name, fsync)| {
        Target::from(&NodeConfig { fsync, ..NodeConfig::new("n", "/n", room.beside(name)) })
    });
    for target in &targets {
        batch.apply(write(target, b"x"));
    }
    assert!(batch.finish().iter().all(Result::is_ok));
    assert_eq!(flushes.get(), 2);
}

#[test]
fn a_directory_that_cannot_be_flushed_fails_what_was_replaced_and_that_is_written_anew() {
    let room = Room::new();
    let unchanged = target(room.beside("unchanged"));
    assert!(apply_batch(&[(&unchanged, b"same")])[0].is_ok());

    let mut batch = Batch::new(|_: &_| Err(Errno::IO));
    batch.apply(write(&room.target, b"new"));
    batch.apply(write(&unchanged, b"same"));
    let results = batch.finish();
    let text = chain(results[0].as_ref().unwrap_err());
    assert!(text.contains("cannot flush the directory") && text.contains("Input/output error"), "{text}");
    assert_eq!(results[1].as_ref().unwrap().outcome, Outcome::Unchanged);

    room.replace(b"new");
    assert_eq!(room.apply(b"new").unwrap().outcome, Outcome::Unchanged);
}

#[test]
fn what_stands_where_nothing_was_expected_is_treated_as_ever() {
    let room = Room::new();
    let names = ["missing", "same", "other", "link", "directory"];
    let targets = names.map(|name| target(room.beside(name)));
    let [missing, same, other, link, directory] = &targets;
    assert!(apply_batch(&[(same, b"new"), (other, b"old")]).iter().all(Result::is_ok));
    let inode = fs::metadata(&same.path).unwrap().ino();
    symlink("victim", &link.path).unwrap();
    fs::create_dir(&directory.path).unwrap();

    // After the first, which is missing, nothing is expected where the others go.
    let results = apply_batch(&[missing, same, other, link, directory].map(|target| (target, &b"new"[..])));
    let outcomes = results.iter().map(|result| result.as_ref().ok().map(|applied| applied.outcome));
    let (replaced, unchanged) = (Some(Outcome::Replaced), Some(Outcome::Unchanged));
    assert_eq!(outcomes.collect::<Vec<_>>(), [replaced, unchanged, replaced, replaced, None]);
    assert!(matches!(results[4], Err(FileError::DirectoryInTheWay(_))));
    assert_eq!(fs::metadata(&same.path).unwrap().ino(), inode, "it was right");
    for target in [missing, same, other, link] {
        assert_eq!(fs::read(&target.path).unwrap(), b"new");
        assert!(fs::symlink_metadata(&target.path).unwrap().is_file());
    }
    assert!(!room.beside("victim").exists() && directory.path.is_dir());
    room.assert_no_strays();
}

#[test]
fn files_wait_for_each_other_only_up_to_a_limit() {
    let room = Room::new();
    let mut batch = Batch::new(|_: &_| Ok(()));
    let targets: Vec<_> = (0..3).map(|index| target(room.beside(&format!("dest{index}")))).collect();
    let half = vec![b'x'; 600 << 10];
    batch.apply(write(&targets[0], &half));
    assert_eq!(names(room.directory.path()).len(), 1);
    assert!(!targets[0].path.exists(), "it waits for others");
    batch.apply(write(&targets[1], &half));
    assert_eq!(names(room.directory.path()), ["dest0", "dest1"]);
    batch.apply(write(&targets[2], b"x"));
    assert!(batch.finish().iter().all(Result::is_ok));
    room.assert_no_strays();
    assert!(targets[2].path.exists());
}
