//! Content that is touched, bad, too large, or not a file at all.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::case::{Case, How, replace};
use super::scenarios;
use crate::kit::{Dir, eventually};
use crate::payload::payload;

scenarios! {
    heartbeat_touch
    bad_then_good_content
    parser_panic
    too_large_then_fine
    fifo_or_directory_in_the_files_place
}

fn heartbeat_touch(how: How) {
    let dir = Dir::new();
    let path = dir.write("file", payload(1));
    let case = Case::new(how, &path);
    let mut subscription = case.watcher().subscribe();
    let mut mtime = case.watcher().mtime().expect("content");
    for _ in 0..3 {
        mtime += Duration::from_secs(300);
        fs::File::options().write(true).open(&path).expect("open").set_modified(mtime).expect("touch");
        eventually("the heartbeat", || case.watcher().mtime().is_ok_and(|now| now == mtime));
    }
    // The same bytes in a new file are no change either.
    replace(&path, 1);
    let replaced = fs::metadata(&path).expect("stat").modified().expect("a time");
    eventually("the new file", || case.watcher().mtime().is_ok_and(|now| now == replaced));
    assert_eq!((case.parsed(), case.watcher().version()), (1, 1));
    assert!(subscription.try_recv().is_none());
    case.ends_well();
}

fn bad_then_good_content(how: How) {
    let dir = Dir::new();
    let path = dir.write("file", payload(1));
    let case = Case::new(how, &path);
    crate::kit::replace(&path, "bad");
    case.fails("cannot be parsed", 1);
    replace(&path, 2);
    case.shows(2);
    crate::kit::replace(&path, "bad");
    case.fails("cannot be parsed", 2);
    // Back to the published content: the error is cleared and nothing is parsed.
    let parsed = case.parsed();
    replace(&path, 2);
    case.shows(2);
    assert_eq!((case.parsed(), case.watcher().version()), (parsed, 2));
    case.ends_well();
}

fn parser_panic(how: How) {
    let dir = Dir::new();
    let path = dir.write("file", payload(1));
    let case = Case::new(how, &path);
    crate::kit::replace(&path, "panic");
    case.fails("the parser panicked: asked to", 1);
    replace(&path, 2);
    case.shows(2);
    case.ends_well();
}

fn too_large_then_fine(how: How) {
    let dir = Dir::new();
    let path = dir.write("file", payload(1));
    let limit = payload(1).len() as u64;
    let case = Case::with(how, &path, |builder| builder.max_size(limit));
    crate::kit::replace(&path, vec![b'x'; payload(1).len() + 1]);
    case.fails("larger than the limit", 1);
    replace(&path, 2);
    case.shows(2);
    case.ends_well();
}

fn fifo_or_directory_in_the_files_place(how: How) {
    let dir = Dir::new();
    let path = dir.write("file", payload(1));
    let case = Case::new(how, &path);
    let fifo = |path: &Path| mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("mknod");
    for (number, what) in [(1, "a fifo"), (2, "a directory")] {
        fs::remove_file(&path).expect("remove");
        if number == 1 {
            fifo(&path)
        } else {
            fs::create_dir(&path).expect("mkdir")
        }
        case.fails(what, number);
        fs::rename(&path, dir.path(what)).expect("move away");
        replace(&path, number + 1);
        case.shows(number + 1);
    }
    case.ends_well();
}
