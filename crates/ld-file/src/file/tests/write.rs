//! What a write leaves.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::Errno;

use super::super::system::{Call, injected::with_answer};
use super::super::{FileUnderCheck, OpenDirectories, compare, differs, exists, locate, replace};
use super::{Fixture, Outcome, TestFile, inode};

#[test]
fn a_missing_file_is_created_with_its_directories() {
    let mut fixture = Fixture::new();
    fixture.file.dest = fixture.beside("a/b/c/dest");
    fixture.replace(b"content");
    let mode = fs::metadata(fixture.beside("a/b")).unwrap().mode();
    assert_eq!(mode & 0o722, 0o700, "{mode:o}");
}

#[test]
fn content_of_any_size_arrives_whole() {
    let mut fixture = Fixture::new();
    for size in [0, 1, 65_535, 65_536, 65_537, 1_000_000, 5_000_000] {
        let content: Vec<u8> = (0..size).map(|index: u32| index.to_le_bytes()[index as usize % 3]).collect();
        fixture.replace(&content);
        assert_eq!(fixture.write(&content).unwrap(), Outcome::Unchanged, "{size}");
        assert_eq!(fixture.write_after_restart(&content).unwrap(), Outcome::Unchanged, "{size}");
    }
}

#[test]
fn a_file_that_is_right_is_left_alone() {
    let mut fixture = Fixture::new();
    fixture.replace(b"same");
    let before = inode(fixture.path());
    assert_eq!(fixture.write(b"same").unwrap(), Outcome::Unchanged);
    assert_eq!(fixture.write_after_restart(b"same").unwrap(), Outcome::Unchanged);
    assert_eq!(inode(fixture.path()), before);
    assert!(fixture.state.is_known());
}

#[test]
fn a_file_that_differs_in_its_last_byte_is_replaced() {
    let mut fixture = Fixture::new();
    let mut content = vec![b'x'; 200_000];
    fixture.replace(&content);
    content[199_999] = b'y';
    fixture.replace(&content);
}

#[test]
fn content_that_others_wrote_in_advance_is_adopted() {
    let mut fixture = Fixture::new();
    fixture.file.mode = 0o600;
    fixture.replace(b"one");
    super::wait_for_tick(fixture.path());
    fs::write(fixture.path(), b"two").unwrap();
    assert_eq!(fixture.write(b"two").unwrap(), Outcome::Unchanged);
    assert_eq!(fixture.write(b"six").unwrap(), Outcome::Replaced);
}

#[test]
fn directories_on_the_way_may_be_links() {
    let mut fixture = Fixture::new();
    fs::create_dir(fixture.beside("real")).unwrap();
    symlink("real", fixture.beside("link")).unwrap();
    fixture.file.dest = fixture.beside("link/dest");
    fixture.replace(b"through");
    assert_eq!(fs::read(fixture.beside("real/dest")).unwrap(), b"through");
}

#[test]
fn a_file_in_the_place_of_a_directory_is_an_error() {
    let mut fixture = Fixture::new();
    fs::write(fixture.beside("file"), "").unwrap();
    fixture.file.dest = fixture.beside("file/below/dest");
    let text = fixture.write(b"x").unwrap_err().to_string();
    assert!(text.contains("/file: Not a directory"), "{text}");
}

#[test]
fn a_path_that_names_no_file_is_an_error() {
    for path in ["/", "..", "/tmp/.."] {
        let mut fixture = Fixture::new();
        fixture.file = TestFile::new(path.into());
        let text = fixture.write(b"x").unwrap_err().to_string();
        assert!(text.contains("does not name a file"), "{text}");
    }
}

#[test]
fn two_paths_to_one_file_have_the_same_entry() {
    let fixture = Fixture::new();
    fs::create_dir(fixture.beside("real")).unwrap();
    symlink("real", fixture.beside("link")).unwrap();
    let at = |path: &str| locate(&fixture.beside(path), &mut OpenDirectories::default()).unwrap();
    assert_eq!(at("real/dest"), at("link/dest"));
    assert_eq!(at("real/new/dest"), at("link/new/dest"));
    assert_ne!(at("real/dest"), at("real/dest2"));
    assert_ne!(at("real/dest"), at("dest"));
    assert!(!fixture.beside("real/new").exists(), "locating creates nothing");
}

#[test]
fn a_reader_never_sees_a_mix() {
    let mut fixture = Fixture::new();
    fixture.file.fsync = false;
    let contents = [vec![b'a'; 50_000], vec![b'b'; 70_000]];
    fixture.replace(&contents[0]);
    let path = fixture.path().to_owned();
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
            fixture.write(&contents[round % 2]).unwrap();
        }
        done.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 0);
    });
    assert!(fixture.strays().is_empty());
}

#[test]
fn a_replacement_that_is_dropped_leaves_nothing() {
    let mut fixture = Fixture::new();
    fixture.replace(b"old");
    drop(fixture.prepared(b"new"));
    fixture.assert_holds(b"old");
    assert!(fixture.verify().is_ok());
}

#[test]
fn a_compare_changes_nothing_and_tells_what_is_right() {
    let mut fixture = Fixture::new();
    assert!(!compare(fixture.file.target(), b"x", &mut fixture.state).unwrap());
    fixture.replace(b"x");
    fixture.state.forget();
    assert!(compare(fixture.file.target(), b"x", &mut fixture.state).unwrap());
    assert!(fixture.state.is_known());
    assert!(!compare(fixture.file.target(), b"y", &mut fixture.state).unwrap());
    assert!(!fixture.state.is_known());
    fs::set_permissions(fixture.path(), fs::Permissions::from_mode(0o404)).unwrap();
    assert!(!compare(fixture.file.target(), b"x", &mut fixture.state).unwrap());
    fixture.file.dest = fixture.beside("missing/dest");
    assert!(!compare(fixture.file.target(), b"x", &mut fixture.state).unwrap());
    assert!(!fixture.beside("missing").exists());
}

#[test]
fn differs_is_about_what_a_reader_finds() {
    let mut fixture = Fixture::new();
    let path = fixture.path().to_owned();
    assert!(!differs(&path, None).unwrap() && !exists(&path));
    assert!(!differs(&path, Some(b"x".into())).unwrap(), "nothing is there");
    fixture.file.mode = 0o444;
    fixture.replace(b"x");
    assert!(!differs(&path, Some(b"x".into())).unwrap());
    assert!(differs(&path, Some(b"y".into())).unwrap());
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
    let fixture = Fixture::new();
    let dest = fixture.beside("new/dest");
    let file = FileUnderCheck::write(&dest, b"content").unwrap();
    let path = file.as_ref();
    assert!(path.is_absolute() && path.parent() == dest.parent());
    assert_eq!(fs::metadata(path).unwrap().mode() & 0o7777, 0o600);
    assert_eq!(fs::read(path).unwrap(), b"content");
    drop(file);
    assert_eq!(super::names(&fixture.beside("new")), Vec::<String>::new());
}

#[test]
fn a_failed_directory_flush_makes_the_next_write_anew() {
    let mut fixture = Fixture::new();
    let failed = with_answer(Call::Fsync, Err(Errno::IO), || {
        let replacement = fixture.prepared(b"new");
        let directory = replacement.put_in_place(fixture.file.target(), b"new", &mut fixture.state).unwrap();
        directory.flush().inspect_err(|_| fixture.state.set_unflushed())
    });
    let text = failed.unwrap_err().to_string();
    let path = fixture.directory.path().display();
    assert_eq!(text, format!("cannot flush the directory {path}: Input/output error (os error 5)"));
    assert!(!fixture.state.is_known());
    assert!(!compare(fixture.file.target(), b"new", &mut fixture.state).unwrap());
    fixture.replace(b"new");
    assert_eq!(fixture.write(b"new").unwrap(), Outcome::Unchanged);
}

#[test]
fn one_call_does_all_steps_of_a_write() {
    let mut fixture = Fixture::new();
    fixture.file.mode = 0o640;
    assert!(replace(fixture.file.target(), b"content").unwrap());
    fixture.assert_holds(b"content");
    assert!(!replace(fixture.file.target(), b"content").unwrap());
}
