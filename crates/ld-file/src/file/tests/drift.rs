//! What counts as drift, and what is said of it.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, FileType, Mode, XattrFlags, getxattr, mknodat, removexattr, setxattr};

use super::super::{Depth, Drift, FileError, OpenDirectories, verify};
use super::{Fixture, NOBODY, Outcome, TestFile, inode, is_root, wait_for_tick};

/// A way to spoil a file.
type Spoil = fn(&Fixture);

/// The ways in which others can change the file without root, and what is said then.
const SPOILS: [(&str, Spoil); 12] = [
    ("the file is missing", |fixture| fs::remove_file(fixture.path()).unwrap()),
    ("the file was replaced by another one: 7 bytes, mtime 20", |fixture| {
        fs::write(fixture.beside("other"), "content").unwrap();
        fs::rename(fixture.beside("other"), fixture.path()).unwrap();
    }),
    ("the file grew from 7 to 8 bytes: 8 bytes, mtime 20", |fixture| {
        File::options().append(true).open(fixture.path()).unwrap().write_all(b"!").unwrap();
    }),
    ("the file was truncated from 7 to 0 bytes: 0 bytes, mtime 20", |fixture| {
        File::create(fixture.path()).unwrap();
    }),
    ("the file was written to: 7 bytes, mtime 20", |fixture| fs::write(fixture.path(), "CONTENT").unwrap()),
    ("the file was written to: 7 bytes, mtime 20", |fixture| {
        let before = fs::metadata(fixture.path()).unwrap().modified().unwrap();
        fs::write(fixture.path(), "CONTENT").unwrap();
        File::open(fixture.path()).unwrap().set_modified(before).unwrap();
    }),
    ("the file has mode 0604 instead of 0600: 7 bytes, mtime 20", |fixture| {
        fs::set_permissions(fixture.path(), fs::Permissions::from_mode(0o604)).unwrap();
    }),
    ("the file has 2 names instead of 1: 7 bytes, mtime 20", |fixture| {
        fs::hard_link(fixture.path(), fixture.beside("other")).unwrap();
    }),
    ("there is a symlink instead of a regular file", |fixture| {
        fs::rename(fixture.path(), fixture.beside("other")).unwrap();
        symlink("other", fixture.path()).unwrap();
    }),
    ("there is a directory instead of a regular file", |fixture| {
        fs::remove_file(fixture.path()).unwrap();
        fs::create_dir(fixture.path()).unwrap();
    }),
    ("there is a FIFO instead of a regular file", |fixture| {
        fs::remove_file(fixture.path()).unwrap();
        mknodat(CWD, fixture.path(), FileType::Fifo, Mode::RUSR, 0).unwrap();
    }),
    ("the file was truncated from 7 to 4 bytes, has mode 0400 instead of 0600: 4 bytes", |fixture| {
        fs::write(fixture.path(), "cont").unwrap();
        fs::set_permissions(fixture.path(), fs::Permissions::from_mode(0o400)).unwrap();
    }),
];

/// A fixture with a written file that is older than any later change.
fn fixture() -> Fixture {
    let mut fixture = Fixture::new();
    fixture.file.mode = 0o600;
    fixture.replace(b"content");
    wait_for_tick(fixture.path());
    fixture
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
    let mut fixture = fixture();
    assert!(fixture.verify().is_ok());
    assert_eq!(fixture.write(b"content").unwrap(), Outcome::Unchanged);
    assert!(fixture.verify().is_ok());
}

#[test]
fn every_change_by_others_is_drift_and_says_what_it_was() {
    for (expected, spoil) in SPOILS {
        let mut fixture = fixture();
        spoil(&fixture);
        let before = fs::symlink_metadata(fixture.path()).map(|found| found.modified().unwrap()).ok();
        for result in [fixture.verify(), fixture.touch()] {
            let Err(FileError::Drift(drift)) = result else { panic!("{expected}: {result:?}") };
            assert!(drift.to_string().starts_with(expected), "{drift}");
        }
        let after = fs::symlink_metadata(fixture.path()).map(|found| found.modified().unwrap()).ok();
        assert_eq!(after, before, "{expected}: touched");
    }
}

#[test]
fn another_owner_is_drift_that_names_both() {
    if !is_root() {
        return;
    }
    let mut fixture = fixture();
    chown(fixture.path(), Some(NOBODY), Some(1234)).unwrap();
    let text = fixture.verify().unwrap_err().to_string();
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
        let mut fixture = Fixture::below(Path::new("/dev/shm"));
        fixture.file.mode = 0o600;
        fixture.replace(b"content");
        fs::write(fixture.path(), "edited by hand").unwrap();
        set_mtime(fixture.path(), seconds);
        let text = fixture.verify().unwrap_err().to_string();
        assert_eq!(text, format!("the file grew from 7 to 14 bytes: 14 bytes, mtime {expected}"));
    }
    let mut fixture = fixture();
    fs::write(fixture.path(), "edited by hand").unwrap();
    let before_1970 = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    File::open(fixture.path()).unwrap().set_modified(before_1970).unwrap();
    let text = fixture.verify().unwrap_err().to_string();
    assert!(text.ends_with("mtime -1 seconds since 1970"), "{text}");
}

#[test]
fn a_mere_touch_is_not_drift() {
    for check in [Fixture::verify, Fixture::touch] {
        let mut fixture = fixture();
        let before = inode(fixture.path());
        set_mtime(fixture.path(), 99);
        check(&mut fixture).unwrap();
        assert!(fixture.verify().is_ok() && fixture.touch().is_ok());
        assert_eq!(fixture.write(b"content").unwrap(), Outcome::Unchanged);
        assert_eq!(inode(fixture.path()), before);
        fs::write(fixture.path(), "CONTENT").unwrap();
        assert!(check(&mut fixture).is_err(), "a later write is drift");
    }
}

#[test]
fn an_acl_is_drift_and_is_restored_by_replacing() {
    let mut fixture = fixture();
    fixture.file.mode = 0o640;
    fixture.replace(b"content");
    wait_for_tick(fixture.path());
    // The mode is as before: only the ACL lets another user read.
    set_acl(fixture.path(), "system.posix_acl_access");
    for result in [fixture.verify(), fixture.touch()] {
        let text = result.unwrap_err().to_string();
        assert!(text.starts_with("the file has another POSIX ACL than it was written with: 7"), "{text}");
    }
    assert!(!super::super::compare(fixture.file.target(), b"content", &mut fixture.state).unwrap());
    fixture.replace(b"content");
    assert!(getxattr(fixture.path(), "system.posix_acl_access", &mut [0; 100]).is_err());
    assert!(fixture.verify().is_ok());

    // Together with the mode.
    fixture.file.mode = 0o600;
    fixture.replace(b"content");
    set_acl(fixture.path(), "system.posix_acl_access");
    let text = fixture.verify().unwrap_err().to_string();
    assert!(text.starts_with("the file has mode 0640 instead of 0600, has another POSIX ACL"), "{text}");
}

#[test]
fn an_acl_that_new_files_get_there_is_not_drift() {
    for place in ["/tmp", "/dev/shm"] {
        let mut fixture = Fixture::below(Path::new(place));
        fixture.file.mode = 0o640;
        set_acl(fixture.directory.path(), "system.posix_acl_default");
        fixture.replace(b"content");
        assert!(getxattr(fixture.path(), "system.posix_acl_access", &mut [0; 100]).is_ok());
        let before = inode(fixture.path());
        wait_for_tick(fixture.path());
        set_mtime(fixture.path(), 99);
        assert!(fixture.verify().is_ok() && fixture.touch().is_ok(), "{place}");
        assert_eq!(fixture.write_after_restart(b"content").unwrap(), Outcome::Unchanged, "{place}");
        assert_eq!(inode(fixture.path()), before);

        wait_for_tick(fixture.path());
        removexattr(fixture.path(), "system.posix_acl_access").unwrap();
        assert!(fixture.verify().is_err(), "{place}: the file has lost the ACL");
        assert_eq!(fixture.write(b"content").unwrap(), Outcome::Replaced);
    }
}

#[test]
fn a_file_that_was_never_written_is_drift() {
    let mut fixture = Fixture::new();
    fs::write(fixture.path(), "content").unwrap();
    for result in [fixture.verify(), fixture.touch()] {
        assert!(matches!(result, Err(FileError::Drift(Drift::NotWritten))));
    }
}

#[test]
fn files_are_told_apart_by_their_directories() {
    let (mut one, mut other) = (fixture(), fixture());
    fs::write(other.path(), "edited by hand").unwrap();
    let mut directories = OpenDirectories::default();
    for is_other in [false, false, true, true, false, true, false, false] {
        let fixture = if is_other { &mut other } else { &mut one };
        let result = verify(fixture.file.target(), Depth::Content, &mut fixture.state, &mut directories);
        assert_eq!(result.is_err(), is_other);
    }
}

#[test]
fn a_directory_that_is_gone_or_another_is_drift() {
    let mut fixture = Fixture::new();
    let nested = fixture.beside("nested");
    fixture.file = TestFile::new(nested.join("dest"));
    fixture.replace(b"content");
    assert!(fixture.verify().is_ok());
    fs::rename(&nested, fixture.beside("away")).unwrap();
    assert!(matches!(fixture.verify(), Err(FileError::Drift(Drift::Missing))));
    assert!(matches!(fixture.touch(), Err(FileError::Drift(Drift::Missing))));
    fs::create_dir(&nested).unwrap();
    fs::write(nested.join("dest"), "content").unwrap();
    let text = fixture.verify().unwrap_err().to_string();
    assert!(text.starts_with("the file was replaced by another one"), "{text}");
    fs::remove_dir_all(&nested).unwrap();
    symlink(fixture.beside("away"), &nested).unwrap();
    assert!(fixture.verify().is_ok(), "a directory may be a link");
}
