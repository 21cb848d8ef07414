//! What others may have put where the file belongs.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::rc::Rc;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::super::directory::Directory;
use super::super::temp::Temp;
use super::super::{FileError, Outcome, Removed, remove};
use super::{Room, dressed, names};

#[test]
fn a_symlink_is_replaced_and_its_target_left_alone() {
    let room = Room::new();
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
    let room = Room::new();
    room.replace(b"same");
    fs::hard_link(room.path(), room.beside("other")).unwrap();
    room.replace(b"same");
    room.replace(b"new");
    assert_eq!(fs::read(room.beside("other")).unwrap(), b"same");
}

#[test]
fn a_fifo_or_a_socket_is_replaced_unopened() {
    let room = Room::new();
    mknodat(CWD, room.path(), FileType::Fifo, Mode::from_raw_mode(0o400), 0).unwrap();
    room.replace(b"");
    fs::remove_file(room.path()).unwrap();
    let _socket = UnixListener::bind(room.path()).unwrap();
    room.replace(b"");
}

#[test]
fn a_directory_is_never_removed() {
    let room = Room::new();
    fs::create_dir(room.path()).unwrap();
    assert!(matches!(room.apply(b"x"), Err(FileError::DirectoryInTheWay(path)) if path == room.path()));
    assert!(matches!(remove(&room.target), Err(FileError::DirectoryInTheWay(_))));
    assert_eq!(names(room.directory.path()), ["dest"]);
    fs::remove_dir(room.path()).unwrap();
    room.replace(b"x");
}

#[test]
fn a_removal_takes_the_file_or_the_link_and_nothing_behind_it() {
    let room = Room::new();
    assert_eq!(remove(&room.target).unwrap(), Removed::Nothing);
    room.replace(b"x");
    assert_eq!(remove(&room.target).unwrap(), Removed::File);
    fs::write(room.beside("victim"), "kept").unwrap();
    symlink("victim", room.path()).unwrap();
    assert_eq!(remove(&room.target).unwrap(), Removed::Other);
    assert_eq!(names(room.directory.path()), ["victim"]);
}

#[test]
fn a_removal_below_a_missing_directory_creates_nothing() {
    let mut room = Room::new();
    room.target.path = room.beside("a/b/dest").into();
    assert_eq!(remove(&room.target).unwrap(), Removed::Nothing);
    assert_eq!(names(room.directory.path()), Vec::<String>::new());
}

#[test]
fn a_directory_swapped_after_it_was_opened_redirects_nothing() {
    let room = Room::new();
    fs::create_dir(room.beside("real")).unwrap();
    fs::create_dir(room.beside("trap")).unwrap();
    let directory = Rc::new(Directory::open(&room.beside("real")).unwrap());
    fs::rename(room.beside("real"), room.beside("moved")).unwrap();
    symlink("trap", room.beside("real")).unwrap();
    let path = room.beside("real/dest");
    let temp = dressed(&directory, &path);
    temp.put_in_place("dest".as_ref(), &path).unwrap();
    assert_eq!(names(&room.beside("trap")), Vec::<String>::new());
    assert_eq!(names(&room.beside("moved")), ["dest"]);
}

#[test]
fn a_temporary_file_that_was_swapped_is_an_error() {
    let room = Room::new();
    let directory = Rc::new(Directory::open(room.directory.path()).unwrap());
    for planted in [true, false] {
        let temp = dressed(&directory, room.path());
        let name = names(room.directory.path()).into_iter().find(|name| name.starts_with('.')).unwrap();
        fs::remove_file(room.beside(&name)).unwrap();
        if planted {
            fs::write(room.beside(&name), "poison").unwrap();
        }
        assert!(matches!(temp.put_in_place("dest".as_ref(), room.path()), Err(FileError::Interference(_))));
    }
    assert_eq!(room.apply(b"good").unwrap().outcome, Outcome::Replaced);
}

#[test]
fn a_temporary_file_with_a_second_name_is_an_error_and_leaves_nothing_behind() {
    let room = Room::new();
    let directory = Rc::new(Directory::open(room.directory.path()).unwrap());
    for second in ["dest", "elsewhere"] {
        let temp = dressed(&directory, room.path());
        fs::hard_link(temp.path(), room.beside(second)).unwrap();
        assert!(matches!(temp.put_in_place("dest".as_ref(), room.path()), Err(FileError::Interference(_))));
        room.assert_no_strays();
        fs::remove_file(room.beside(second)).unwrap();

        let temp = Temp::create(&directory, room.path(), 0o400).unwrap();
        fs::hard_link(temp.path(), room.beside(second)).unwrap();
        let owner = (users::get_effective_uid(), directory.new_group);
        assert!(matches!(temp.dress(owner, 0o400, room.path()), Err(FileError::Interference(_))));
        room.assert_no_strays();
        fs::remove_file(room.beside(second)).unwrap();
    }
}

#[test]
fn a_file_that_is_changed_in_the_moment_it_is_put_in_place_is_an_error_and_not_taken_for_ours() {
    let room = Room::new();
    let directory = Rc::new(Directory::open(room.directory.path()).unwrap());
    let changes: [fn(&Path); 2] = [
        |file| fs::set_permissions(file, fs::Permissions::from_mode(0o666)).unwrap(),
        |file| fs::OpenOptions::new().append(true).open(file).unwrap().write_all(b"poison").unwrap(),
    ];
    for change in changes {
        let temp = dressed(&directory, room.path());
        change(&temp.path());
        assert!(matches!(temp.put_in_place("dest".as_ref(), room.path()), Err(FileError::Interference(_))));
    }
    assert_eq!(room.apply(b"good").unwrap().outcome, Outcome::Replaced);
}
