//! Ways to write a file.

use std::fs::{File, OpenOptions};
use std::io::{Seek, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::case::{Case, How, QUIET, replace, write};
use super::scenarios;
use crate::kit::Dir;
use crate::payload::payload;

scenarios! {
    atomic_rename_over
    in_place_truncate_and_write
    slow_writer_in_chunks
    writer_that_pauses_longer_than_the_quiet_time
    write_with_the_descriptor_held_open
    delete_and_recreate
    missing_at_start
    mtime_going_backwards
    same_size_and_same_mtime
    five_hundred_writes_in_one_clock_tick
    mmap_write
    two_thousand_renames_at_a_thousand_a_second
}

fn start(how: How) -> (Dir, std::path::PathBuf, Case) {
    let dir = Dir::new();
    let path = dir.write("file", payload(1));
    let case = Case::new(how, &path);
    case.shows(1);
    (dir, path, case)
}

fn atomic_rename_over(how: How) {
    let (_dir, path, case) = start(how);
    for number in 2..=5 {
        replace(&path, number);
        case.shows(number);
    }
    case.ends_well();
}

fn in_place_truncate_and_write(how: How) {
    let (_dir, path, case) = start(how);
    for number in 2..=5 {
        write(&path, number);
        case.shows(number);
    }
    case.ends_well();
}

fn slow_writer_in_chunks(how: How) {
    // The guarantee is for pauses below the quiet time. An attempt with a longer pause of this
    // thread proves nothing and is repeated.
    for attempt in 2..20 {
        let (_dir, path, case) = start(how);
        let (slowest, whole) = write_slowly(&path, attempt, QUIET / 10);
        if slowest < QUIET / 2 && whole < Duration::from_millis(800) {
            case.shows(attempt);
            return case.ends_well();
        }
    }
    panic!("the thread never ran in time on this machine");
}

fn writer_that_pauses_longer_than_the_quiet_time(how: How) {
    let (_dir, path, case) = start(how);
    write_slowly(&path, 2, QUIET + QUIET / 2);
    // It looks like a writer that has finished: parts may have been read, but the end is right.
    case.shows(2);
}

/// Returns the longest time between two writes, and the time for all.
fn write_slowly(path: &Path, number: u64, pause: Duration) -> (Duration, Duration) {
    let content = payload(number);
    let start = Instant::now();
    let (mut last, mut slowest) = (start, Duration::ZERO);
    let mut file = File::create(path).expect("create");
    for chunk in content.chunks(content.len() / 10) {
        file.write_all(chunk).expect("write");
        std::thread::sleep(pause);
        slowest = slowest.max(last.elapsed());
        last = Instant::now();
    }
    drop(file);
    (slowest, start.elapsed())
}

fn write_with_the_descriptor_held_open(how: How) {
    let (_dir, path, case) = start(how);
    let mut file = OpenOptions::new().write(true).open(&path).expect("open");
    for number in 2..=4 {
        file.rewind().expect("rewind");
        file.write_all(&payload(number)).expect("write");
        case.shows(number);
    }
    case.ends_well();
}

fn delete_and_recreate(how: How) {
    let (_dir, path, case) = start(how);
    std::fs::remove_file(&path).expect("remove");
    case.fails("does not exist", 1);
    write(&path, 2);
    case.shows(2);
    for number in 3..=10 {
        std::fs::remove_file(&path).expect("remove");
        write(&path, number);
        case.shows(number);
    }
    case.ends_well();
}

fn missing_at_start(how: How) {
    let dir = Dir::new();
    let path = dir.path("file");
    let case = Case::new(how, &path);
    assert!(case.watcher().get().is_err());
    write(&path, 1);
    case.watcher().wait_available(crate::kit::DEADLINE).expect("content without a read that tries");
    case.shows(1);
    case.ends_well();
}

fn mtime_going_backwards(how: How) {
    let (_dir, path, case) = start(how);
    let past = std::time::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let temp = path.with_extension("old");
    std::fs::write(&temp, payload(2)).expect("write");
    File::options().write(true).open(&temp).expect("open").set_modified(past).expect("set the time");
    std::fs::rename(&temp, &path).expect("rename");
    case.shows(2);
    assert_eq!(case.watcher().mtime().expect("content"), past);
    case.ends_well();
}

fn same_size_and_same_mtime(how: How) {
    let (_dir, path, case) = start(how);
    for number in 2..=4 {
        let mtime = std::fs::metadata(&path).expect("stat").modified().expect("a time");
        let file = OpenOptions::new().write(true).open(&path).expect("open");
        file.write_all_at(&payload(number), 0).expect("write");
        file.set_modified(mtime).expect("set the time");
        drop(file);
        case.shows(number);
    }
    case.ends_well();
}

fn five_hundred_writes_in_one_clock_tick(how: How) {
    let (_dir, path, case) = start(how);
    let file = OpenOptions::new().write(true).open(&path).expect("open");
    for number in 2..=501 {
        file.write_all_at(&payload(number), 0).expect("write");
    }
    drop(file);
    case.shows(501);
    case.ends_well();
}

fn mmap_write(how: How) {
    // Writing to a mapping needs unsafe code, so a C program does it.
    const SOURCE: &str = r#"
        #include <fcntl.h>
        #include <stdio.h>
        #include <sys/mman.h>
        int main(int argc, char **argv) {
            static char content[1 << 16];
            size_t size = fread(content, 1, sizeof content, stdin);
            int file = open(argv[1], O_RDWR);
            char *map = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
            if (argc != 2 || map == MAP_FAILED) return 1;
            for (size_t i = 0; i < size; i++) map[i] = content[i];
            return msync(map, size, MS_SYNC);
        }"#;
    let (dir, path, case) = start(how);
    let source = dir.write("mmap.c", SOURCE);
    let program = dir.path("mmap");
    let built = Command::new("cc").arg("-o").args([&program, &source]).status();
    assert!(built.is_ok_and(|status| status.success()), "a C compiler is needed: apt-get install gcc");
    let content = dir.write("content", payload(2));
    let run = Command::new(&program).arg(&path).stdin(File::open(content).expect("open")).status();
    assert!(run.expect("run").success());
    case.shows(2);
    // Nothing marks the end of a write to a mapping: parts may have been read.
    assert_eq!(case.watcher().version(), 2);
}

fn two_thousand_renames_at_a_thousand_a_second(how: How) {
    let (_dir, path, case) = start(how);
    let mut reader = case.watcher().reader().expect("content");
    let mut seen = 1;
    let start = Instant::now();
    for number in 2..=2_001 {
        replace(&path, number);
        let now = *reader.get();
        assert!(now >= seen, "{now} came after {seen}");
        seen = now;
        let next = start + Duration::from_millis(number);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    case.shows(2_001);
    case.ends_well();
}
