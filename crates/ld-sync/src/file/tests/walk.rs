//! Which symlinks on the way to a destination are followed.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, lchown, symlink};
use std::path::Path;

use super::super::apply::find_right;
use super::super::walk::walk;
use super::super::{FileError, Removed, Target, TouchError, remove, show_candidate, sweep, touch};
use super::{NOBODY, Room, chain, is_root, locate, names, target};

/// A destination below `link`, which leads to `victim`, where a file of the same name stands.
fn below_a_link(room: &Room) -> Target {
    fs::create_dir_all(room.beside("victim/deep")).unwrap();
    fs::write(room.beside("victim/dest"), "untouched").unwrap();
    symlink("victim", room.beside("link")).unwrap();
    target(room.beside("link/dest"))
}

fn give_to_nobody(path: &Path) {
    lchown(path, Some(NOBODY), Some(NOBODY)).unwrap();
}

fn is_foreign_link<T>(result: Result<T, FileError>, path: &Path) -> bool {
    matches!(result, Err(FileError::ForeignLink { link, owner: NOBODY }) if link == path)
}

fn apply(target: &Target) -> Result<super::Applied, FileError> {
    super::apply_batch(&[(target, b"new")]).remove(0)
}

#[test]
fn links_of_the_watcher_are_followed_however_they_are_written() {
    let room = Room::new();
    below_a_link(&room);
    symlink(room.beside("link"), room.beside("absolute")).unwrap();
    symlink("./absolute/../victim/.", room.beside("winding")).unwrap();
    for link in ["link", "absolute", "winding", "winding/deep/.."] {
        let target = target(room.beside(link).join("dest"));
        let _ = fs::remove_file(room.beside("victim/dest"));
        apply(&target).unwrap();
        assert_eq!(fs::read(room.beside("victim/dest")).unwrap(), b"new", "{link}");
        assert_eq!(locate(&target).unwrap().1, fs::metadata(room.beside("victim")).unwrap().ino(), "{link}");
    }
    apply(&target(room.beside("winding/new/below/dest"))).unwrap();
    assert_eq!(names(&room.beside("victim/new/below")), ["dest"]);
}

#[test]
fn a_link_of_another_user_to_somebody_elses_directory_is_followed_by_nothing() {
    if !is_root() {
        return;
    }
    let room = Room::new();
    let target = below_a_link(&room);
    let left = apply(&target).unwrap().identity;
    give_to_nobody(&room.beside("link"));
    let link = room.beside("link");
    let before = fs::metadata(room.beside("victim")).unwrap();

    assert!(is_foreign_link(apply(&target), &link));
    assert!(is_foreign_link(remove(&target), &link));
    assert!(is_foreign_link(find_right(&target, b"new"), &link));
    assert!(is_foreign_link(locate(&target), &link));
    assert!(is_foreign_link(show_candidate(&target, b"new", |_| ()), &link));
    assert!(matches!(touch(&target, &left), Err(TouchError::File(FileError::ForeignLink { .. }))));
    assert!(is_foreign_link(sweep([&target]).failures.pop().map_or(Ok(()), Err), &link));
    let below = super::target(room.beside("link/new/below/dest"));
    assert!(is_foreign_link(apply(&below), &link));

    let after = fs::metadata(room.beside("victim")).unwrap();
    assert_eq!((after.mtime(), after.mtime_nsec()), (before.mtime(), before.mtime_nsec()));
    assert_eq!(names(&room.beside("victim")), ["deep", "dest"]);
    let text = chain(&apply(&target).unwrap_err());
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
        assert!(is_foreign_link(apply(&target(room.beside(name).join("dest"))), &room.beside("link")));
    }
}

#[test]
fn a_link_of_another_user_to_their_own_directory_is_followed() {
    if !is_root() {
        return;
    }
    let room = Room::new();
    let target = below_a_link(&room);
    give_to_nobody(&room.beside("link"));
    give_to_nobody(&room.beside("victim"));
    apply(&target).unwrap();
    assert_eq!(remove(&target).unwrap(), Removed::File);
    // What stands below it may be anybody's, as without the link.
    apply(&super::target(room.beside("link/deep/dest"))).unwrap();
    assert_eq!(names(&room.beside("victim/deep")), ["dest"]);
}

#[test]
fn links_without_end_and_things_that_are_no_directory_are_errors() {
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
        let text = chain(&apply(&target(path.clone())).unwrap_err());
        let directory = format!("cannot open the directory {}: ", path.parent().unwrap().display());
        assert!(text.starts_with(&directory) && text.contains(expected), "{text}");
    }
    assert!(!room.beside("nowhere").exists());
}

#[test]
fn a_link_of_the_kernels_own_leads_where_the_kernel_says() {
    let room = Room::new();
    fs::create_dir(room.beside("directory")).unwrap();
    let open = File::open(room.beside("directory")).unwrap();
    // It reads as a path at which nothing stands.
    fs::remove_dir(room.beside("directory")).unwrap();
    let place = walk(Path::new(&format!("/proc/self/fd/{}", open.as_raw_fd()))).unwrap();
    let found = rustix::fs::fstat(place).unwrap();
    assert_eq!(found.st_ino, open.metadata().unwrap().ino());
}
