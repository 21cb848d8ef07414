//! Owner, group and mode.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

use rustix::io::Errno;

use super::super::system::{
    Call,
    injected::{with_answer, with_effect},
};
use super::super::{FileError, FileState, Owner, compare};
use super::rerun::{rerun_as_nobody, shared_directory};
use super::{Fixture, NOBODY, Outcome, TestFile, inode, is_root, names, user, write};

#[test]
fn the_mode_is_exact_whatever_the_umask() {
    let mut fixture = Fixture::new();
    for mode in [0o666, 0o777, 0o400, 0o4755, 0o2750, 0o1644] {
        fixture.file.mode = mode;
        fixture.replace(format!("{mode:o}").as_bytes());
    }
    fixture.file.mode = 0;
    fixture.write(b"unreadable").unwrap();
    assert_eq!(fs::metadata(fixture.path()).unwrap().mode() & 0o7777, 0);
}

#[test]
fn a_file_with_another_mode_is_replaced_not_changed() {
    let mut fixture = Fixture::new();
    for mode in [0o644, 0o000] {
        fixture.replace(b"same");
        fs::set_permissions(fixture.path(), fs::Permissions::from_mode(mode)).unwrap();
        let before = inode(fixture.path());
        assert_eq!(fixture.write(b"same").unwrap(), Outcome::Replaced);
        assert_ne!(inode(fixture.path()), before);
        assert_eq!(fs::metadata(fixture.path()).unwrap().mode() & 0o7777, 0o400);
        fs::remove_file(fixture.path()).unwrap();
    }
}

#[test]
fn owner_and_group_are_set_each_by_itself() {
    if !is_root() {
        return;
    }
    let mut fixture = Fixture::new();
    for (owner, group) in [(Some(NOBODY), None), (None, Some(NOBODY)), (Some(65533), Some(65532))] {
        fixture.file.owner = Owner { user: owner, group };
        fixture.file.mode = 0o4750;
        fixture.replace(b"owned");
        let found = fs::metadata(fixture.path()).unwrap();
        assert_eq!((found.uid(), found.gid()), (owner.unwrap_or(0), group.unwrap_or(0)));
        assert_eq!(fixture.write_after_restart(b"owned").unwrap(), Outcome::Unchanged);
    }
}

#[test]
fn a_file_of_another_owner_is_replaced_not_chowned() {
    if !is_root() {
        return;
    }
    let mut fixture = Fixture::new();
    fixture.replace(b"same");
    let before = inode(fixture.path());
    chown(fixture.path(), Some(NOBODY), None).unwrap();
    fixture.replace(b"same");
    assert_eq!(fs::metadata(fixture.path()).unwrap().uid(), 0);
    assert_ne!(inode(fixture.path()), before);
}

#[test]
fn a_file_in_a_directory_that_sets_the_group_is_left_alone() {
    if !is_root() {
        return;
    }
    let mut fixture = Fixture::new();
    chown(fixture.directory.path(), None, Some(NOBODY)).unwrap();
    fs::set_permissions(fixture.directory.path(), fs::Permissions::from_mode(0o2755)).unwrap();
    fixture.replace(b"same");
    assert_eq!(fs::metadata(fixture.path()).unwrap().gid(), NOBODY);
    assert_eq!(fixture.write_after_restart(b"same").unwrap(), Outcome::Unchanged);
}

#[test]
fn fewer_mode_bits_than_asked_are_written_and_accepted() {
    for answer in [Ok(()), Err(Errno::PERM), Err(Errno::NOSYS), Err(Errno::OPNOTSUPP)] {
        let mut fixture = Fixture::new();
        fixture.file.mode = 0o444;
        // The file keeps the mode that it is created with, 0400.
        with_answer(Call::Chmod, answer, || {
            assert_eq!(fixture.write(b"content").unwrap(), Outcome::Replaced);
            let before = inode(fixture.path());
            assert_eq!(fs::metadata(fixture.path()).unwrap().mode() & 0o7777, 0o400);
            assert!(fixture.verify().is_ok() && fixture.touch().is_ok());
            assert_eq!(fixture.write(b"content").unwrap(), Outcome::Unchanged);
            assert!(compare(fixture.file.target(), b"content", &mut fixture.state).unwrap());
            assert_eq!(fixture.write_after_restart(b"content").unwrap(), Outcome::Unchanged, "{answer:?}");
            assert_eq!(inode(fixture.path()), before);
            assert!(fixture.strays().is_empty());
        });
        // The file system has learned modes.
        assert_eq!(fixture.write_after_restart(b"content").unwrap(), Outcome::Replaced);
        fixture.assert_holds(b"content");
    }
}

#[test]
fn a_mode_that_does_not_take_is_warned_of_once_a_file() {
    let mut state = FileState::default();
    assert!(!state.grant_mode(0o444, 0o444));
    assert!(state.grant_mode(0o400, 0o444));
    assert!(!state.grant_mode(0o400, 0o444));
    state.forget();
    assert!(!state.grant_mode(0o400, 0o444));
    assert!(!state.grant_mode(0o444, 0o444));
    assert!(state.grant_mode(0o400, 0o444));
}

#[test]
fn more_mode_bits_than_asked_are_an_error_and_not_published() {
    let mut fixture = Fixture::new();
    fixture.replace(b"old");
    let directory = fixture.directory.path().to_owned();
    for answer in [Ok(()), Err(Errno::PERM)] {
        let directory = directory.clone();
        // The file system has one mode for all files, as vfat does.
        let widen = move || {
            let temp = names(&directory).into_iter().find(|name| name.starts_with('.')).unwrap();
            fs::set_permissions(directory.join(temp), fs::Permissions::from_mode(0o755)).unwrap();
            answer
        };
        fixture.file.mode = 0o444;
        let error = with_effect(Call::Chmod, widen, || fixture.write(b"secret").unwrap_err().to_string());
        assert!(error.contains("mode 0755 instead of 0444, so its content is not published"), "{error}");
        fixture.file.mode = 0o400;
        fixture.assert_holds(b"old");
    }
}

#[test]
fn a_broken_chmod_is_that_files_error() {
    let mut fixture = Fixture::new();
    fixture.file.mode = 0o444;
    let text = with_answer(Call::Chmod, Err(Errno::IO), || fixture.write(b"x").unwrap_err().to_string());
    assert!(text.contains("cannot set the mode of") && text.contains("Input/output error"), "{text}");
    assert!(fixture.names().is_empty());
    fixture.replace(b"x");
}

#[test]
fn a_group_bit_that_the_kernel_drops_is_fewer_bits() {
    if let Some(directory) = shared_directory() {
        // Without CAP_FSETID, chmod drops the set-group-ID bit of a file in a foreign group.
        let mut file = TestFile::new(directory.join("dest"));
        file.mode = 0o2750;
        let owner = Owner { user: None, group: Some(1234) };
        assert_eq!(write(&file.of(owner), b"x", &mut FileState::default()).unwrap(), Outcome::Replaced);
        assert_eq!(fs::metadata(&file.dest).unwrap().mode() & 0o7777, 0o750);
        assert_eq!(write(&file.of(owner), b"x", &mut FileState::default()).unwrap(), Outcome::Unchanged);
        return;
    }
    if is_root() {
        let fixture = Fixture::new();
        chown(fixture.directory.path(), Some(NOBODY), None).unwrap();
        let test = "attributes::a_group_bit_that_the_kernel_drops_is_fewer_bits";
        rerun_as_nobody(test, "+chown", fixture.directory.path());
    }
}

#[test]
fn a_watcher_needs_no_capability_for_its_own_files() {
    if let Some(directory) = shared_directory() {
        let file = TestFile::new(directory.join("dest"));
        let mut state = FileState::default();
        assert_eq!(write(&file.of(user(NOBODY)), b"mine", &mut state).unwrap(), Outcome::Replaced);
        let text = write(&file.of(user(0)), b"mine", &mut state).unwrap_err().to_string();
        assert!(text.contains("cannot set the owner of") && text.contains("lacks CAP_CHOWN"), "{text}");
        return;
    }
    if is_root() {
        let fixture = Fixture::new();
        chown(fixture.directory.path(), Some(NOBODY), None).unwrap();
        let test = "attributes::a_watcher_needs_no_capability_for_its_own_files";
        rerun_as_nobody(test, "-chown", fixture.directory.path());
        fixture.assert_holds(b"mine");
    }
}

#[test]
fn the_mode_of_another_users_file_takes_cap_fowner() {
    if let Some(directory) = shared_directory() {
        let mut file = TestFile::new(directory.join("dest"));
        file.mode = 0o444;
        let error = write(&file.of(user(1234)), b"x", &mut FileState::default()).unwrap_err();
        assert!(matches!(error, FileError::MissingCapability { capability: "CAP_FOWNER", .. }), "{error}");
        return;
    }
    if is_root() {
        let fixture = Fixture::new();
        chown(fixture.directory.path(), Some(NOBODY), None).unwrap();
        let test = "attributes::the_mode_of_another_users_file_takes_cap_fowner";
        rerun_as_nobody(test, "+chown", fixture.directory.path());
        assert_eq!(fixture.names(), Vec::<String>::new());
    }
}

#[test]
fn a_file_that_the_watcher_may_not_read_is_replaced() {
    if let Some(directory) = shared_directory() {
        let file = TestFile::new(directory.join("dest"));
        let write = || write(&file.of(user(1234)), b"same", &mut FileState::default()).unwrap();
        assert_eq!(write(), Outcome::Replaced);
        assert!(fs::File::open(&file.dest).is_err(), "it may be read");
        assert_eq!(write(), Outcome::Replaced);
        return;
    }
    if is_root() {
        let fixture = Fixture::new();
        chown(fixture.directory.path(), Some(NOBODY), None).unwrap();
        let test = "attributes::a_file_that_the_watcher_may_not_read_is_replaced";
        rerun_as_nobody(test, "+chown,+fowner", fixture.directory.path());
        fixture.assert_holds(b"same");
        assert_eq!(fs::metadata(fixture.path()).unwrap().uid(), 1234);
    }
}
