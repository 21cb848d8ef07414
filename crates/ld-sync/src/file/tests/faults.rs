//! File systems that refuse, and heal.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::super::{Outcome, remove, touch};
use super::rerun::{rerun_with_mounts, shared_directory};
use super::{Room, apply_batch, chain, is_root, names, target};

fn mount(arguments: &[&str], at: &Path) {
    let status = Command::new("mount").args(arguments).arg(at).status().unwrap();
    assert!(status.success(), "mount {arguments:?}: {status}");
}

/// Runs `test` in a tmpfs of its own, mounted with `options`.
fn on_tmpfs(test: &str, options: &str, body: impl FnOnce(&Path)) {
    if let Some(directory) = shared_directory() {
        mount(&["-t", "tmpfs", "-o", options, "tmpfs"], &directory);
        body(&directory);
    } else if is_root() {
        rerun_with_mounts(&format!("faults::{test}"), Room::new().directory.path());
    }
}

#[test]
fn a_full_disk_leaves_the_old_file_and_heals() {
    on_tmpfs("a_full_disk_leaves_the_old_file_and_heals", "size=64k", |directory| {
        let target = target(directory.join("dest"));
        let apply = |content: &[u8]| apply_batch(&[(&target, content)]).remove(0);
        let left = apply(b"good").unwrap().identity;
        let large = vec![b'x'; 200_000];
        for _ in 0..3 {
            let text = chain(&apply(&large).unwrap_err());
            assert!(text.contains("No space left on device") && text.contains("/dest"), "{text}");
            assert_eq!(fs::read(&target.path).unwrap(), b"good");
            assert_eq!(names(directory), ["dest"]);
        }
        assert!(touch(&target, &left).is_ok());
        mount(&["-o", "remount,size=1m"], directory);
        assert_eq!(apply(&large).unwrap().outcome, Outcome::Replaced);
        assert_eq!(fs::read(&target.path).unwrap(), large);
    });
}

#[test]
fn files_of_one_batch_do_not_take_each_others_room() {
    // Room for five files: for four that stand there, and for one beside them.
    on_tmpfs("files_of_one_batch_do_not_take_each_others_room", "size=1m,nr_inodes=6", |directory| {
        let targets: Vec<_> = (0..4).map(|index| target(directory.join(format!("dest{index}")))).collect();
        for content in ["good", "better"] {
            let jobs: Vec<_> = targets.iter().map(|target| (target, content.as_bytes())).collect();
            for result in apply_batch(&jobs) {
                assert_eq!(result.unwrap().outcome, Outcome::Replaced);
            }
            assert!(targets.iter().all(|target| fs::read_to_string(&target.path).unwrap() == content));
        }
    });
}

#[test]
fn exhausted_inodes_leave_the_old_file_and_heal() {
    on_tmpfs("exhausted_inodes_leave_the_old_file_and_heal", "size=1m,nr_inodes=2", |directory| {
        let target = target(directory.join("dest"));
        let apply = |content: &[u8]| apply_batch(&[(&target, content)]).remove(0);
        apply(b"good").unwrap();
        let text = chain(&apply(b"better").unwrap_err());
        assert!(text.contains("cannot create a temporary file in"), "{text}");
        assert_eq!(fs::read(&target.path).unwrap(), b"good");
        mount(&["-o", "remount,nr_inodes=100"], directory);
        assert_eq!(apply(b"better").unwrap().outcome, Outcome::Replaced);
    });
}

#[test]
fn a_read_only_file_system_fails_everything_and_heals() {
    on_tmpfs("a_read_only_file_system_fails_everything_and_heals", "size=1m", |directory| {
        let target = target(directory.join("dest"));
        let apply = |content: &[u8]| apply_batch(&[(&target, content)]).remove(0);
        let left = apply(b"good").unwrap().identity;
        mount(&["-o", "remount,ro"], directory);
        let expected = format!(
            "cannot create a temporary file in {}: Read-only file system (os error 30)",
            directory.display()
        );
        assert_eq!(chain(&apply(b"better").unwrap_err()), expected);
        assert!(chain(&remove(&target).unwrap_err()).contains("Read-only file system"));
        assert!(chain(&touch(&target, &left).unwrap_err()).contains("Read-only file system"));
        assert_eq!(apply(b"good").unwrap().outcome, Outcome::Unchanged);
        mount(&["-o", "remount,rw"], directory);
        assert_eq!(apply(b"better").unwrap().outcome, Outcome::Replaced);
    });
}

#[test]
fn a_directory_that_was_removed_is_created_again() {
    let mut room = Room::new();
    room.target.path = room.beside("below/dest").into();
    room.replace(b"one");
    fs::remove_dir_all(room.beside("below")).unwrap();
    room.replace(b"two");
}
