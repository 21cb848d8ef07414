//! What an apply leaves.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::sync::atomic::{AtomicBool, Ordering};

use ld_config::Principal;
use rustix::fs::CWD;

use super::super::identity::look;
use super::super::{Left, Outcome, Write};
use super::{NOBODY, Room, chain, is_root, locate, target, target_of};

#[test]
fn a_missing_file_is_created_with_its_directories() {
    let mut room = Room::new();
    room.target.path = room.beside("a/b/c/dest").into();
    let applied = room.apply(b"content").unwrap();
    assert_eq!(applied.outcome, Outcome::Replaced);
    room.assert_holds(b"content");
    let mode = fs::metadata(room.beside("a/b")).unwrap().mode();
    assert_eq!(mode & 0o722, 0o700, "{mode:o}");
}

#[test]
fn content_of_any_size_arrives_whole() {
    let room = Room::new();
    for size in [0, 1, 65_535, 65_536, 65_537, 1_000_000, 5_000_000] {
        let content: Vec<u8> = (0..size).map(|index: u32| index.to_le_bytes()[index as usize % 3]).collect();
        if size > 0 {
            room.replace(&content);
        } else {
            room.apply(&content).unwrap();
        }
        assert_eq!(room.apply(&content).unwrap().outcome, Outcome::Unchanged, "{size}");
    }
}

#[test]
fn the_mode_is_exact_whatever_the_umask() {
    let mut room = Room::new();
    for mode in [0o666, 0o777, 0o400, 0o4755, 0o2750, 0o1644] {
        room.settings().mode = mode;
        room.replace(format!("{mode:o}").as_bytes());
    }
    room.settings().mode = 0;
    room.apply(b"nobody may read").unwrap();
    assert_eq!(fs::metadata(room.path()).unwrap().mode() & 0o7777, 0);
}

#[test]
fn a_file_that_is_right_is_left_alone() {
    let room = Room::new();
    let first = room.replace(b"same");
    let second = room.apply(b"same").unwrap();
    assert_eq!(second.outcome, Outcome::Unchanged);
    assert_eq!(second.identity, first.identity);
}

#[test]
fn a_file_that_differs_by_one_byte_at_the_end_is_replaced() {
    let room = Room::new();
    let mut content = vec![b'x'; 200_000];
    let first = room.replace(&content);
    content[199_999] = b'y';
    assert_ne!(room.replace(&content).identity, first.identity);
}

#[test]
fn a_file_with_another_mode_is_replaced_not_changed() {
    let room = Room::new();
    room.replace(b"same");
    fs::set_permissions(room.path(), fs::Permissions::from_mode(0o644)).unwrap();
    let inode = fs::metadata(room.path()).unwrap().ino();
    room.replace(b"same");
    assert_ne!(fs::metadata(room.path()).unwrap().ino(), inode);
}

#[test]
fn owner_and_group_are_set_each_by_itself() {
    if !is_root() {
        return;
    }
    let mut room = Room::new();
    for (owner, group) in [(Some("nobody"), None), (None, Some("nogroup")), (Some("65533"), Some("65532"))] {
        room.settings().owner = owner.map(|name| Principal(name.into()));
        room.settings().group = group.map(|name| Principal(name.into()));
        room.settings().mode = 0o4750;
        room.replace(b"owned");
        let id = |name: Option<&str>| match name {
            None => 0,
            Some("nobody" | "nogroup") => NOBODY,
            Some(id) => id.parse().unwrap(),
        };
        let found = fs::metadata(room.path()).unwrap();
        assert_eq!((found.uid(), found.gid()), (id(owner), id(group)));
        assert_eq!(room.apply(b"owned").unwrap().outcome, Outcome::Unchanged);
    }
}

#[test]
fn a_file_of_another_owner_is_replaced_not_chowned() {
    if !is_root() {
        return;
    }
    let room = Room::new();
    room.replace(b"same");
    let inode = fs::metadata(room.path()).unwrap().ino();
    std::os::unix::fs::chown(room.path(), Some(NOBODY), None).unwrap();
    room.replace(b"same");
    let found = fs::metadata(room.path()).unwrap();
    assert_eq!(found.uid(), 0);
    assert_ne!(found.ino(), inode);
}

#[test]
fn a_file_in_a_directory_that_sets_the_group_is_left_alone() {
    if !is_root() {
        return;
    }
    let room = Room::new();
    std::os::unix::fs::chown(room.directory.path(), None, Some(NOBODY)).unwrap();
    fs::set_permissions(room.directory.path(), fs::Permissions::from_mode(0o2755)).unwrap();
    room.replace(b"same");
    assert_eq!(fs::metadata(room.path()).unwrap().gid(), NOBODY);
    assert_eq!(room.apply(b"same").unwrap().outcome, Outcome::Unchanged);
}

#[test]
fn an_unknown_owner_or_group_is_an_error_that_names_it() {
    let mut room = Room::new();
    room.settings().owner = Some(Principal("no-such-user".into()));
    let text = chain(&room.apply(b"x").unwrap_err());
    assert!(text.contains("no user is called 'no-such-user'") && text.contains("/dest"), "{text}");
    room.settings().owner = None;
    for name in ["no-such-group", "4294967295", "+5", ""] {
        room.settings().group = Some(Principal(name.into()));
        let text = chain(&room.apply(b"x").unwrap_err());
        assert!(text.contains(&format!("no group is called '{name}'")), "{text}");
    }
    assert!(!room.path().exists());
    room.assert_no_strays();
}

#[test]
fn directories_on_the_way_may_be_links() {
    let mut room = Room::new();
    fs::create_dir(room.beside("real")).unwrap();
    symlink("real", room.beside("link")).unwrap();
    room.target.path = room.beside("link/dest").into();
    room.replace(b"through");
    assert_eq!(fs::read(room.beside("real/dest")).unwrap(), b"through");
}

#[test]
fn a_file_in_the_place_of_a_directory_is_an_error_that_names_it() {
    let mut room = Room::new();
    fs::write(room.beside("file"), "").unwrap();
    room.target.path = room.beside("file/below/dest").into();
    let text = chain(&room.apply(b"x").unwrap_err());
    assert!(text.contains("/file: Not a directory"), "{text}");
}

#[test]
fn a_path_that_names_no_file_is_an_error() {
    for path in ["/", "..", "/tmp/.."] {
        let target = target(path.into());
        let text = chain(&super::apply_batch(&[(&target, b"x")]).remove(0).unwrap_err());
        assert!(text.contains("does not name a file"), "{text}");
    }
}

#[test]
fn two_paths_to_one_file_are_located_at_the_same_place() {
    let room = Room::new();
    fs::create_dir(room.beside("real")).unwrap();
    symlink("real", room.beside("link")).unwrap();
    let at = |path: &str| locate(&target(room.beside(path))).unwrap();
    assert_eq!(at("real/dest"), at("link/dest"));
    assert_eq!(at("real/new/dest"), at("link/new/dest"));
    assert_ne!(at("real/dest"), at("real/dest2"));
    assert_ne!(at("real/dest"), at("dest"));
    assert!(!room.beside("real/new").exists(), "locating creates nothing");
}

#[test]
fn a_reader_never_sees_a_mix() {
    let mut room = Room::new();
    room.settings().fsync = false;
    let contents = [vec![b'a'; 50_000], vec![b'b'; 70_000]];
    room.replace(&contents[0]);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut reads = 0;
            while !done.load(Ordering::Relaxed) {
                let seen = fs::read(room.path()).unwrap();
                assert!(contents.contains(&seen), "a mix of {} bytes", seen.len());
                reads += 1;
            }
            reads
        });
        for round in 1..=2_000 {
            room.apply(&contents[round % 2]).unwrap();
        }
        done.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 0);
    });
    room.assert_no_strays();
}

#[test]
fn an_unprivileged_watcher_needs_no_capability_for_its_own_files() {
    if let Some(directory) = super::rerun::shared_directory() {
        let target = target_of(NOBODY, directory.join("dest"));
        let applied = super::apply_batch(&[(&target, b"mine")]).remove(0).unwrap();
        assert_eq!(applied.outcome, Outcome::Replaced);
        let foreign = target_of(0, target.path.to_path_buf());
        let text = chain(&super::apply_batch(&[(&foreign, b"mine")]).remove(0).unwrap_err());
        assert!(
            text.contains("cannot set the owner of") && text.contains("the watcher lacks CAP_CHOWN"),
            "{text}"
        );
        return;
    }
    if is_root() {
        let room = Room::new();
        std::os::unix::fs::chown(room.directory.path(), Some(NOBODY), None).unwrap();
        let test = "apply::an_unprivileged_watcher_needs_no_capability_for_its_own_files";
        super::rerun::rerun_as_nobody(test, "-chown", room.directory.path());
        room.assert_holds(b"mine");
    }
}

#[test]
fn an_unprivileged_watcher_replaces_a_file_that_it_may_not_read() {
    if let Some(directory) = super::rerun::shared_directory() {
        let target = target_of(1234, directory.join("dest"));
        let apply = || super::apply_batch(&[(&target, b"same")]).remove(0).unwrap();
        assert_eq!(apply().outcome, Outcome::Replaced);
        assert!(fs::File::open(&target.path).is_err(), "it may be read");
        assert_eq!(apply().outcome, Outcome::Replaced);
        return;
    }
    if is_root() {
        let room = Room::new();
        std::os::unix::fs::chown(room.directory.path(), Some(NOBODY), None).unwrap();
        let test = "apply::an_unprivileged_watcher_replaces_a_file_that_it_may_not_read";
        super::rerun::rerun_as_nobody(test, "+chown,+fowner", room.directory.path());
        room.assert_holds(b"same");
        assert_eq!(fs::metadata(room.path()).unwrap().uid(), 1234);
    }
}

#[test]
fn a_file_that_is_as_it_was_left_is_compared_by_a_trace_of_its_content_and_any_other_is_read() {
    let room = Room::new();
    let identity = room.apply(b"one").unwrap().identity;
    let left = Left::new(identity, b"one");
    assert!(left.differs(&identity, b"two"), "not read");
    assert!(!left.differs(&identity, b"one"));
    let apply = |content| {
        let write = Write { target: &room.target, content, left: Some(left) };
        super::super::apply_batch(&[write], None).remove(0).unwrap().outcome
    };
    assert_eq!(apply(b"one"), Outcome::Unchanged);

    // Somebody has put there what is to be written next.
    fs::write(room.path(), b"two").unwrap();
    let found = look(CWD, room.path()).unwrap();
    assert!(!left.differs(&found, b"two"));
    assert_eq!(apply(b"two"), Outcome::Unchanged);
    assert_eq!(apply(b"six"), Outcome::Replaced);
}
