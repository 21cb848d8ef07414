//! Figures of this process from /proc.

use std::fs;
use std::time::Duration;

/// Memory in use, in bytes.
pub(crate) fn resident() -> f64 {
    let statm = fs::read_to_string("/proc/self/statm").expect("statm");
    let pages: f64 = statm.split(' ').nth(1).expect("resident").parse().expect("a number");
    pages * 4096.0
}

/// Time that all threads have spent on a processor.
pub(crate) fn cpu() -> Duration {
    tasks()
        .map(|task| {
            let stat = fs::read_to_string(format!("{task}/schedstat")).unwrap_or_default();
            stat.split(' ')
                .next()
                .and_then(|nanos| nanos.parse().ok())
                .map_or(Duration::ZERO, Duration::from_nanos)
        })
        .sum()
}

/// Threads, the main one included.
pub(crate) fn threads() -> usize {
    tasks().count()
}

/// Open inotify instances.
pub(crate) fn inotify_instances() -> usize {
    let descriptors = fs::read_dir("/proc/self/fd").expect("fd").flatten();
    descriptors
        .filter(|fd| fs::read_link(fd.path()).is_ok_and(|to| to.ends_with("anon_inode:inotify")))
        .count()
}

/// How often the inotify thread has been woken.
pub(crate) fn wakeups() -> u64 {
    let inotify = tasks().find(|task| {
        fs::read_to_string(format!("{task}/comm")).is_ok_and(|name| name.starts_with("notify-rs"))
    });
    let status = fs::read_to_string(format!("{}/status", inotify.expect("an inotify thread")));
    let status = status.expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.and_then(|count| count.trim().parse().ok()).expect("a count")
}

fn tasks() -> impl Iterator<Item = String> {
    let tasks = fs::read_dir("/proc/self/task").expect("task").flatten();
    tasks.map(|task| task.path().display().to_string())
}
