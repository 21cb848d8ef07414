//! What a sweep takes, and what it leaves.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::super::temp_names::tag;
use super::super::{FileError, Sweep, sweep};
use super::rerun::{rerun_as_nobody, shared_directory};
use super::{Fixture, NOBODY, is_root};

/// The name of a temporary file of `dest`.
fn stray(dest: &Path, random: u64) -> PathBuf {
    let name = format!(".live-data.{:016x}.{random:016x}", tag(dest).unwrap());
    dest.parent().unwrap().join(name)
}

fn sweep_one(dest: &Path, owner: Option<u32>) -> Sweep {
    sweep(dest.parent().unwrap(), &[(dest, owner)])
}

fn give_away(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o400)).unwrap();
    chown(path, Some(1234), None).unwrap();
}

#[test]
fn stray_files_of_all_destinations_go() {
    let fixture = Fixture::new();
    let dests: Vec<_> = (0..300).map(|index| fixture.beside(&format!("dest{index}"))).collect();
    for dest in &dests {
        fs::write(stray(dest, 1), "half").unwrap();
        fs::write(stray(dest, 2), "").unwrap();
    }
    fs::write(fixture.path(), "kept").unwrap();
    let destinations: Vec<_> = dests.iter().map(|dest| (dest.as_path(), None)).collect();
    let sweep = sweep(fixture.directory.path(), &destinations);
    assert_eq!((sweep.removed.len(), sweep.failed.len()), (600, 0));
    assert!(!sweep.is_incomplete);
    assert_eq!(fixture.names(), ["dest"]);
}

#[test]
fn stray_files_in_memory_go_too() {
    let mut fixture = Fixture::below(Path::new("/dev/shm"));
    let directory = super::Directory::open(fixture.directory.path()).unwrap();
    assert!(directory.in_memory, "mount a tmpfs at /dev/shm");
    fixture.replace(b"content");
    fs::write(stray(fixture.path(), 1), "half").unwrap();
    let sweep = sweep_one(fixture.path(), None);
    assert_eq!(sweep.removed, [stray(fixture.path(), 1)], "{:?}", sweep.failed);
    assert_eq!(fixture.names(), ["dest"]);
}

#[test]
fn planted_files_are_removed_up_to_a_limit() {
    let fixture = Fixture::below(Path::new("/dev/shm"));
    for random in 0..20_100 {
        fs::write(stray(fixture.path(), random), "").unwrap();
    }
    let first = sweep_one(fixture.path(), None);
    assert_eq!((first.removed.len(), first.failed.len()), (20_000, 0));
    assert!(first.is_incomplete);
    let second = sweep_one(fixture.path(), None);
    assert_eq!((second.removed.len(), second.is_incomplete), (100, false));
}

#[test]
fn a_temporary_file_of_this_process_stays() {
    let mut fixture = Fixture::new();
    let replacement = fixture.prepared(b"x");
    let sweep = sweep_one(fixture.path(), None);
    assert!(sweep.removed.is_empty() && sweep.failed.is_empty(), "{sweep:?}");
    replacement.put_in_place(fixture.file.target(), b"x", &mut fixture.state).unwrap();
    assert_eq!(fixture.names(), ["dest"]);
}

#[test]
fn a_file_that_another_process_has_locked_is_a_failure() {
    let fixture = Fixture::new();
    for operation in [FlockOperation::LockShared, FlockOperation::LockExclusive] {
        fs::write(stray(fixture.path(), 1), "half").unwrap();
        let locked = File::open(stray(fixture.path(), 1)).unwrap();
        flock(&locked, operation).unwrap();
        let sweep = sweep_one(fixture.path(), None);
        assert_eq!((sweep.removed.len(), sweep.failed.len()), (0, 1));
        let text = sweep.failed[0].to_string();
        assert!(text.contains("/.live-data.") && text.contains("is locked by another process"), "{text}");
        // Not only closed: a child that another test just started may have a copy of the
        // descriptor.
        flock(&locked, FlockOperation::Unlock).unwrap();
        assert_eq!(sweep_one(fixture.path(), None).removed.len(), 1);
    }
}

#[test]
fn what_is_not_exactly_ours_stays() {
    let fixture = Fixture::new();
    let ours = format!("{:016x}", tag(fixture.path()).unwrap());
    let other = format!("{:016x}", tag(&fixture.beside("not configured")).unwrap());
    let keep = [
        format!(".live-data.{ours}.0123456789abcde"),
        format!(".live-data.{ours}.0123456789abcdef0"),
        format!(".live-data.{ours}.0123456789ABCDEF"),
        format!(".live-data.{ours}.0123456789abcdeg"),
        format!(".live-data.{ours}"),
        format!("live-data.{ours}.0123456789abcdef"),
        format!(".live-data.{other}.0123456789abcdef"),
        "dest.tmp".to_owned(),
    ];
    for name in &keep {
        fs::write(fixture.beside(name), "").unwrap();
    }
    fs::create_dir(stray(fixture.path(), 1)).unwrap();
    symlink("dest.tmp", stray(fixture.path(), 2)).unwrap();
    let before = fixture.names();
    let sweep = sweep_one(fixture.path(), None);
    assert!(sweep.removed.is_empty() && sweep.failed.is_empty(), "{sweep:?}");
    assert_eq!(fixture.names(), before);
}

#[test]
fn only_files_of_ours_or_of_the_owner_go() {
    if !is_root() {
        return;
    }
    let fixture = Fixture::new();
    for (random, user) in [(1, 0), (2, 1234), (3, NOBODY)] {
        fs::write(stray(fixture.path(), random), "").unwrap();
        chown(stray(fixture.path(), random), Some(user), None).unwrap();
    }
    assert_eq!(sweep_one(fixture.path(), Some(1234)).removed.len(), 2);
    assert!(stray(fixture.path(), 3).exists(), "another user's file");
}

#[test]
fn a_missing_directory_is_nothing_to_report() {
    let fixture = Fixture::new();
    fs::write(fixture.beside("file"), "").unwrap();
    for dest in ["missing/dest", "file/dest"] {
        let sweep = sweep_one(&fixture.beside(dest), None);
        assert!(sweep.removed.is_empty() && sweep.failed.is_empty(), "{sweep:?}");
    }
}

#[test]
fn files_given_away_go_unless_they_are_in_use() {
    if let Some(directory) = shared_directory() {
        let dest = directory.join("dest");
        let sweep = sweep_one(&dest, Some(1234));
        assert_eq!(sweep.removed, [stray(&dest, 1)], "{:?}", sweep.failed);
        assert!(matches!(&sweep.failed[..], [FileError::Locked(path)] if *path == stray(&dest, 2)));
        return;
    }
    if is_root() {
        let fixture = Fixture::new();
        chown(fixture.directory.path(), Some(NOBODY), None).unwrap();
        for random in [1, 2] {
            fs::write(stray(fixture.path(), random), "").unwrap();
            give_away(&stray(fixture.path(), random));
        }
        let used = File::open(stray(fixture.path(), 2)).unwrap();
        flock(&used, FlockOperation::NonBlockingLockExclusive).unwrap();
        let test = "sweep::files_given_away_go_unless_they_are_in_use";
        rerun_as_nobody(test, "+chown,+fowner", fixture.directory.path());
    }
}
