//! What counts as drift, and what is said of it.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, FileType, Mode, XattrFlags, getxattr, mknodat, removexattr, setxattr};

use super::super::{Depth, Drift, FileError, OpenDirectories, verify};
use super::{NOBODY, Outcome, Room, TestFile, inode, is_root, wait_for_tick};

/// A way to spoil a file.
type Spoil = fn(&Room);

/// The ways in which others can change the file without root, and what is said then.
const SPOILS: [(&str, Spoil); 12] = [
    ("the file is missing", |room| fs::remove_file(room.path()).unwrap()),
    ("the file was replaced by another one: 7 bytes, mtime 20", |room| {
        fs::write(room.beside("other"), "content").unwrap();
        fs::rename(room.beside("other"), room.path()).unwrap();
    }),
    ("the file grew from 7 to 8 bytes: 8 bytes, mtime 20", |room| {
        File::options().append(true).open(room.path()).unwrap().write_all(b"!").unwrap();
    }),
    ("the file was truncated from 7 to 0 bytes: 0 bytes, mtime 20", |room| {
        File::create(room.path()).unwrap();
    }),
    ("the file was written to: 7 bytes, mtime 20", |room| fs::write(room.path(), "CONTENT").unwrap()),
    ("the file was written to: 7 bytes, mtime 20", |room| {
        let before = fs::metadata(room.path()).unwrap().modified().unwrap();
        fs::write(room.path(), "CONTENT").unwrap();
        File::open(room.path()).unwrap().set_modified(before).unwrap();
    }),
    ("the file has mode 0604 instead of 0600: 7 bytes, mtime 20", |room| {
        fs::set_permissions(room.path(), fs::Permissions::from_mode(0o604)).unwrap();
    }),
    ("the file has 2 names instead of 1: 7 bytes, mtime 20", |room| {
        fs::hard_link(room.path(), room.beside("other")).unwrap();
    }),
    ("there is a symlink instead of a regular file", |room| {
        fs::rename(room.path(), room.beside("other")).unwrap();
        symlink("other", room.path()).unwrap();
    }),
    ("there is a directory instead of a regular file", |room| {
        fs::remove_file(room.path()).unwrap();
        fs::create_dir(room.path()).unwrap();
    }),
    ("there is a FIFO instead of a regular file", |room| {
        fs::remove_file(room.path()).unwrap();
        mknodat(CWD, room.path(), FileType::Fifo, Mode::RUSR, 0).unwrap();
    }),
    ("the file was truncated from 7 to 4 bytes, has mode 0400 instead of 0600: 4 bytes", |room| {
        fs::write(room.path(), "cont").unwrap();
        fs::set_permissions(room.path(), fs::Permissions::from_mode(0o400)).unwrap();
    }),
];

/// A room with a written file that is older than any later change.
fn room() -> Room {
    let mut room = Room::new();
    room.file.mode = 0o600;
    room.replace(b"content");
    wait_for_tick(room.path());
    room
}

fn set_mtime(path: &Path, seconds: u64) {
    let file = File::open(path).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
}

/// An ACL that lets the user `NOBODY` read, with mode 0640 as `stat` shows it.
fn acl() -> Vec<u8> {
    let entries = [(0x01, 6, u32::MAX), (0x02, 4, NOBODY), (0x04, 0, u32::MAX), (0x10, 4, u32::MAX)];
    let mut value = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries.into_iter().chain([(0x20, 0, u32::MAX)]) {
        value.extend(u16::to_le_bytes(tag));
        value.extend(u16::to_le_bytes(permissions));
        value.extend(id.to_le_bytes());
    }
    value
}

fn set_acl(path: &Path, name: &str) {
    setxattr(path, name, &acl(), XattrFlags::empty()).unwrap();
}

#[test]
fn a_file_as_it_was_written_shows_no_drift() {
    let mut room = room();
    assert!(room.verify().is_ok());
    assert_eq!(room.write(b"content").unwrap(), Outcome::Unchanged);
    assert!(room.verify().is_ok());
}

#[test]
fn every_change_by_others_is_drift_and_says_what_it_was() {
    for (expected, spoil) in SPOILS {
        let mut room = room();
        spoil(&room);
        let before = fs::symlink_metadata(room.path()).map(|found| found.modified().unwrap()).ok();
        for result in [room.verify(), room.touch()] {
            let Err(FileError::Drift(drift)) = result else { panic!("{expected}: {result:?}") };
            assert!(drift.to_string().starts_with(expected), "{drift}");
        }
        let after = fs::symlink_metadata(room.path()).map(|found| found.modified().unwrap()).ok();
        assert_eq!(after, before, "{expected}: touched");
    }
}

#[test]
fn another_owner_is_drift_that_names_both() {
    if !is_root() {
        return;
    }
    let mut room = room();
    chown(room.path(), Some(NOBODY), Some(1234)).unwrap();
    let text = room.verify().unwrap_err().to_string();
    assert!(text.starts_with("the file has owner 65534:1234 instead of 0:0: 7 bytes"), "{text}");
}

#[test]
fn a_time_is_shown_as_utc_text_whatever_it_is() {
    for (seconds, expected) in [
        (99, "1970-01-01T00:01:39Z"),
        (1_764_380_800, "2025-11-29T01:46:40Z"),
        (253_402_300_800, "253402300800 seconds since 1970"),
    ] {
        // tmpfs keeps all of them.
        let mut room = Room::below(Path::new("/dev/shm"));
        room.file.mode = 0o600;
        room.replace(b"content");
        fs::write(room.path(), "edited by hand").unwrap();
        set_mtime(room.path(), seconds);
        let text = room.verify().unwrap_err().to_string();
        assert_eq!(text, format!("the file grew from 7 to 14 bytes: 14 bytes, mtime {expected}"));
    }
    let mut room = room();
    fs::write(room.path(), "edited by hand").unwrap();
    let before_1970 = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    File::open(room.path()).unwrap().set_modified(before_1970).unwrap();
    let text = room.verify().unwrap_err().to_string();
    assert!(text.ends_with("mtime -1 seconds since 1970"), "{text}");
}

#[test]
fn a_mere_touch_is_not_drift() {
    for check in [Room::verify, Room::touch] {
        let mut room = room();
        let before = inode(room.path());
        set_mtime(room.path(), 99);
        check(&mut room).unwrap();
        assert!(room.verify().is_ok() && room.touch().is_ok());
        assert_eq!(room.write(b"content").unwrap(), Outcome::Unchanged);
        assert_eq!(inode(room.path()), before);
        fs::write(room.path(), "CONTENT").unwrap();
        assert!(check(&mut room).is_err(), "a later write is drift");
    }
}

#[test]
fn an_acl_is_drift_and_is_restored_by_replacing() {
    let mut room = room();
    room.file.mode = 0o640;
    room.replace(b"content");
    wait_for_tick(room.path());
    // The mode is as before: only the ACL lets another user read.
    set_acl(room.path(), "system.posix_acl_access");
    for result in [room.verify(), room.touch()] {
        let text = result.unwrap_err().to_string();
        assert!(text.starts_with("the file has another POSIX ACL than it was written with: 7"), "{text}");
    }
    assert!(!super::super::compare(room.file.target(), b"content", &mut room.state).unwrap());
    room.replace(b"content");
    assert!(getxattr(room.path(), "system.posix_acl_access", &mut [0; 100]).is_err());
    assert!(room.verify().is_ok());

    // Together with the mode.
    room.file.mode = 0o600;
    room.replace(b"content");
    set_acl(room.path(), "system.posix_acl_access");
    let text = room.verify().unwrap_err().to_string();
    assert!(text.starts_with("the file has mode 0640 instead of 0600, has another POSIX ACL"), "{text}");
}

#[test]
fn an_acl_that_new_files_get_there_is_not_drift() {
    for place in ["/tmp", "/dev/shm"] {
        let mut room = Room::below(Path::new(place));
        room.file.mode = 0o640;
        set_acl(room.directory.path(), "system.posix_acl_default");
        room.replace(b"content");
        assert!(getxattr(room.path(), "system.posix_acl_access", &mut [0; 100]).is_ok());
        let before = inode(room.path());
        wait_for_tick(room.path());
        set_mtime(room.path(), 99);
        assert!(room.verify().is_ok() && room.touch().is_ok(), "{place}");
        assert_eq!(room.write_after_restart(b"content").unwrap(), Outcome::Unchanged, "{place}");
        assert_eq!(inode(room.path()), before);

        wait_for_tick(room.path());
        removexattr(room.path(), "system.posix_acl_access").unwrap();
        assert!(room.verify().is_err(), "{place}: the file has lost the ACL");
        assert_eq!(room.write(b"content").unwrap(), Outcome::Replaced);
    }
}

#[test]
fn a_file_that_was_never_written_is_drift() {
    let mut room = Room::new();
    fs::write(room.path(), "content").unwrap();
    for result in [room.verify(), room.touch()] {
        assert!(matches!(result, Err(FileError::Drift(Drift::NotWritten))));
    }
}

#[test]
fn files_are_told_apart_by_their_directories() {
    let (mut one, mut other) = (room(), room());
    fs::write(other.path(), "edited by hand").unwrap();
    let mut directories = OpenDirectories::default();
    for is_other in [false, false, true, true, false, true, false, false] {
        let room = if is_other { &mut other } else { &mut one };
        let result = verify(room.file.target(), Depth::Content, &mut room.state, &mut directories);
        assert_eq!(result.is_err(), is_other);
    }
}

#[test]
fn a_directory_that_is_gone_or_another_is_drift() {
    let mut room = Room::new();
    let nested = room.beside("nested");
    room.file = TestFile::new(nested.join("dest"));
    room.replace(b"content");
    assert!(room.verify().is_ok());
    fs::rename(&nested, room.beside("away")).unwrap();
    assert!(matches!(room.verify(), Err(FileError::Drift(Drift::Missing))));
    assert!(matches!(room.touch(), Err(FileError::Drift(Drift::Missing))));
    fs::create_dir(&nested).unwrap();
    fs::write(nested.join("dest"), "content").unwrap();
    let text = room.verify().unwrap_err().to_string();
    assert!(text.starts_with("the file was replaced by another one"), "{text}");
    fs::remove_dir_all(&nested).unwrap();
    symlink(room.beside("away"), &nested).unwrap();
    assert!(room.verify().is_ok(), "a directory may be a link");
}
