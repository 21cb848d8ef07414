//! The heartbeat.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, chown, symlink};
use std::time::{Duration, SystemTime};

use super::super::{Depth, Drift, FileError, FileState, OpenDirectories, touch, verify};
use super::rerun::{rerun_as_nobody, shared_directory};
use super::{Fixture, NOBODY, Outcome, TestFile, is_root, user, write};

#[test]
fn a_touch_sets_the_mtime_to_now_and_nothing_else() {
    let mut fixture = Fixture::new();
    fixture.replace(b"content");
    let file = File::open(fixture.path()).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    let before = file.metadata().unwrap();
    let start = SystemTime::now() - Duration::from_secs(1);
    fixture.touch().unwrap();
    fixture.assert_holds(b"content");
    let found = fs::metadata(fixture.path()).unwrap();
    assert!(found.modified().unwrap() >= start);
    let others = |found: &fs::Metadata| (found.ino(), found.size(), found.uid(), found.gid(), found.atime());
    assert_eq!(others(&found), others(&before));
    assert!(fixture.verify().is_ok() && fixture.touch().is_ok());
}

#[test]
fn two_watchers_that_touch_one_file_see_no_drift() {
    let mut fixture = Fixture::new();
    fixture.replace(b"content");
    let (file, mut other) = (fixture.file.clone(), FileState::default());
    assert_eq!(write(&file, b"content", &mut other).unwrap(), Outcome::Unchanged);
    for _ in 0..10 {
        fixture.touch().unwrap();
        touch(file.target(), &mut other, || true).unwrap();
        fixture.verify().unwrap();
        verify(file.target(), Depth::Content, &mut other, &mut OpenDirectories::default()).unwrap();
    }
}

#[test]
fn a_watcher_touches_a_file_that_it_may_not_read() {
    if let Some(directory) = shared_directory() {
        let file = TestFile::new(directory.join("dest"));
        let mut state = FileState::default();
        write(&file.of(user(1234)), b"content", &mut state).unwrap();
        assert!(File::open(&file.dest).is_err(), "it may be read");
        touch(file.target(), &mut state, || true).unwrap();
        verify(file.target(), Depth::Content, &mut state, &mut OpenDirectories::default()).unwrap();
        fs::remove_file(&file.dest).unwrap();
        symlink("/etc/hostname", &file.dest).unwrap();
        assert!(matches!(
            touch(file.target(), &mut state, || true),
            Err(FileError::Drift(Drift::NotAFile("a symlink")))
        ));
        return;
    }
    if is_root() {
        let fixture = Fixture::new();
        chown(fixture.directory.path(), Some(NOBODY), None).unwrap();
        let test = "touch::a_watcher_touches_a_file_that_it_may_not_read";
        rerun_as_nobody(test, "+chown,+fowner", fixture.directory.path());
    }
}

#[test]
fn a_proof_that_grew_old_on_the_way_sets_no_mtime() {
    let mut fixture = Fixture::new();
    fixture.replace(b"content");
    let before = fs::metadata(fixture.path()).unwrap().modified().unwrap();
    assert!(!touch(fixture.file.target(), &mut fixture.state, || false).unwrap());
    assert_eq!(fs::metadata(fixture.path()).unwrap().modified().unwrap(), before);
    fs::remove_file(fixture.path()).unwrap();
    let asked = || panic!("nothing is left to be touched");
    assert!(matches!(
        touch(fixture.file.target(), &mut fixture.state, asked),
        Err(FileError::Drift(Drift::Missing))
    ));
}
