//! Which symlinks on the way to a destination are followed.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, lchown, symlink};
use std::path::Path;

use super::super::walk::walk;
use super::super::{
    Depth, Entry, FileError, FileState, FileUnderCheck, OpenDirectories, Owner, compare, remove, sweep,
    touch, verify,
};
use super::{NOBODY, Outcome, Room, TestFile, is_root, names, write};

/// A destination below `link`, which leads to `victim`, where a file of the same name stands.
fn below_a_link(room: &Room) -> TestFile {
    fs::create_dir_all(room.beside("victim/deep")).unwrap();
    fs::write(room.beside("victim/dest"), "untouched").unwrap();
    symlink("victim", room.beside("link")).unwrap();
    TestFile::new(room.beside("link/dest"))
}

fn locate(file: &TestFile) -> Result<Entry, FileError> {
    super::super::locate(&file.dest, &mut OpenDirectories::default())
}

fn replace(file: &TestFile) -> Result<Outcome, FileError> {
    write(file, b"new", &mut FileState::default())
}

fn give_to_nobody(path: &Path) {
    lchown(path, Some(NOBODY), Some(NOBODY)).unwrap();
}

fn is_foreign_link<T>(result: Result<T, FileError>, path: &Path) -> bool {
    matches!(result, Err(FileError::ForeignLink { link, owner: NOBODY }) if link == path)
}

#[test]
fn links_of_the_watcher_are_followed_however_they_are_written() {
    let room = Room::new();
    below_a_link(&room);
    symlink(room.beside("link"), room.beside("absolute")).unwrap();
    symlink("./absolute/../victim/.", room.beside("winding")).unwrap();
    for link in ["link", "absolute", "winding", "winding/deep/.."] {
        let file = TestFile::new(room.beside(link).join("dest"));
        let _ = fs::remove_file(room.beside("victim/dest"));
        replace(&file).unwrap();
        assert_eq!(fs::read(room.beside("victim/dest")).unwrap(), b"new", "{link}");
        assert_eq!(
            locate(&file).unwrap().directory.1,
            fs::metadata(room.beside("victim")).unwrap().ino(),
            "{link}"
        );
    }
    replace(&TestFile::new(room.beside("winding/new/below/dest"))).unwrap();
    assert_eq!(names(&room.beside("victim/new/below")), ["dest"]);
}

#[test]
fn nothing_follows_a_foreign_link_to_another_users_directory() {
    if !is_root() {
        return;
    }
    let room = Room::new();
    let file = below_a_link(&room);
    let (mut state, owner) = (FileState::default(), Owner::default());
    write(&file.of(owner), b"new", &mut state).unwrap();
    give_to_nobody(&room.beside("link"));
    let link = room.beside("link");
    let before = fs::metadata(room.beside("victim")).unwrap();
    let is_foreign = |error| matches!(error, FileError::ForeignLink { .. });

    assert!(is_foreign_link(replace(&file), &link));
    assert!(is_foreign_link(locate(&file), &link));
    assert!(is_foreign_link(compare(file.of(owner).target(), b"new", &mut FileState::default()), &link));
    assert!(is_foreign_link(FileUnderCheck::write(&file.dest, b"new"), &link));
    assert!(is_foreign(touch(file.target(), &mut state, || true).unwrap_err()));
    assert!(is_foreign(
        verify(file.target(), Depth::Content, &mut state, &mut OpenDirectories::default()).unwrap_err()
    ));
    assert!(is_foreign_link(remove(file.target(), &mut state), &link));
    let swept = sweep(&room.beside("link"), &[(&file.dest, None)]).failed.pop();
    assert!(is_foreign_link(swept.map_or(Ok(()), Err), &link));
    let below = TestFile::new(room.beside("link/new/below/dest"));
    assert!(is_foreign_link(replace(&below), &link));

    let after = fs::metadata(room.beside("victim")).unwrap();
    assert_eq!((after.mtime(), after.mtime_nsec()), (before.mtime(), before.mtime_nsec()));
    assert_eq!(names(&room.beside("victim")), ["deep", "dest"]);
    let text = replace(&file).unwrap_err().to_string();
    assert!(text.contains("/link is a symlink of user 65534") && text.contains("belongs to root"), "{text}");
}

#[test]
fn a_trusted_link_does_not_vouch_for_the_next() {
    if !is_root() {
        return;
    }
    let room = Room::new();
    below_a_link(&room);
    give_to_nobody(&room.beside("link"));
    symlink("link/deep", room.beside("outer")).unwrap();
    symlink("outer", room.beside("foreign")).unwrap();
    give_to_nobody(&room.beside("foreign"));
    for name in ["outer", "foreign"] {
        assert!(is_foreign_link(
            replace(&TestFile::new(room.beside(name).join("dest"))),
            &room.beside("link")
        ));
    }
}

#[test]
fn a_link_of_another_user_to_their_own_directory_is_followed() {
    if !is_root() {
        return;
    }
    let room = Room::new();
    let file = below_a_link(&room);
    give_to_nobody(&room.beside("link"));
    give_to_nobody(&room.beside("victim"));
    replace(&file).unwrap();
    assert!(remove(file.target(), &mut FileState::default()).unwrap());
    // Any user may own what stands below it, as without the link.
    replace(&TestFile::new(room.beside("link/deep/dest"))).unwrap();
    assert_eq!(names(&room.beside("victim/deep")), ["dest"]);
}

#[test]
fn endless_links_and_links_to_no_directory_are_errors() {
    let room = Room::new();
    symlink("loop", room.beside("loop")).unwrap();
    fs::write(room.beside("file"), "").unwrap();
    symlink("file", room.beside("to-file")).unwrap();
    symlink("nowhere", room.beside("dangling")).unwrap();
    for (name, expected) in [
        ("loop", "Too many levels of symbolic links"),
        ("file", "Not a directory"),
        ("to-file", "Not a directory"),
        ("dangling", "No such file or directory"),
    ] {
        let path = room.beside(name).join("dest");
        let text = replace(&TestFile::new(path.clone())).unwrap_err().to_string();
        let directory = format!("cannot open the directory {}: ", path.parent().unwrap().display());
        assert!(text.starts_with(&directory) && text.contains(expected), "{text}");
    }
    assert!(!room.beside("nowhere").exists());
}

#[test]
fn a_link_in_proc_leads_where_the_kernel_says() {
    let room = Room::new();
    fs::create_dir(room.beside("directory")).unwrap();
    let open = File::open(room.beside("directory")).unwrap();
    // It reads as a path at which nothing stands.
    fs::remove_dir(room.beside("directory")).unwrap();
    let place = walk(Path::new(&format!("/proc/self/fd/{}", open.as_raw_fd()))).unwrap();
    let found = rustix::fs::fstat(place).unwrap();
    assert_eq!(found.st_ino, open.metadata().unwrap().ino());
}
