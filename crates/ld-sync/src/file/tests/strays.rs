//! Temporary files while a directory lets none go.

use std::path::Path;
use std::process::Command;

use rustix::io::Errno;

use super::super::system::{Call, injected::with_answer};
use super::super::{Removed, remove, with_candidate};
use super::{Room, is_root};

fn chattr(flag: &str, directory: &Path) {
    let status = Command::new("chattr").arg(flag).arg(directory).status();
    let status = status.unwrap_or_else(|error| panic!("chattr (apt-get install e2fsprogs): {error}"));
    assert!(status.success(), "chattr {flag} {}: {status}", directory.display());
}

/// Makes a directory take new files and let none go, until dropped.
struct AppendOnly(std::path::PathBuf);

impl AppendOnly {
    fn new(directory: &Path) -> Self {
        chattr("+a", directory);
        Self(directory.to_owned())
    }
}

impl Drop for AppendOnly {
    fn drop(&mut self) {
        chattr("-a", &self.0);
    }
}

#[test]
fn an_append_only_directory_gets_one_temporary_file() {
    if !is_root() {
        return;
    }
    let mut room = Room::new();
    let append_only = AppendOnly::new(room.directory.path());
    let text = room.write(b"x").unwrap_err().to_string();
    assert!(text.contains("cannot replace") && text.contains("Operation not permitted"), "{text}");
    for _ in 0..5 {
        let text = room.write(b"x").unwrap_err().to_string();
        assert!(text.contains("cannot remove the temporary file"), "{text}");
        assert!(text.contains("/.live-data.") && text.contains("Operation not permitted"), "{text}");
        assert!(with_candidate(room.path(), b"x", |_| ()).is_err());
        assert_eq!(room.strays().len(), 1);
    }
    drop(append_only);
    room.replace(b"x");
}

#[test]
fn a_candidate_that_cannot_be_removed_stays_the_only_one() {
    let mut room = Room::new();
    with_answer(Call::Unlink, Err(Errno::PERM), || {
        assert!(with_candidate(room.path(), b"x", |_| ()).is_ok());
        for _ in 0..3 {
            assert!(with_candidate(room.path(), b"x", |_| ()).is_err());
            assert!(room.write(b"x").is_err());
            assert_eq!(room.strays().len(), 1);
        }
    });
    room.replace(b"x");
}

#[test]
fn a_refused_rename_leaves_nothing_where_unlink_works() {
    let mut room = Room::new();
    room.replace(b"old");
    for error in [Errno::PERM, Errno::ACCESS, Errno::NOSPC, Errno::DQUOT] {
        assert!(with_answer(Call::Rename, Err(error), || room.write(b"new")).is_err());
        room.assert_holds(b"old");
        assert!(room.verify().is_ok(), "the old file is still known");
    }
    room.replace(b"new");
}

#[test]
fn a_stray_that_was_removed_by_others_is_forgotten() {
    let mut room = Room::new();
    with_answer(Call::Unlink, Err(Errno::PERM), || drop(room.prepared(b"x")));
    std::fs::remove_file(&room.strays()[0]).unwrap();
    room.replace(b"x");
}

#[test]
fn a_stray_goes_after_the_cause_is_gone_without_a_new_write() {
    let mut room = Room::new();
    room.replace(b"old");
    let leave_stray = |room: &mut Room| {
        with_answer(Call::Unlink, Err(Errno::PERM), || drop(room.prepared(b"new")));
        assert_eq!(room.strays().len(), 1);
    };
    leave_stray(&mut room);
    assert!(room.verify().is_ok());
    room.assert_holds(b"old");
    leave_stray(&mut room);
    assert!(room.write(b"old").is_ok(), "unchanged");
    room.assert_holds(b"old");
    leave_stray(&mut room);
    assert_eq!(remove(&room.node, &mut room.state).unwrap(), Removed::File);
    assert_eq!(room.names(), Vec::<String>::new());
}
