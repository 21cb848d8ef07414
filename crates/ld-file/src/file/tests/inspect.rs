//! Which other users could redirect a destination.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};

use super::super::inspect_directory;
use super::rerun::{rerun_as_nobody, shared_directory};
use super::{NOBODY, Room, is_root};

#[test]
fn a_directory_that_others_can_write_warns_and_says_why() {
    let room = Room::new();
    let below = room.beside("open/below");
    fs::create_dir_all(&below).unwrap();
    for (mode, expected) in [
        (0o755, None),
        (0o700, None),
        (0o1777, None),
        (0o777, Some("every user")),
        (0o757, Some("chmod o-w")),
    ] {
        fs::set_permissions(room.beside("open"), fs::Permissions::from_mode(mode)).unwrap();
        let warning = inspect_directory(&below.join("dest"), None).map(|warning| warning.to_string());
        match (warning, expected) {
            (None, None) => {}
            (Some(text), Some(part)) => {
                assert!(text.contains(part) && text.contains("/open can be"), "{text}")
            }
            (found, _) => panic!("{mode:o}: {found:?}"),
        }
    }
}

#[test]
fn only_root_the_watcher_and_the_files_owner_are_trusted() {
    if !is_root() {
        return;
    }
    let room = Room::new();
    chown(room.directory.path(), Some(NOBODY), None).unwrap();
    assert_eq!(inspect_directory(room.path(), Some(NOBODY)), None);
    let text = inspect_directory(room.path(), None).unwrap().to_string();
    assert!(text.contains("its owner, user 65534"), "{text}");
    chown(room.directory.path(), Some(0), Some(NOBODY)).unwrap();
    fs::set_permissions(room.directory.path(), fs::Permissions::from_mode(0o775)).unwrap();
    let text = inspect_directory(room.path(), None).unwrap().to_string();
    assert!(text.contains("group 65534"), "{text}");
}

#[test]
fn the_way_through_links_is_inspected_too() {
    let room = Room::new();
    fs::create_dir_all(room.beside("open/real")).unwrap();
    fs::set_permissions(room.beside("open"), fs::Permissions::from_mode(0o777)).unwrap();
    symlink("middle", room.beside("link")).unwrap();
    symlink("open/real/../real", room.beside("middle")).unwrap();
    let warning = inspect_directory(&room.beside("link/dest"), None).unwrap();
    assert_eq!(warning.path, room.beside("open"));
    symlink("loop", room.beside("loop")).unwrap();
    assert_eq!(inspect_directory(&room.beside("loop/dest"), None), None);
}

#[test]
fn a_watcher_is_not_told_to_lock_itself_out() {
    let inspect = |path: &std::path::Path| inspect_directory(path, None).map(|warning| warning.to_string());
    if let Some(directory) = shared_directory() {
        let text = inspect(&directory.join("dest")).unwrap();
        assert!(text.contains("the watcher writes there as a member of that group"), "{text}");
        return;
    }
    if is_root() {
        let room = Room::new();
        // A volume with fsGroup.
        chown(room.directory.path(), Some(0), Some(NOBODY)).unwrap();
        fs::set_permissions(room.directory.path(), fs::Permissions::from_mode(0o2775)).unwrap();
        rerun_as_nobody("inspect::a_watcher_is_not_told_to_lock_itself_out", "-chown", room.directory.path());
        let text = inspect(room.path()).unwrap();
        assert!(text.contains("take that away with chmod g-w"), "{text}");
    }
}
