//! Mounts over the file and its directory. No event tells of a mount: the poll does.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::case::{Case, How, replace, write};
use super::scenarios_alone;
use crate::kit::Dir;

scenarios_alone! {
    crate::child::As::RootWithPrivateMounts; Both as events_and_poll, PollAlone as poll_alone;
    [tmpfs_mounted_over_the_directory_then_unmounted bind_mount_over_the_file bind_mounts_that_alias_one_directory]
}

fn run(program: &str, args: &[&str], path: &Path) {
    let status = Command::new(program).args(args).arg(path).status();
    assert!(status.is_ok_and(|status| status.success()), "{program} {args:?} {}", path.display());
}

fn tmpfs_mounted_over_the_directory_then_unmounted(how: How) {
    let dir = Dir::new();
    fs::create_dir(dir.path("a")).expect("a directory");
    let path = dir.path("a/file");
    write(&path, 1);
    let case = Case::new(how, &path);
    for number in [2, 4] {
        run("mount", &["-t", "tmpfs", "tmpfs"], &dir.path("a"));
        case.fails("does not exist", number - 1);
        write(&path, number);
        case.shows(number);
        run("umount", &[], &dir.path("a"));
        case.shows(number - 1);
        replace(&path, number + 1);
        case.shows(number + 1);
    }
    case.ends_well();
}

fn bind_mount_over_the_file(how: How) {
    let dir = Dir::new();
    let (path, other) = (dir.path("file"), dir.path("other"));
    write(&path, 1);
    write(&other, 2);
    let case = Case::new(how, &path);
    run("mount", &["--bind", other.to_str().expect("UTF-8")], &path);
    case.shows(2);
    write(&other, 3);
    case.shows(3);
    run("umount", &[], &path);
    case.shows(1);
    replace(&path, 4);
    case.shows(4);
    case.ends_well();
}

fn bind_mounts_that_alias_one_directory(how: How) {
    let dir = Dir::new();
    let path = dir.path("real/file");
    for name in ["real", "alias"] {
        fs::create_dir(dir.path(name)).expect("a directory");
    }
    write(&path, 1);
    run("mount", &["--bind", dir.path("real").to_str().expect("UTF-8")], &dir.path("alias"));
    let cases = [Case::new(how, &path), Case::new(how, &dir.path("alias/file"))];
    for number in 2..=4 {
        replace(&path, number);
        cases.iter().for_each(|case| case.shows(number));
    }
    let [direct, alias] = cases;
    drop(direct);
    replace(&path, 5);
    alias.shows(5);
    drop(alias);
    run("umount", &[], &dir.path("alias"));
}
