//! Who else could redirect a destination.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};

use ld_config::Principal;

use super::super::inspect_directory;
use super::{NOBODY, Room, is_root};

#[test]
fn a_directory_that_others_can_write_warns_and_says_what_to_do() {
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
fn a_directory_of_the_files_owner_is_trusted_and_one_of_another_user_is_not() {
    if !is_root() {
        return;
    }
    let room = Room::new();
    chown(room.directory.path(), Some(NOBODY), None).unwrap();
    let owner = Principal("nobody".into());
    assert_eq!(inspect_directory(room.path(), Some(&owner)), None);
    let text = inspect_directory(room.path(), None).unwrap().to_string();
    assert!(text.contains("its owner, user 65534"), "{text}");
    chown(room.directory.path(), Some(0), Some(NOBODY)).unwrap();
    fs::set_permissions(room.directory.path(), fs::Permissions::from_mode(0o775)).unwrap();
    let text = inspect_directory(room.path(), None).unwrap().to_string();
    assert!(text.contains("group 65534"), "{text}");
}

#[test]
fn the_way_through_links_is_judged_too() {
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
