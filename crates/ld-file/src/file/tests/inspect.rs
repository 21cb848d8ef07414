//! Which other users could redirect a destination.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};

use super::super::inspect_directory;
use super::rerun::{rerun_as_nobody, shared_directory};
use super::{Fixture, NOBODY, is_root};

#[test]
fn a_directory_that_others_can_write_warns_and_says_why() {
    let fixture = Fixture::new();
    let below = fixture.beside("open/below");
    fs::create_dir_all(&below).unwrap();
    for (mode, expected) in [
        (0o755, None),
        (0o700, None),
        (0o1777, None),
        (0o777, Some("every user")),
        (0o757, Some("chmod o-w")),
    ] {
        fs::set_permissions(fixture.beside("open"), fs::Permissions::from_mode(mode)).unwrap();
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
    let fixture = Fixture::new();
    chown(fixture.directory.path(), Some(NOBODY), None).unwrap();
    assert_eq!(inspect_directory(fixture.path(), Some(NOBODY)), None);
    let text = inspect_directory(fixture.path(), None).unwrap().to_string();
    assert!(text.contains("its owner, user 65534"), "{text}");
    chown(fixture.directory.path(), Some(0), Some(NOBODY)).unwrap();
    fs::set_permissions(fixture.directory.path(), fs::Permissions::from_mode(0o775)).unwrap();
    let text = inspect_directory(fixture.path(), None).unwrap().to_string();
    assert!(text.contains("group 65534"), "{text}");
}

#[test]
fn the_way_through_links_is_inspected_too() {
    let fixture = Fixture::new();
    fs::create_dir_all(fixture.beside("open/real")).unwrap();
    fs::set_permissions(fixture.beside("open"), fs::Permissions::from_mode(0o777)).unwrap();
    symlink("middle", fixture.beside("link")).unwrap();
    symlink("open/real/../real", fixture.beside("middle")).unwrap();
    let warning = inspect_directory(&fixture.beside("link/dest"), None).unwrap();
    assert_eq!(warning.path, fixture.beside("open"));
    symlink("loop", fixture.beside("loop")).unwrap();
    assert_eq!(inspect_directory(&fixture.beside("loop/dest"), None), None);
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
        let fixture = Fixture::new();
        // A volume with fsGroup.
        chown(fixture.directory.path(), Some(0), Some(NOBODY)).unwrap();
        fs::set_permissions(fixture.directory.path(), fs::Permissions::from_mode(0o2775)).unwrap();
        rerun_as_nobody(
            "inspect::a_watcher_is_not_told_to_lock_itself_out",
            "-chown",
            fixture.directory.path(),
        );
        let text = inspect(fixture.path()).unwrap();
        assert!(text.contains("take that away with chmod g-w"), "{text}");
    }
}
