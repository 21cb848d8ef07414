//! Somebody else changes the destination.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};

use ld_testkit::{Admin, Namespace};

use crate::bounds::DRIFT;
use crate::harness::tests;
use crate::observer::BY_HAND;
use crate::rig::{NAME, NODE, Rig, host};

tests! {
    a_destination_edited_or_deleted_by_hand_is_restored: 25,
}

fn a_destination_edited_or_deleted_by_hand_is_restored() {
    let namespace = Namespace::new();
    let admin = Admin::new(namespace.server().address());
    let rig = Rig::start(host(namespace.connect_string()), admin, namespace.path(NODE));
    rig.observer.let_it_be_missing();
    rig.observer.let_it_be_edited();
    let dest = rig.host.file(NAME);
    let repairs = std::cell::Cell::new(0);
    let restored = |fault: &str| {
        rig.converges(fault, DRIFT);
        assert!(fs::symlink_metadata(&dest).is_ok_and(|file| file.is_file()));
        let repaired = rig.watcher.stderr().matches("was changed by somebody else").count();
        assert!(repaired > repairs.replace(repaired), "a repair is said:\n{}", rig.watcher.stderr());
    };

    fs::remove_file(&dest).expect("it is there");
    restored("destination deleted by hand");

    fs::write(&dest, BY_HAND).expect("root may write it");
    restored("destination edited in place");

    let edited = rig.host.path("edited");
    fs::write(&edited, [BY_HAND, b" with another inode"].concat()).expect("a private directory is writable");
    fs::rename(&edited, &dest).expect("it can be replaced");
    restored("destination replaced by hand");

    // The same size and mtime again: only the change time tells.
    let whole = fs::read(&dest).expect("it is there");
    let found = fs::metadata(&dest).expect("it is there");
    let file = fs::OpenOptions::new().write(true).open(&dest).expect("root may write it");
    (&file).write_all(&[BY_HAND, &whole[BY_HAND.len()..]].concat()).expect("root may write it");
    file.set_modified(found.modified().expect("Linux has mtimes")).expect("root may set it");
    drop(file);
    restored("destination edited in place, with size and mtime as before");

    fs::write(&edited, [BY_HAND, b" behind a link"].concat()).expect("a private directory is writable");
    fs::remove_file(&dest).expect("it is there");
    // The watcher may be faster.
    while symlink(&edited, &dest).is_err() {
        let _ = fs::remove_file(&dest);
    }
    restored("destination replaced by a symlink");
    assert!(fs::read(&edited).expect("it is there").starts_with(BY_HAND), "a link is never followed");

    let mode = || fs::metadata(&dest).map_or(0, |file| file.permissions().mode() & 0o7777);
    fs::set_permissions(&dest, Permissions::from_mode(0o666)).expect("root may set it");
    let since = std::time::Instant::now();
    ld_testkit::wait_until("the mode to be restored", DRIFT + crate::bounds::LOADED_MACHINE, || {
        mode() == 0o400
    });
    crate::rig::report("destination's mode changed by hand", DRIFT, since.elapsed());
    rig.finish();
}
