//! What a write leaves.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::Errno;

use super::super::system::{Call, injected::with_answer};
use super::super::{FileUnderCheck, OpenDirectories, compare, differs, exists, locate, replace};
use super::{Outcome, Room, TestFile, inode};

#[test]
fn a_missing_file_is_created_with_its_directories() {
    let mut room = Room::new();
    room.file.dest = room.beside("a/b/c/dest");
    room.replace(b"content");
    let mode = fs::metadata(room.beside("a/b")).unwrap().mode();
    assert_eq!(mode & 0o722, 0o700, "{mode:o}");
}

#[test]
fn content_of_any_size_arrives_whole() {
    let mut room = Room::new();
    for size in [0, 1, 65_535, 65_536, 65_537, 1_000_000, 5_000_000] {
        let content: Vec<u8> = (0..size).map(|index: u32| index.to_le_bytes()[index as usize % 3]).collect();
        room.replace(&content);
        assert_eq!(room.write(&content).unwrap(), Outcome::Unchanged, "{size}");
        assert_eq!(room.write_after_restart(&content).unwrap(), Outcome::Unchanged, "{size}");
    }
}

#[test]
fn a_file_that_is_right_is_left_alone() {
    let mut room = Room::new();
    room.replace(b"same");
    let before = inode(room.path());
    assert_eq!(room.write(b"same").unwrap(), Outcome::Unchanged);
    assert_eq!(room.write_after_restart(b"same").unwrap(), Outcome::Unchanged);
    assert_eq!(inode(room.path()), before);
    assert!(room.state.is_known());
}

#[test]
fn a_file_that_differs_in_its_last_byte_is_replaced() {
    let mut room = Room::new();
    let mut content = vec![b'x'; 200_000];
    room.replace(&content);
    content[199_999] = b'y';
    room.replace(&content);
}

#[test]
fn content_that_others_wrote_in_advance_is_adopted() {
    let mut room = Room::new();
    room.file.mode = 0o600;
    room.replace(b"one");
    super::wait_for_tick(room.path());
    fs::write(room.path(), b"two").unwrap();
    assert_eq!(room.write(b"two").unwrap(), Outcome::Unchanged);
    assert_eq!(room.write(b"six").unwrap(), Outcome::Replaced);
}

#[test]
fn directories_on_the_way_may_be_links() {
    let mut room = Room::new();
    fs::create_dir(room.beside("real")).unwrap();
    symlink("real", room.beside("link")).unwrap();
    room.file.dest = room.beside("link/dest");
    room.replace(b"through");
    assert_eq!(fs::read(room.beside("real/dest")).unwrap(), b"through");
}

#[test]
fn a_file_in_the_place_of_a_directory_is_an_error() {
    let mut room = Room::new();
    fs::write(room.beside("file"), "").unwrap();
    room.file.dest = room.beside("file/below/dest");
    let text = room.write(b"x").unwrap_err().to_string();
    assert!(text.contains("/file: Not a directory"), "{text}");
}

#[test]
fn a_path_that_names_no_file_is_an_error() {
    for path in ["/", "..", "/tmp/.."] {
        let mut room = Room::new();
        room.file = TestFile::new(path.into());
        let text = room.write(b"x").unwrap_err().to_string();
        assert!(text.contains("does not name a file"), "{text}");
    }
}

#[test]
fn two_paths_to_one_file_have_the_same_entry() {
    let room = Room::new();
    fs::create_dir(room.beside("real")).unwrap();
    symlink("real", room.beside("link")).unwrap();
    let at = |path: &str| locate(&room.beside(path), &mut OpenDirectories::default()).unwrap();
    assert_eq!(at("real/dest"), at("link/dest"));
    assert_eq!(at("real/new/dest"), at("link/new/dest"));
    assert_ne!(at("real/dest"), at("real/dest2"));
    assert_ne!(at("real/dest"), at("dest"));
    assert!(!room.beside("real/new").exists(), "locating creates nothing");
}

#[test]
fn a_reader_never_sees_a_mix() {
    let mut room = Room::new();
    room.file.fsync = false;
    let contents = [vec![b'a'; 50_000], vec![b'b'; 70_000]];
    room.replace(&contents[0]);
    let path = room.path().to_owned();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut reads = 0;
            while !done.load(Ordering::Relaxed) {
                let seen = fs::read(&path).unwrap();
                assert!(contents.contains(&seen), "a mix of {} bytes", seen.len());
                reads += 1;
            }
            reads
        });
        for round in 1..=2_000 {
            room.write(&contents[round % 2]).unwrap();
        }
        done.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 0);
    });
    assert!(room.strays().is_empty());
}

#[test]
fn a_replacement_that_is_dropped_leaves_nothing() {
    let mut room = Room::new();
    room.replace(b"old");
    drop(room.prepared(b"new"));
    room.assert_holds(b"old");
    assert!(room.verify().is_ok());
}

#[test]
fn a_compare_changes_nothing_and_tells_what_is_right() {
    let mut room = Room::new();
    assert!(!compare(room.file.target(), b"x", &mut room.state).unwrap());
    room.replace(b"x");
    room.state.forget();
    assert!(compare(room.file.target(), b"x", &mut room.state).unwrap());
    assert!(room.state.is_known());
    assert!(!compare(room.file.target(), b"y", &mut room.state).unwrap());
    assert!(!room.state.is_known());
    fs::set_permissions(room.path(), fs::Permissions::from_mode(0o404)).unwrap();
    assert!(!compare(room.file.target(), b"x", &mut room.state).unwrap());
    room.file.dest = room.beside("missing/dest");
    assert!(!compare(room.file.target(), b"x", &mut room.state).unwrap());
    assert!(!room.beside("missing").exists());
}

#[test]
fn differs_is_about_what_a_reader_finds() {
    let mut room = Room::new();
    let path = room.path().to_owned();
    assert!(!differs(&path, None).unwrap() && !exists(&path));
    assert!(!differs(&path, Some(b"x")).unwrap(), "nothing is there");
    room.file.mode = 0o444;
    room.replace(b"x");
    assert!(!differs(&path, Some(b"x")).unwrap());
    assert!(differs(&path, Some(b"y")).unwrap());
    assert!(differs(&path, None).unwrap() && exists(&path));
    fs::remove_file(&path).unwrap();
    symlink("nowhere", &path).unwrap();
    assert!(differs(&path, None).unwrap() && exists(&path), "a dangling symlink");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(!differs(&path, None).unwrap(), "a directory");
}

#[test]
fn a_file_under_check_holds_the_content_and_is_gone_after() {
    let room = Room::new();
    let dest = room.beside("new/dest");
    let file = FileUnderCheck::write(&dest, b"content").unwrap();
    let path = file.as_ref();
    assert!(path.is_absolute() && path.parent() == dest.parent());
    assert_eq!(fs::metadata(path).unwrap().mode() & 0o7777, 0o600);
    assert_eq!(fs::read(path).unwrap(), b"content");
    drop(file);
    assert_eq!(super::names(&room.beside("new")), Vec::<String>::new());
}

#[test]
fn a_failed_directory_flush_makes_the_next_write_anew() {
    let mut room = Room::new();
    let failed = with_answer(Call::Fsync, Err(Errno::IO), || {
        let replacement = room.prepared(b"new");
        let directory = replacement.put_in_place(room.file.target(), b"new", &mut room.state).unwrap();
        directory.flush().inspect_err(|_| room.state.set_unflushed())
    });
    let text = failed.unwrap_err().to_string();
    let path = room.directory.path().display();
    assert_eq!(text, format!("cannot flush the directory {path}: Input/output error (os error 5)"));
    assert!(!room.state.is_known());
    assert!(!compare(room.file.target(), b"new", &mut room.state).unwrap());
    room.replace(b"new");
    assert_eq!(room.write(b"new").unwrap(), Outcome::Unchanged);
}

#[test]
fn one_call_does_all_steps_of_a_write() {
    let mut room = Room::new();
    room.file.mode = 0o640;
    assert!(replace(room.file.target(), b"content").unwrap());
    room.assert_holds(b"content");
    assert!(!replace(room.file.target(), b"content").unwrap());
}
