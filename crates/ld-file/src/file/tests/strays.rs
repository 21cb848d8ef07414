//! Temporary files while a directory lets none go.

use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::io::Errno;

use super::super::system::{Call, injected::with_answer};
use super::super::{FileUnderCheck, remove};
use super::{Fixture, is_root};

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
fn write_in_vain(fixture: &mut Fixture) {
    let text = fixture.write(b"x").unwrap_err().to_string();
    assert!(text.contains("cannot replace") && text.contains("Operation not permitted"), "{text}");
    for _ in 0..5 {
        let text = fixture.write(b"x").unwrap_err().to_string();
        assert!(text.contains("cannot remove the temporary file"), "{text}");
        assert!(text.contains("/.live-data.") && text.contains("Operation not permitted"), "{text}");
        assert!(FileUnderCheck::write(fixture.path(), b"x").is_err());
        assert_eq!(fixture.strays().len(), 1);
    }
}

#[test]
fn an_append_only_directory_gets_one_temporary_file() {
    let mut fixture = Fixture::new();
    let append_only = if is_root() { AppendOnly::new(fixture.directory.path()) } else { None };
    if append_only.is_none() {
        eprintln!("chattr +a is refused here: not tested");
        return;
    }
    write_in_vain(&mut fixture);
    drop(append_only);
    fixture.replace(b"x");
}

#[test]
fn a_refused_rename_and_unlink_leave_one_temporary_file() {
    let mut fixture = Fixture::new();
    let refused = Err(Errno::PERM);
    with_answer(Call::Rename, refused, || with_answer(Call::Unlink, refused, || write_in_vain(&mut fixture)));
    fixture.replace(b"x");
}

#[test]
fn a_file_under_check_that_cannot_be_removed_stays_the_only_one() {
    let mut fixture = Fixture::new();
    with_answer(Call::Unlink, Err(Errno::PERM), || {
        assert!(FileUnderCheck::write(fixture.path(), b"x").is_ok());
        for _ in 0..3 {
            assert!(FileUnderCheck::write(fixture.path(), b"x").is_err());
            assert!(fixture.write(b"x").is_err());
            assert_eq!(fixture.strays().len(), 1);
        }
    });
    fixture.replace(b"x");
}

#[test]
fn a_refused_rename_leaves_nothing_where_unlink_works() {
    let mut fixture = Fixture::new();
    fixture.replace(b"old");
    for error in [Errno::PERM, Errno::ACCESS, Errno::NOSPC, Errno::DQUOT] {
        assert!(with_answer(Call::Rename, Err(error), || fixture.write(b"new")).is_err());
        fixture.assert_holds(b"old");
        assert!(fixture.verify().is_ok(), "the old file is still known");
    }
    fixture.replace(b"new");
}

#[test]
fn a_stray_that_was_removed_by_others_is_forgotten() {
    let mut fixture = Fixture::new();
    with_answer(Call::Unlink, Err(Errno::PERM), || drop(fixture.prepared(b"x")));
    std::fs::remove_file(&fixture.strays()[0]).unwrap();
    fixture.replace(b"x");
}

#[test]
fn a_stray_goes_after_the_cause_is_gone_without_a_new_write() {
    let mut fixture = Fixture::new();
    fixture.replace(b"old");
    let leave_stray = |fixture: &mut Fixture| {
        with_answer(Call::Unlink, Err(Errno::PERM), || drop(fixture.prepared(b"new")));
        assert_eq!(fixture.strays().len(), 1);
    };
    leave_stray(&mut fixture);
    assert!(fixture.verify().is_ok());
    fixture.assert_holds(b"old");
    leave_stray(&mut fixture);
    assert!(fixture.write(b"old").is_ok(), "unchanged");
    fixture.assert_holds(b"old");
    leave_stray(&mut fixture);
    assert!(remove(fixture.file.target(), &mut fixture.state).unwrap());
    assert_eq!(fixture.names(), Vec::<String>::new());
}
