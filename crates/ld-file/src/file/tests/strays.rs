//! Temporary files while a directory lets none go.

use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::io::Errno;

use super::super::system::{Call, injected::with_answer};
use super::super::{FileUnderCheck, remove};
use super::{Room, is_root};

/// Whether the flag is set now. Some containers and file systems refuse it.
fn chattr(flag: &str, directory: &Path) -> bool {
    let status = Command::new("chattr").arg(flag).arg(directory).status();
    status.unwrap_or_else(|error| panic!("chattr (apt-get install e2fsprogs): {error}")).success()
}

/// Makes a directory take new files and let none go, until dropped.
struct AppendOnly(PathBuf);

impl AppendOnly {
    fn new(directory: &Path) -> Option<Self> {
        chattr("+a", directory).then(|| Self(directory.to_owned()))
    }
}

impl Drop for AppendOnly {
    fn drop(&mut self) {
        chattr("-a", &self.0);
    }
}

/// Fails to write several times while the directory lets no file go.
fn write_in_vain(room: &mut Room) {
    let text = room.write(b"x").unwrap_err().to_string();
    assert!(text.contains("cannot replace") && text.contains("Operation not permitted"), "{text}");
    for _ in 0..5 {
        let text = room.write(b"x").unwrap_err().to_string();
        assert!(text.contains("cannot remove the temporary file"), "{text}");
        assert!(text.contains("/.live-data.") && text.contains("Operation not permitted"), "{text}");
        assert!(FileUnderCheck::write(room.path(), b"x").is_err());
        assert_eq!(room.strays().len(), 1);
    }
}

#[test]
fn an_append_only_directory_gets_one_temporary_file() {
    let mut room = Room::new();
    let append_only = if is_root() { AppendOnly::new(room.directory.path()) } else { None };
    if append_only.is_none() {
        eprintln!("chattr +a is refused here: not tested");
        return;
    }
    write_in_vain(&mut room);
    drop(append_only);
    room.replace(b"x");
}

#[test]
fn a_refused_rename_and_unlink_leave_one_temporary_file() {
    let mut room = Room::new();
    let refused = Err(Errno::PERM);
    with_answer(Call::Rename, refused, || with_answer(Call::Unlink, refused, || write_in_vain(&mut room)));
    room.replace(b"x");
}

#[test]
fn a_file_under_check_that_cannot_be_removed_stays_the_only_one() {
    let mut room = Room::new();
    with_answer(Call::Unlink, Err(Errno::PERM), || {
        assert!(FileUnderCheck::write(room.path(), b"x").is_ok());
        for _ in 0..3 {
            assert!(FileUnderCheck::write(room.path(), b"x").is_err());
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
    assert!(remove(room.file.target(), &mut room.state).unwrap());
    assert_eq!(room.names(), Vec::<String>::new());
}
