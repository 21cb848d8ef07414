//! Symbolic and hard links.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::case::{Case, How, replace, write};
use super::scenarios;
use crate::kit::Dir;

scenarios! {
    kubernetes_data_double_symlink
    current_to_releases_n_etc_f
    file_symlink_into_another_directory
    dangling_symlink_until_its_target_appears
    write_through_a_hard_link_elsewhere
}

/// Points a link elsewhere, in one step.
fn switch(link: &Path, target: impl AsRef<Path>) {
    let temp = link.with_file_name("switching");
    symlink(target, &temp).expect("link");
    fs::rename(temp, link).expect("rename");
}

fn kubernetes_data_double_symlink(how: How) {
    let dir = Dir::new();
    let publish = |number: u64| {
        let stamp = format!("..stamp-{number}");
        fs::create_dir(dir.path(&stamp)).expect("a directory");
        write(&dir.path(&stamp).join("file"), number);
        switch(&dir.path("..data"), &stamp);
        if number > 1 {
            fs::remove_dir_all(dir.path(&format!("..stamp-{}", number - 1))).expect("remove");
        }
    };
    publish(1);
    symlink("..data/file", dir.path("file")).expect("link");
    let case = Case::new(how, &dir.path("file"));
    for number in 2..=5 {
        publish(number);
        case.shows(number);
    }
    case.ends_well();
}

fn current_to_releases_n_etc_f(how: How) {
    let dir = Dir::new();
    for number in 1..=3 {
        let etc = dir.path(&format!("releases/{number}/etc"));
        fs::create_dir_all(&etc).expect("directories");
        write(&etc.join("f"), number);
    }
    // Absolute and relative targets, and one that goes up.
    switch(&dir.path("current"), dir.path("releases/1"));
    let case = Case::new(how, &dir.path("current/etc/f"));
    switch(&dir.path("current"), "releases/2");
    case.shows(2);
    switch(&dir.path("current"), "releases/../releases/3");
    case.shows(3);
    replace(&dir.path("releases/3/etc/f"), 4);
    case.shows(4);
    case.ends_well();
}

fn file_symlink_into_another_directory(how: How) {
    let dir = Dir::new();
    fs::create_dir(dir.path("other")).expect("a directory");
    let target = dir.path("other/target");
    write(&target, 1);
    symlink(&target, dir.path("file")).expect("link");
    let case = Case::new(how, &dir.path("file"));
    replace(&target, 2);
    case.shows(2);
    write(&target, 3);
    case.shows(3);
    write(&dir.path("other/next"), 4);
    switch(&dir.path("file"), "other/next");
    case.shows(4);
    replace(&dir.path("other/next"), 5);
    case.shows(5);
    case.ends_well();
}

fn dangling_symlink_until_its_target_appears(how: How) {
    let dir = Dir::new();
    symlink("missing/target", dir.path("file")).expect("link");
    let case = Case::new(how, &dir.path("file"));
    assert!(case.watcher().get().is_err());
    fs::create_dir(dir.path("missing")).expect("a directory");
    write(&dir.path("missing/target"), 1);
    case.watcher().wait_available(crate::kit::DEADLINE).expect("content without a read that tries");
    replace(&dir.path("missing/target"), 2);
    case.shows(2);
    case.ends_well();
}

fn write_through_a_hard_link_elsewhere(how: How) {
    let dir = Dir::new();
    let (path, elsewhere) = (dir.path("a/file"), dir.path("b/name"));
    for path in [&path, &elsewhere] {
        fs::create_dir(path.parent().expect("a parent")).expect("a directory");
    }
    write(&path, 1);
    fs::hard_link(&path, &elsewhere).expect("link");
    let case = Case::new(how, &path);
    for number in 2..=4 {
        write(&elsewhere, number);
        case.shows(number);
    }
    replace(&path, 5);
    case.shows(5);
    write(&elsewhere, 6);
    write(&path, 7);
    case.shows(7);
    case.ends_well();
}
