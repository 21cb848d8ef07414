//! What others may have put where the file belongs, and what they may do while it is written.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};

use super::super::{FileError, remove};
use super::{NOBODY, Outcome, Room, is_root, names, user};

/// A way to change a file.
type Change = fn(&Path);

fn poison(path: &Path) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(b"poison").unwrap();
}

#[test]
fn a_symlink_is_replaced_and_its_target_left_alone() {
    let mut room = Room::new();
    let victim = room.beside("victim");
    fs::write(&victim, "same").unwrap();
    for link in ["victim", "nowhere", "dest", "."] {
        let _ = fs::remove_file(room.path());
        symlink(link, room.path()).unwrap();
        room.replace(b"same");
    }
    assert_eq!(fs::read(&victim).unwrap(), b"same");
    assert!(!room.beside("nowhere").exists());
}

#[test]
fn a_second_name_of_the_file_keeps_the_old_content() {
    let mut room = Room::new();
    room.replace(b"same");
    fs::hard_link(room.path(), room.beside("other")).unwrap();
    room.replace(b"same");
    room.replace(b"new");
    assert_eq!(fs::read(room.beside("other")).unwrap(), b"same");
}

#[test]
fn a_fifo_is_replaced_or_removed_unopened() {
    let mut room = Room::new();
    let make =
        |room: &Room| mknodat(CWD, room.path(), FileType::Fifo, Mode::from_raw_mode(0o400), 0).unwrap();
    make(&room);
    room.replace(b"");
    fs::remove_file(room.path()).unwrap();
    make(&room);
    assert!(remove(room.file.target(), &mut room.state).unwrap());
}

#[test]
fn a_socket_is_never_replaced_or_removed() {
    let mut room = Room::new();
    let _socket = UnixListener::bind(room.path()).unwrap();
    let text = room.write(b"x").unwrap_err().to_string();
    assert!(text.contains("dest is a socket, which is never replaced or removed"), "{text}");
    assert!(matches!(remove(room.file.target(), &mut room.state), Err(FileError::SpecialFile { .. })));
    assert_eq!(names(room.directory.path()), ["dest"]);
    assert!(fs::symlink_metadata(room.path()).unwrap().file_type().is_socket());
}

#[test]
fn a_device_is_never_replaced_or_removed() {
    if !is_root() {
        return;
    }
    let mut room = Room::new();
    for (kind, name) in [(FileType::CharacterDevice, "character"), (FileType::BlockDevice, "block")] {
        // Like /dev/null and like the first loop device.
        let device = if name == "block" { makedev(7, 0) } else { makedev(1, 3) };
        mknodat(CWD, room.path(), kind, Mode::from_raw_mode(0o600), device).unwrap();
        let text = room.write(b"x").unwrap_err().to_string();
        assert!(text.contains(&format!("dest is a {name} device, which is never replaced")), "{text}");
        assert!(matches!(remove(room.file.target(), &mut room.state), Err(FileError::SpecialFile { .. })));
        assert!(!fs::symlink_metadata(room.path()).unwrap().is_file());
        fs::remove_file(room.path()).unwrap();
    }
    room.replace(b"x");
}

#[test]
fn a_directory_is_never_removed() {
    let mut room = Room::new();
    fs::create_dir(room.path()).unwrap();
    assert!(matches!(room.write(b"x"), Err(FileError::DirectoryInTheWay(path)) if path == room.path()));
    assert!(matches!(remove(room.file.target(), &mut room.state), Err(FileError::DirectoryInTheWay(_))));
    assert_eq!(room.names(), ["dest"]);
    fs::remove_dir(room.path()).unwrap();
    room.replace(b"x");
}

#[test]
fn a_removal_takes_the_file_or_the_link_and_nothing_behind_it() {
    let mut room = Room::new();
    assert!(!remove(room.file.target(), &mut room.state).unwrap());
    room.replace(b"x");
    assert!(remove(room.file.target(), &mut room.state).unwrap());
    assert!(!room.state.is_known());
    fs::write(room.beside("victim"), "kept").unwrap();
    symlink("victim", room.path()).unwrap();
    assert!(remove(room.file.target(), &mut room.state).unwrap());
    assert_eq!(room.names(), ["victim"]);
}

#[test]
fn a_removal_below_a_missing_directory_creates_nothing() {
    let mut room = Room::new();
    room.file.dest = room.beside("a/b/dest");
    assert!(!remove(room.file.target(), &mut room.state).unwrap());
    assert_eq!(room.names(), Vec::<String>::new());
}

#[test]
fn a_directory_swapped_after_it_was_opened_redirects_nothing() {
    let mut room = Room::new();
    fs::create_dir(room.beside("real")).unwrap();
    fs::create_dir(room.beside("trap")).unwrap();
    room.file.dest = room.beside("real/dest");
    let replacement = room.prepared(b"x");
    fs::rename(room.beside("real"), room.beside("moved")).unwrap();
    symlink("trap", room.beside("real")).unwrap();
    replacement.put_in_place(room.file.target(), b"x", &mut room.state).unwrap();
    assert_eq!(names(&room.beside("trap")), Vec::<String>::new());
    assert_eq!(names(&room.beside("moved")), ["dest"]);
}

#[test]
fn a_temporary_file_that_was_swapped_is_an_error() {
    for planted in [true, false] {
        let mut room = Room::new();
        let replacement = room.prepared(b"good");
        let temp = room.strays().remove(0);
        fs::remove_file(&temp).unwrap();
        if planted {
            fs::write(&temp, "poison").unwrap();
        }
        let result = replacement.put_in_place(room.file.target(), b"good", &mut room.state);
        assert!(matches!(result, Err(FileError::Interference(_))));
        assert!(!room.state.is_known());
        room.replace(b"good");
    }
}

#[test]
fn a_temporary_file_with_a_second_name_is_an_error() {
    for second in ["dest", "elsewhere"] {
        let mut room = Room::new();
        let replacement = room.prepared(b"good");
        fs::hard_link(&room.strays()[0], room.beside(second)).unwrap();
        let result = replacement.put_in_place(room.file.target(), b"good", &mut room.state);
        assert!(matches!(result, Err(FileError::Interference(_))));
        assert!(!room.state.is_known());
        room.replace(b"good");
    }
}

#[test]
fn a_file_changed_just_before_the_rename_is_not_taken_for_ours() {
    let changes: [Change; 2] =
        [|file| fs::set_permissions(file, fs::Permissions::from_mode(0o666)).unwrap(), poison];
    for change in changes {
        let mut room = Room::new();
        let replacement = room.prepared(b"good");
        change(&room.strays()[0]);
        let result = replacement.put_in_place(room.file.target(), b"good", &mut room.state);
        assert!(matches!(result, Err(FileError::Interference(_))));
        assert!(!room.state.is_known());
        room.replace(b"good");
    }
}

#[test]
fn a_file_forged_by_its_owner_before_the_rename_is_an_error() {
    if !is_root() {
        return;
    }
    for directory in ["/tmp", "/dev/shm"] {
        let mut room = Room::below(Path::new(directory));
        room.file.owner = user(NOBODY);
        let replacement = room.prepared(b"good");
        // The same length: only times and content differ.
        File::options().write(true).open(&room.strays()[0]).unwrap().write_all(b"evil").unwrap();
        let result = replacement.put_in_place(room.file.target(), b"good", &mut room.state);
        assert!(matches!(result, Err(FileError::Interference(_))), "{directory}");
        assert!(!room.state.is_known());
        assert!(room.touch().is_err(), "no heartbeat");
        assert_eq!(room.write(b"good").unwrap(), Outcome::Replaced);
        room.assert_holds(b"good");
        assert!(room.touch().is_ok());
    }
}

#[test]
fn a_file_forged_by_its_owner_without_a_trace_is_drift() {
    if !is_root() {
        return;
    }
    let mut room = Room::new();
    room.file.owner = user(NOBODY);
    room.replace(b"good");
    assert!(room.verify().is_ok() && room.touch().is_ok());
    // Takes over the times of the forged file, as if a write through a shared mapping had left
    // none.
    File::options().write(true).open(room.path()).unwrap().write_all(b"evil").unwrap();
    room.state.set_identity(super::look(room.path()));
    assert!(room.touch().is_ok(), "a heartbeat compares no content");
    let text = room.verify().unwrap_err().to_string();
    assert!(text.starts_with("the file was written to: 4 bytes"), "{text}");
    chown(room.path(), Some(0), None).unwrap();
}
