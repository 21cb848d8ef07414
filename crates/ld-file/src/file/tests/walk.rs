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
use super::{Fixture, NOBODY, Outcome, TestFile, is_root, names, write};

/// A destination below `link`, which leads to `victim`, where a file of the same name stands.
fn below_a_link(fixture: &Fixture) -> TestFile {
    fs::create_dir_all(fixture.beside("victim/deep")).unwrap();
    fs::write(fixture.beside("victim/dest"), "untouched").unwrap();
    symlink("victim", fixture.beside("link")).unwrap();
    TestFile::new(fixture.beside("link/dest"))
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
    let fixture = Fixture::new();
    below_a_link(&fixture);
    symlink(fixture.beside("link"), fixture.beside("absolute")).unwrap();
    symlink("./absolute/../victim/.", fixture.beside("winding")).unwrap();
    for link in ["link", "absolute", "winding", "winding/deep/.."] {
        let file = TestFile::new(fixture.beside(link).join("dest"));
        let _ = fs::remove_file(fixture.beside("victim/dest"));
        replace(&file).unwrap();
        assert_eq!(fs::read(fixture.beside("victim/dest")).unwrap(), b"new", "{link}");
        assert_eq!(
            locate(&file).unwrap().directory.1,
            fs::metadata(fixture.beside("victim")).unwrap().ino(),
            "{link}"
        );
    }
    replace(&TestFile::new(fixture.beside("winding/new/below/dest"))).unwrap();
    assert_eq!(names(&fixture.beside("victim/new/below")), ["dest"]);
}

#[test]
fn nothing_follows_a_foreign_link_to_another_users_directory() {
    if !is_root() {
        return;
    }
    let fixture = Fixture::new();
    let file = below_a_link(&fixture);
    let (mut state, owner) = (FileState::default(), Owner::default());
    write(&file.of(owner), b"new", &mut state).unwrap();
    give_to_nobody(&fixture.beside("link"));
    let link = fixture.beside("link");
    let before = fs::metadata(fixture.beside("victim")).unwrap();
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
    let swept = sweep(&fixture.beside("link"), &[(&file.dest, None)]).failed.pop();
    assert!(is_foreign_link(swept.map_or(Ok(()), Err), &link));
    let below = TestFile::new(fixture.beside("link/new/below/dest"));
    assert!(is_foreign_link(replace(&below), &link));

    let after = fs::metadata(fixture.beside("victim")).unwrap();
    assert_eq!((after.mtime(), after.mtime_nsec()), (before.mtime(), before.mtime_nsec()));
    assert_eq!(names(&fixture.beside("victim")), ["deep", "dest"]);
    let text = replace(&file).unwrap_err().to_string();
    assert!(text.contains("/link is a symlink of user 65534") && text.contains("belongs to root"), "{text}");
}

#[test]
fn a_trusted_link_does_not_vouch_for_the_next() {
    if !is_root() {
        return;
    }
    let fixture = Fixture::new();
    below_a_link(&fixture);
    give_to_nobody(&fixture.beside("link"));
    symlink("link/deep", fixture.beside("outer")).unwrap();
    symlink("outer", fixture.beside("foreign")).unwrap();
    give_to_nobody(&fixture.beside("foreign"));
    for name in ["outer", "foreign"] {
        assert!(is_foreign_link(
            replace(&TestFile::new(fixture.beside(name).join("dest"))),
            &fixture.beside("link")
        ));
    }
}

#[test]
fn a_link_of_another_user_to_their_own_directory_is_followed() {
    if !is_root() {
        return;
    }
    let fixture = Fixture::new();
    let file = below_a_link(&fixture);
    give_to_nobody(&fixture.beside("link"));
    give_to_nobody(&fixture.beside("victim"));
    replace(&file).unwrap();
    assert!(remove(file.target(), &mut FileState::default()).unwrap());
    // Any user may own what stands below it, as without the link.
    replace(&TestFile::new(fixture.beside("link/deep/dest"))).unwrap();
    assert_eq!(names(&fixture.beside("victim/deep")), ["dest"]);
}

#[test]
fn endless_links_and_links_to_no_directory_are_errors() {
    let fixture = Fixture::new();
    symlink("loop", fixture.beside("loop")).unwrap();
    fs::write(fixture.beside("file"), "").unwrap();
    symlink("file", fixture.beside("to-file")).unwrap();
    symlink("nowhere", fixture.beside("dangling")).unwrap();
    for (name, expected) in [
        ("loop", "Too many levels of symbolic links"),
        ("file", "Not a directory"),
        ("to-file", "Not a directory"),
        ("dangling", "No such file or directory"),
    ] {
        let path = fixture.beside(name).join("dest");
        let text = replace(&TestFile::new(path.clone())).unwrap_err().to_string();
        let directory = format!("cannot open the directory {}: ", path.parent().unwrap().display());
        assert!(text.starts_with(&directory) && text.contains(expected), "{text}");
    }
    assert!(!fixture.beside("nowhere").exists());
}

#[test]
fn a_link_in_proc_leads_where_the_kernel_says() {
    let fixture = Fixture::new();
    fs::create_dir(fixture.beside("directory")).unwrap();
    let open = File::open(fixture.beside("directory")).unwrap();
    // It reads as a path at which nothing stands.
    fs::remove_dir(fixture.beside("directory")).unwrap();
    let place = walk(Path::new(&format!("/proc/self/fd/{}", open.as_raw_fd()))).unwrap();
    let found = rustix::fs::fstat(place).unwrap();
    assert_eq!(found.st_ino, open.metadata().unwrap().ino());
}
