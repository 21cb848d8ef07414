//! What a sweep takes, and what it leaves.

use std::fs::{self, File};
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rustix::fs::{FlockOperation, flock};

use super::super::directory::Directory;
use super::super::sweep;
use super::super::temp::{Temp, tag};
use super::rerun::{rerun_as_nobody, shared_directory};
use super::{NOBODY, Room, dressed, is_root, names, target, target_of};

/// The name of a temporary file of `destination`.
fn stray(destination: &Path, random: u64) -> PathBuf {
    let name = format!(".live-data.{:016x}.{random:016x}", tag(destination).unwrap());
    destination.parent().unwrap().join(name)
}

#[test]
fn stray_files_of_all_destinations_go() {
    let room = Room::new();
    let targets: Vec<_> = (0..300).map(|index| target(room.beside(&format!("dest{index}")))).collect();
    for target in &targets {
        fs::write(stray(&target.path, 1), "half").unwrap();
        fs::write(stray(&target.path, 2), "").unwrap();
    }
    fs::write(room.path(), "kept").unwrap();
    let sweep = sweep(&targets);
    assert_eq!((sweep.removed.len(), sweep.failures.len()), (600, 0));
    assert_eq!(names(room.directory.path()), ["dest"]);
}

#[test]
fn stray_files_in_memory_go_too() {
    let room = Room::below(Path::new("/dev/shm"));
    assert!(Directory::open(room.directory.path()).unwrap().in_memory, "mount a tmpfs at /dev/shm");
    room.replace(b"content");
    fs::write(stray(room.path(), 1), "half").unwrap();
    let sweep = sweep([&room.target]);
    assert_eq!((sweep.removed.len(), sweep.failures.len()), (1, 0), "{:?}", sweep.failures);
    assert_eq!(names(room.directory.path()), ["dest"]);
}

#[test]
fn a_tag_is_that_of_the_absolute_path_and_the_same_in_every_release() {
    assert_eq!(tag(Path::new("/a/dest")).unwrap(), 0xd446_8931_2a55_fc1e);
    let here = std::env::current_dir().unwrap();
    for path in ["a", "./a", "a//b", "a/./b"] {
        assert_eq!(
            tag(Path::new(path)).unwrap(),
            tag(&std::path::absolute(path).unwrap()).unwrap(),
            "{path}"
        );
        let spelt = here.as_os_str().to_str().unwrap().to_owned() + "/" + path;
        assert_eq!(tag(Path::new(path)).unwrap(), tag(Path::new(&spelt)).unwrap(), "{path}");
    }
    assert_ne!(
        tag(Path::new("/a/../dest")).unwrap(),
        tag(Path::new("/dest")).unwrap(),
        "a link is not followed"
    );
}

#[test]
fn a_temporary_file_in_use_stays_and_ends_up_in_place() {
    let room = Room::new();
    let directory = Rc::new(Directory::open(room.directory.path()).unwrap());
    let temp = dressed(&directory, room.path());
    assert!(sweep([&room.target]).removed.is_empty());
    temp.put_in_place("dest".as_ref(), room.path()).unwrap();
    assert_eq!(names(room.directory.path()), ["dest"]);
}

#[test]
fn a_temporary_file_that_is_given_up_is_removed_at_once() {
    let room = Room::new();
    let directory = Rc::new(Directory::open(room.directory.path()).unwrap());
    drop(Temp::create(&directory, room.path(), 0o400).unwrap());
    assert_eq!(names(room.directory.path()), Vec::<String>::new());
}

#[test]
fn what_is_not_exactly_ours_stays() {
    let room = Room::new();
    let tag = format!("{:016x}", tag(room.path()).unwrap());
    let other = tag_of_another(&room);
    let keep = [
        format!(".live-data.{tag}.0123456789abcde"),
        format!(".live-data.{tag}.0123456789abcdef0"),
        format!(".live-data.{tag}.0123456789ABCDEF"),
        format!(".live-data.{tag}.0123456789abcdeg"),
        format!(".live-data.{tag}"),
        format!("live-data.{tag}.0123456789abcdef"),
        format!(".live-data.{other}.0123456789abcdef"),
        "dest.tmp".to_owned(),
    ];
    for name in &keep {
        fs::write(room.beside(name), "").unwrap();
    }
    fs::create_dir(stray(room.path(), 1)).unwrap();
    symlink("dest.tmp", stray(room.path(), 2)).unwrap();
    let before = names(room.directory.path());
    let sweep = sweep([&room.target]);
    assert!(sweep.removed.is_empty() && sweep.failures.is_empty(), "{:?}", sweep.failures);
    assert_eq!(names(room.directory.path()), before);
}

fn tag_of_another(room: &Room) -> String {
    format!("{:016x}", tag(&room.beside("not configured")).unwrap())
}

#[test]
fn only_files_of_ours_or_of_the_owner_go() {
    if !is_root() {
        return;
    }
    let room = Room::new();
    let owned = target_of(1234, room.path().to_owned());
    for (random, user) in [(1, 0), (2, 1234), (3, NOBODY)] {
        fs::write(stray(room.path(), random), "").unwrap();
        chown(stray(room.path(), random), Some(user), None).unwrap();
    }
    assert_eq!(sweep([&owned]).removed.len(), 2);
    assert!(stray(room.path(), 3).exists(), "somebody else's file is not ours to remove");
}

#[test]
fn a_missing_directory_is_nothing_to_report_and_a_closed_one_is() {
    let room = Room::new();
    let missing = target(room.beside("missing/dest"));
    fs::write(room.beside("file"), "").unwrap();
    let below_file = target(room.beside("file/dest"));
    let sweep = sweep([&missing, &below_file]);
    assert!(sweep.removed.is_empty() && sweep.failures.is_empty(), "{:?}", sweep.failures);
}

#[test]
fn an_unprivileged_watcher_sweeps_files_that_it_gave_away_unless_they_are_in_use() {
    if let Some(directory) = shared_directory() {
        let target = target_of(1234, directory.join("dest"));
        let sweep = sweep([&target]);
        assert_eq!(sweep.removed, [stray(&target.path, 1)], "{:?}", sweep.failures);
        return;
    }
    if is_root() {
        let room = Room::new();
        chown(room.directory.path(), Some(NOBODY), None).unwrap();
        for random in [1, 2] {
            fs::write(stray(room.path(), random), "").unwrap();
            give_away(&stray(room.path(), random));
        }
        let used = File::open(stray(room.path(), 2)).unwrap();
        flock(&used, FlockOperation::NonBlockingLockExclusive).unwrap();
        let test = "sweep::an_unprivileged_watcher_sweeps_files_that_it_gave_away_unless_they_are_in_use";
        rerun_as_nobody(test, "+chown,+fowner", room.directory.path());
    }
}

fn give_away(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o400)).unwrap();
    chown(path, Some(1234), None).unwrap();
}
