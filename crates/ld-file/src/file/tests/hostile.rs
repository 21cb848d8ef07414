//! What others may have put where the file belongs, and what they may do while it is written.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};

use super::super::{FileError, remove};
use super::{Fixture, NOBODY, Outcome, is_root, names, user};

/// A way to change a file.
type Change = fn(&Path);

fn poison(path: &Path) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(b"poison").unwrap();
}

#[test]
fn a_symlink_is_replaced_and_its_target_left_alone() {
    let mut fixture = Fixture::new();
    let victim = fixture.beside("victim");
    fs::write(&victim, "same").unwrap();
    for link in ["victim", "nowhere", "dest", "."] {
        let _ = fs::remove_file(fixture.path());
        symlink(link, fixture.path()).unwrap();
        fixture.replace(b"same");
    }
    assert_eq!(fs::read(&victim).unwrap(), b"same");
    assert!(!fixture.beside("nowhere").exists());
}

#[test]
fn a_second_name_of_the_file_keeps_the_old_content() {
    let mut fixture = Fixture::new();
    fixture.replace(b"same");
    fs::hard_link(fixture.path(), fixture.beside("other")).unwrap();
    fixture.replace(b"same");
    fixture.replace(b"new");
    assert_eq!(fs::read(fixture.beside("other")).unwrap(), b"same");
}

#[test]
fn a_fifo_is_replaced_or_removed_unopened() {
    let mut fixture = Fixture::new();
    let make = |fixture: &Fixture| {
        mknodat(CWD, fixture.path(), FileType::Fifo, Mode::from_raw_mode(0o400), 0).unwrap()
    };
    make(&fixture);
    fixture.replace(b"");
    fs::remove_file(fixture.path()).unwrap();
    make(&fixture);
    assert!(remove(fixture.file.target(), &mut fixture.state).unwrap());
}

#[test]
fn a_socket_is_never_replaced_or_removed() {
    let mut fixture = Fixture::new();
    let _socket = UnixListener::bind(fixture.path()).unwrap();
    let text = fixture.write(b"x").unwrap_err().to_string();
    assert!(text.contains("dest is a socket, which is never replaced or removed"), "{text}");
    assert!(matches!(remove(fixture.file.target(), &mut fixture.state), Err(FileError::SpecialFile { .. })));
    assert_eq!(names(fixture.directory.path()), ["dest"]);
    assert!(fs::symlink_metadata(fixture.path()).unwrap().file_type().is_socket());
}

#[test]
fn a_device_is_never_replaced_or_removed() {
    if !is_root() {
        return;
    }
    let mut fixture = Fixture::new();
    for (kind, name) in [(FileType::CharacterDevice, "character"), (FileType::BlockDevice, "block")] {
        // Like /dev/null and like the first loop device.
        let device = if name == "block" { makedev(7, 0) } else { makedev(1, 3) };
        mknodat(CWD, fixture.path(), kind, Mode::from_raw_mode(0o600), device).unwrap();
        let text = fixture.write(b"x").unwrap_err().to_string();
        assert!(text.contains(&format!("dest is a {name} device, which is never replaced")), "{text}");
        assert!(matches!(
            remove(fixture.file.target(), &mut fixture.state),
            Err(FileError::SpecialFile { .. })
        ));
        assert!(!fs::symlink_metadata(fixture.path()).unwrap().is_file());
        fs::remove_file(fixture.path()).unwrap();
    }
    fixture.replace(b"x");
}

#[test]
fn a_directory_is_never_removed() {
    let mut fixture = Fixture::new();
    fs::create_dir(fixture.path()).unwrap();
    assert!(matches!(fixture.write(b"x"), Err(FileError::DirectoryInTheWay(path)) if path == fixture.path()));
    assert!(matches!(
        remove(fixture.file.target(), &mut fixture.state),
        Err(FileError::DirectoryInTheWay(_))
    ));
    assert_eq!(fixture.names(), ["dest"]);
    fs::remove_dir(fixture.path()).unwrap();
    fixture.replace(b"x");
}

#[test]
fn a_removal_takes_the_file_or_the_link_and_nothing_behind_it() {
    let mut fixture = Fixture::new();
    assert!(!remove(fixture.file.target(), &mut fixture.state).unwrap());
    fixture.replace(b"x");
    assert!(remove(fixture.file.target(), &mut fixture.state).unwrap());
    assert!(!fixture.state.is_known());
    fs::write(fixture.beside("victim"), "kept").unwrap();
    symlink("victim", fixture.path()).unwrap();
    assert!(remove(fixture.file.target(), &mut fixture.state).unwrap());
    assert_eq!(fixture.names(), ["victim"]);
}

#[test]
fn a_removal_below_a_missing_directory_creates_nothing() {
    let mut fixture = Fixture::new();
    fixture.file.dest = fixture.beside("a/b/dest");
    assert!(!remove(fixture.file.target(), &mut fixture.state).unwrap());
    assert_eq!(fixture.names(), Vec::<String>::new());
}

#[test]
fn a_directory_swapped_after_it_was_opened_redirects_nothing() {
    let mut fixture = Fixture::new();
    fs::create_dir(fixture.beside("real")).unwrap();
    fs::create_dir(fixture.beside("trap")).unwrap();
    fixture.file.dest = fixture.beside("real/dest");
    let replacement = fixture.prepared(b"x");
    fs::rename(fixture.beside("real"), fixture.beside("moved")).unwrap();
    symlink("trap", fixture.beside("real")).unwrap();
    replacement.put_in_place(fixture.file.target(), b"x", &mut fixture.state).unwrap();
    assert_eq!(names(&fixture.beside("trap")), Vec::<String>::new());
    assert_eq!(names(&fixture.beside("moved")), ["dest"]);
}

#[test]
fn a_temporary_file_that_was_swapped_is_an_error() {
    for planted in [true, false] {
        let mut fixture = Fixture::new();
        let replacement = fixture.prepared(b"good");
        let temp = fixture.strays().remove(0);
        fs::remove_file(&temp).unwrap();
        if planted {
            fs::write(&temp, "poison").unwrap();
        }
        let result = replacement.put_in_place(fixture.file.target(), b"good", &mut fixture.state);
        assert!(matches!(result, Err(FileError::Interference(_))));
        assert!(!fixture.state.is_known());
        fixture.replace(b"good");
    }
}

#[test]
fn a_temporary_file_with_a_second_name_is_an_error() {
    for second in ["dest", "elsewhere"] {
        let mut fixture = Fixture::new();
        let replacement = fixture.prepared(b"good");
        fs::hard_link(&fixture.strays()[0], fixture.beside(second)).unwrap();
        let result = replacement.put_in_place(fixture.file.target(), b"good", &mut fixture.state);
        assert!(matches!(result, Err(FileError::Interference(_))));
        assert!(!fixture.state.is_known());
        fixture.replace(b"good");
    }
}

#[test]
fn a_file_changed_just_before_the_rename_is_not_taken_for_ours() {
    let changes: [Change; 2] =
        [|file| fs::set_permissions(file, fs::Permissions::from_mode(0o666)).unwrap(), poison];
    for change in changes {
        let mut fixture = Fixture::new();
        let replacement = fixture.prepared(b"good");
        change(&fixture.strays()[0]);
        let result = replacement.put_in_place(fixture.file.target(), b"good", &mut fixture.state);
        assert!(matches!(result, Err(FileError::Interference(_))));
        assert!(!fixture.state.is_known());
        fixture.replace(b"good");
    }
}

#[test]
fn a_file_forged_by_its_owner_before_the_rename_is_an_error() {
    if !is_root() {
        return;
    }
    for directory in ["/tmp", "/dev/shm"] {
        let mut fixture = Fixture::below(Path::new(directory));
        fixture.file.owner = user(NOBODY);
        let replacement = fixture.prepared(b"good");
        // The same length: only times and content differ.
        File::options().write(true).open(&fixture.strays()[0]).unwrap().write_all(b"evil").unwrap();
        let result = replacement.put_in_place(fixture.file.target(), b"good", &mut fixture.state);
        assert!(matches!(result, Err(FileError::Interference(_))), "{directory}");
        assert!(!fixture.state.is_known());
        assert!(fixture.touch().is_err(), "no heartbeat");
        assert_eq!(fixture.write(b"good").unwrap(), Outcome::Replaced);
        fixture.assert_holds(b"good");
        assert!(fixture.touch().is_ok());
    }
}

#[test]
fn a_file_forged_by_its_owner_without_a_trace_is_drift() {
    if !is_root() {
        return;
    }
    let mut fixture = Fixture::new();
    fixture.file.owner = user(NOBODY);
    fixture.replace(b"good");
    assert!(fixture.verify().is_ok() && fixture.touch().is_ok());
    // Takes over the times of the forged file, as if a write through a shared mapping had left
    // none.
    File::options().write(true).open(fixture.path()).unwrap().write_all(b"evil").unwrap();
    fixture.state.set_identity(super::look(fixture.path()));
    assert!(fixture.touch().is_ok(), "a heartbeat compares no content");
    let text = fixture.verify().unwrap_err().to_string();
    assert!(text.starts_with("the file was written to: 4 bytes"), "{text}");
    chown(fixture.path(), Some(0), None).unwrap();
}
