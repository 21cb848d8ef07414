//! File systems that refuse, and heal.

use std::fs;
use std::path::Path;
use std::process::Command;

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, setrlimit};

use super::super::remove;
use super::super::system::{Call, injected::with_answer};
use super::rerun::{rerun_with_mounts, shared_directory};
use super::{Fixture, NOBODY, Outcome, TestFile, inode, is_root, user};

fn mount(arguments: &[&str], at: &Path) {
    let status = Command::new("mount").args(arguments).arg(at).status().unwrap();
    assert!(status.success(), "mount {arguments:?}: {status}");
}

/// Runs `body` in a directory of a private mount namespace.
fn with_mounts(test: &str, body: impl FnOnce(&mut Fixture, &Path)) {
    if let Some(directory) = shared_directory() {
        let mut fixture = Fixture::new();
        fixture.file = TestFile::new(directory.join("dest"));
        body(&mut fixture, &directory);
    } else if is_root() {
        rerun_with_mounts(&format!("faults::{test}"), Fixture::new().directory.path());
    }
}

/// Runs `body` in a tmpfs of its own, mounted with `options`.
fn on_tmpfs(test: &str, options: &str, body: impl FnOnce(&mut Fixture, &Path)) {
    with_mounts(test, |fixture, directory| {
        mount(&["-t", "tmpfs", "-o", options, "tmpfs"], directory);
        body(fixture, directory);
    });
}

#[test]
fn a_full_disk_leaves_the_old_file_and_heals() {
    on_tmpfs("a_full_disk_leaves_the_old_file_and_heals", "size=64k", |fixture, directory| {
        fixture.write(b"good").unwrap();
        let large = vec![b'x'; 200_000];
        for _ in 0..3 {
            let text = fixture.write(&large).unwrap_err().to_string();
            assert!(text.contains("No space left on device") && text.contains("/dest"), "{text}");
            assert_eq!(fs::read(fixture.path()).unwrap(), b"good");
            assert_eq!(super::names(directory), ["dest"]);
        }
        assert!(fixture.touch().is_ok());
        mount(&["-o", "remount,size=1m"], directory);
        assert_eq!(fixture.write(&large).unwrap(), Outcome::Replaced);
        assert_eq!(fs::read(fixture.path()).unwrap(), large);
    });
}

#[test]
fn exhausted_inodes_leave_the_old_file_and_heal() {
    on_tmpfs("exhausted_inodes_leave_the_old_file_and_heal", "size=1m,nr_inodes=2", |fixture, directory| {
        fixture.write(b"good").unwrap();
        let text = fixture.write(b"better").unwrap_err().to_string();
        assert!(text.contains("cannot create a temporary file in"), "{text}");
        assert_eq!(fs::read(fixture.path()).unwrap(), b"good");
        mount(&["-o", "remount,nr_inodes=100"], directory);
        assert_eq!(fixture.write(b"better").unwrap(), Outcome::Replaced);
    });
}

#[test]
fn a_read_only_file_system_fails_everything_and_heals() {
    on_tmpfs("a_read_only_file_system_fails_everything_and_heals", "size=1m", |fixture, directory| {
        fixture.write(b"good").unwrap();
        mount(&["-o", "remount,ro"], directory);
        let expected = format!(
            "cannot create a temporary file in {}: Read-only file system (os error 30); mount it writable, \
             or add it to ReadWritePaths of the unit",
            directory.display()
        );
        assert_eq!(fixture.write(b"better").unwrap_err().to_string(), expected);
        let text = remove(fixture.file.target(), &mut fixture.state).unwrap_err().to_string();
        assert!(text.contains("Read-only file system"), "{text}");
        let text = fixture.touch().unwrap_err().to_string();
        assert!(text.contains("Read-only file system"), "{text}");
        assert_eq!(fixture.write(b"good").unwrap(), Outcome::Unchanged);
        mount(&["-o", "remount,rw"], directory);
        assert_eq!(fixture.write(b"better").unwrap(), Outcome::Replaced);
    });
}

#[test]
fn a_file_that_is_mounted_asks_for_a_mounted_directory() {
    with_mounts("a_file_that_is_mounted_asks_for_a_mounted_directory", |fixture, directory| {
        fs::write(directory.join("source"), "old").unwrap();
        fs::write(fixture.path(), "").unwrap();
        mount(&["--bind", directory.join("source").to_str().unwrap()], fixture.path());
        let (dest, advice) =
            (fixture.path().display(), "it is a mount point; mount the directory, not the file");
        let expected =
            [format!("cannot replace {dest}: {advice}"), format!("cannot remove {dest}: {advice}")];
        assert_eq!(fixture.write(b"new").unwrap_err().to_string(), expected[0]);
        assert_eq!(remove(fixture.file.target(), &mut fixture.state).unwrap_err().to_string(), expected[1]);
        assert_eq!(super::names(directory), ["dest", "source"]);
        assert!(Command::new("umount").arg(fixture.path()).status().unwrap().success());
        assert_eq!(fixture.write(b"new").unwrap(), Outcome::Replaced);
    });
}

#[test]
fn a_file_beyond_the_size_limit_is_an_error() {
    with_mounts("a_file_beyond_the_size_limit_is_an_error", |fixture, directory| {
        // Rust programs start with SIGXFSZ as it is, so it is ignored as the watcher does.
        assert!(is_ignored(25), "run by env --ignore-signal=XFSZ");
        setrlimit(Resource::Fsize, Rlimit { current: Some(1000), maximum: Some(1000) }).unwrap();
        fixture.write(b"good").unwrap();
        let text = fixture.write(&[b'x'; 2000]).unwrap_err().to_string();
        assert!(
            text.contains("cannot write a temporary file for") && text.contains("File too large"),
            "{text}"
        );
        assert_eq!(super::names(directory), ["dest"]);
        assert_eq!(fixture.write(b"better").unwrap(), Outcome::Replaced);
    });
}

/// Whether this process ignores a signal.
fn is_ignored(signal: u32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:\t")).unwrap();
    u64::from_str_radix(mask, 16).unwrap() & (1 << (signal - 1)) != 0
}

#[test]
fn a_file_system_without_fsync_counts_as_written() {
    for error in [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP] {
        let mut fixture = Fixture::new();
        with_answer(Call::Fsync, Err(error), || {
            fixture.file.dest = fixture.beside("new/directory/dest");
            fixture.replace(b"content");
            let before = inode(fixture.path());
            assert_eq!(fixture.write(b"content").unwrap(), Outcome::Unchanged);
            assert_eq!(inode(fixture.path()), before);
            assert!(remove(fixture.file.target(), &mut fixture.state).is_ok());
        });
    }
}

#[test]
fn a_failed_fsync_of_the_file_leaves_the_old_one() {
    let mut fixture = Fixture::new();
    fixture.replace(b"old");
    let error = with_answer(Call::Fsync, Err(Errno::IO), || fixture.write(b"new").unwrap_err());
    let text = error.to_string();
    assert!(
        text.contains("cannot flush the temporary file") && text.contains("Input/output error"),
        "{text}"
    );
    fixture.assert_holds(b"old");
    fixture.replace(b"new");
}

#[test]
fn an_owner_that_the_file_system_does_not_keep_is_an_error() {
    if !is_root() {
        return;
    }
    let mut fixture = Fixture::new();
    fixture.replace(b"old");
    fixture.file.owner = user(NOBODY);
    let text = with_answer(Call::Chown, Ok(()), || fixture.write(b"new").unwrap_err().to_string());
    assert!(text.contains("owner 0:0 instead of 65534:0, so its content is not published"), "{text}");
    fixture.assert_holds(b"old");
    fixture.replace(b"new");
}

#[test]
fn a_directory_that_was_removed_is_created_again() {
    let mut fixture = Fixture::new();
    fixture.file.dest = fixture.beside("below/dest");
    fixture.replace(b"one");
    fs::remove_dir_all(fixture.beside("below")).unwrap();
    fixture.replace(b"two");
}
