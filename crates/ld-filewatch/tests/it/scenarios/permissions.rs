//! Permissions that come and go, as a user without special rights.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::case::{Case, How, replace};
use super::scenarios_alone;
use crate::kit::Dir;
use crate::payload::payload;

scenarios_alone! {
    crate::child::As::User; EventsOnly as events_only, PollAlone as poll_alone;
    [chmod_000_then_644 directory_chmod_000_then_755]
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("chmod");
}

fn chmod_000_then_644(how: How) {
    let dir = Dir::new();
    let path = dir.write("file", payload(1));
    let case = Case::new(how, &path);
    chmod(&path, 0o000);
    case.fails("cannot be read", 1);
    chmod(&path, 0o644);
    case.shows(1);
    replace(&path, 2);
    case.shows(2);
    case.ends_well();
}

fn directory_chmod_000_then_755(how: How) {
    let dir = Dir::new();
    fs::create_dir(dir.path("a")).expect("a directory");
    let path = dir.write("a/file", payload(1));
    let case = Case::new(how, &path);
    chmod(&dir.path("a"), 0o000);
    case.fails("cannot be read", 1);
    let late = Case::new(how, &path);
    assert!(late.watcher().get().is_err());
    chmod(&dir.path("a"), 0o755);
    for (number, case) in [(2, &case), (3, &late)] {
        replace(&path, number);
        case.shows(number);
    }
    case.ends_well();
    late.ends_well();
}
