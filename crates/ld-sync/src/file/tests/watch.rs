//! Drift and heartbeat.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::CWD;

use super::super::identity::look;
use super::super::{Drift, Identity, Search, TouchError, touch};
use super::rerun::{rerun_as_nobody, shared_directory};
use super::{NOBODY, Room, Target, apply_batch, is_root, target, target_of};

/// A way to spoil a file.
type Spoil = fn(&Room);

/// Every way in which somebody else can change the file, and whether the drift says what is there.
const SPOILS: [(&str, Spoil); 10] = [
    ("removed", |room| fs::remove_file(room.path()).unwrap()),
    ("replaced by the same content", |room| {
        fs::write(room.beside("other"), "content").unwrap();
        fs::rename(room.beside("other"), room.path()).unwrap();
    }),
    ("appended to", |room| File::options().append(true).open(room.path()).unwrap().write_all(b"!").unwrap()),
    ("written in place, same size", |room| fs::write(room.path(), "CONTENT").unwrap()),
    ("written in place, mtime put back", |room| {
        let before = fs::metadata(room.path()).unwrap().modified().unwrap();
        fs::write(room.path(), "CONTENT").unwrap();
        File::open(room.path()).unwrap().set_modified(before).unwrap();
    }),
    ("another mode", |room| fs::set_permissions(room.path(), fs::Permissions::from_mode(0o604)).unwrap()),
    ("touched", |room| File::open(room.path()).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap()),
    ("hard link", |room| fs::hard_link(room.path(), room.beside("other")).unwrap()),
    ("link to a copy", |room| {
        fs::rename(room.path(), room.beside("other")).unwrap();
        symlink("other", room.path()).unwrap();
    }),
    ("directory", |room| {
        fs::remove_file(room.path()).unwrap();
        fs::create_dir(room.path()).unwrap();
    }),
];

fn room() -> (Room, Identity) {
    let mut room = Room::new();
    room.settings().mode = 0o600;
    let left = room.replace(b"content").identity;
    // Two changes within one tick of the file system's clock cannot be told apart.
    let probe = room.beside("probe");
    while is_of_this_tick(&left, &probe) {}
    (room, left)
}

/// Whether a file changed now gets the time of `left`.
fn is_of_this_tick(left: &Identity, probe: &Path) -> bool {
    fs::write(probe, "").unwrap();
    let now = look(CWD, probe).unwrap();
    fs::remove_file(probe).unwrap();
    now.changed == left.changed
}

/// Verifies the file as the first of a search, and twice more, which are looks from its open directory.
fn verify(target: &Target, left: &Identity) -> Result<(), Drift> {
    let mut search = Search::default();
    let first = search.verify(target, left);
    for _ in 0..2 {
        let again = search.verify(target, left);
        assert_eq!(format!("{again:?}"), format!("{first:?}"));
    }
    first
}

#[test]
fn a_file_as_it_was_left_shows_no_drift() {
    let (room, left) = room();
    assert!(verify(&room.target, &left).is_ok());
    let unchanged = room.apply(b"content").unwrap().identity;
    assert!(verify(&room.target, &unchanged).is_ok());
}

#[test]
fn every_change_by_others_is_drift_and_stops_the_heartbeat() {
    for (what, spoil) in SPOILS {
        let (room, left) = room();
        spoil(&room);
        let before = fs::metadata(room.path()).ok().map(|found| (found.mtime(), found.mtime_nsec()));
        assert!(verify(&room.target, &left).is_err(), "{what}");
        assert!(matches!(touch(&room.target, &left), Err(TouchError::Drift(_))), "{what}");
        let after = fs::metadata(room.path()).ok().map(|found| (found.mtime(), found.mtime_nsec()));
        assert_eq!(after, before, "{what}: touched");
    }
}

#[test]
fn drift_says_what_is_there() {
    let (room, left) = room();
    fs::write(room.path(), "edited by hand").unwrap();
    File::open(room.path()).unwrap().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(99)).unwrap();
    let drift = verify(&room.target, &left).unwrap_err();
    assert_eq!(drift.to_string(), "the file was written to: 14 bytes, mtime 99");
    fs::remove_file(room.path()).unwrap();
    assert!(matches!(verify(&room.target, &left), Err(Drift::Missing)));
}

#[test]
fn a_search_tells_the_files_of_each_directory_from_those_of_the_last() {
    let (one, other) = (room(), room());
    fs::write(other.0.path(), "edited by hand").unwrap();
    let mut search = Search::default();
    for (room, left) in [&one, &one, &other, &other, &one, &other, &one, &one] {
        let drifted = search.verify(&room.target, left).is_err();
        assert_eq!(drifted, room.path() == other.0.path());
    }
}

#[test]
fn a_directory_that_is_gone_or_another_is_drift_of_the_next_search() {
    let (room, _) = room();
    let (live, away) = (room.path().parent().unwrap(), room.beside("away"));
    let nested = live.join("nested");
    fs::create_dir(&nested).unwrap();
    fs::rename(room.path(), nested.join("dest")).unwrap();
    let target = target(nested.join("dest"));
    let left = look(CWD, &target.path).unwrap();
    assert!(verify(&target, &left).is_ok());
    fs::rename(&nested, &away).unwrap();
    assert!(matches!(verify(&target, &left), Err(Drift::Missing)));
    fs::create_dir(&nested).unwrap();
    fs::write(&target.path, "content").unwrap();
    assert!(matches!(verify(&target, &left), Err(Drift::Changed { what: "the file was replaced", .. })));
    fs::remove_dir_all(&nested).unwrap();
    symlink(&away, &nested).unwrap();
    assert!(verify(&target, &left).is_ok(), "a directory may be a link");
}

#[test]
fn a_touch_sets_the_mtime_to_now_and_nothing_else() {
    let (room, left) = room();
    let start = SystemTime::now() - Duration::from_secs(1);
    let touched = touch(&room.target, &left).unwrap();
    room.assert_holds(b"content");
    let found = fs::metadata(room.path()).unwrap();
    assert!(found.modified().unwrap() >= start);
    assert_ne!(touched, left);
    assert!(touched.is_same_but_for_times(&left));
    assert!(verify(&room.target, &touched).is_ok());
    assert!(verify(&room.target, &left).is_err(), "what was left before the touch is history");
    assert!(touch(&room.target, &touched).is_ok());
}

#[test]
fn an_unprivileged_watcher_touches_a_file_that_it_may_not_read() {
    if let Some(directory) = shared_directory() {
        let target = target_of(1234, directory.join("dest"));
        let left = apply_batch(&[(&target, b"content")]).remove(0).unwrap().identity;
        assert!(File::open(&target.path).is_err(), "it may be read");
        let touched = touch(&target, &left).unwrap();
        assert!(verify(&target, &touched).is_ok());
        fs::remove_file(&target.path).unwrap();
        symlink("/etc/hostname", &target.path).unwrap();
        assert!(matches!(touch(&target, &touched), Err(TouchError::Drift(Drift::NotAFile))));
        return;
    }
    if is_root() {
        let room = Room::new();
        std::os::unix::fs::chown(room.directory.path(), Some(NOBODY), None).unwrap();
        let test = "watch::an_unprivileged_watcher_touches_a_file_that_it_may_not_read";
        rerun_as_nobody(test, "+chown,+fowner", room.directory.path());
    }
}
