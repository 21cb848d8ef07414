//! Threads, descriptors and bytes that the system refuses, at the start and at run time.
//!
//! A watcher that cannot work ends with exit code 1 and one line. It never runs without serving.

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::{Daemon, Faults, Host, Namespace, Proxy, SOON, TestCommand};

use crate::bounds::{AT_ONCE, LOADED_MACHINE, OUTAGE, PATIENCE};
use crate::harness::tests;
use crate::rig::bare_host;
use crate::serving::{Nodes, lines_with, with_node};

tests! {
    threads_refused_at_start_end_the_watcher_or_heal: 15,
    a_limit_of_threads_at_start_ends_the_watcher_or_heals: 40,
    threads_refused_at_run_time_are_survived: 45,
    a_limit_of_descriptors_at_start_ends_the_watcher_or_serves: 60,
    once_serves_many_directories_with_few_descriptors: 20,
    a_limit_of_file_size_fails_only_the_nodes_beyond_it: 20,
    a_writer_survives_a_limit_of_file_size: 5,
}

/// A watcher that cannot work must end within this time.
const END: Duration = Duration::from_secs(10);

fn host_with_file(hosts: &str) -> Host {
    let host = bare_host(hosts);
    let dest = host.file("file");
    with_node(host, "file", &dest)
}

fn nodes<'a>(namespace: &'a Namespace, host: &Host) -> Nodes<'a> {
    Nodes::create(namespace, vec![("file".to_owned(), host.file("file"))])
}

/// Waits until the watcher serves or has ended with one line. Returns whether it serves.
#[track_caller]
fn serves_or_ends(watcher: &Daemon, nodes: &Nodes<'_>, what: &str) -> bool {
    let start = Instant::now();
    while watcher.is_running() && !nodes.are_current() && start.elapsed() < END {
        thread::sleep(Duration::from_millis(20));
    }
    if watcher.is_running() {
        return nodes.are_current();
    }
    assert_eq!(watcher.wait(PATIENCE).code(), Some(1), "{what}: {}", watcher.stderr());
    let lines = watcher.stderr();
    let last = lines.lines().last().unwrap_or_default();
    assert!(
        !last.is_empty() && !lines.contains("panicked") && !lines.contains("backtrace"),
        "{what}: {lines}"
    );
    println!("  {what}: it ended after {:.1} s with: {last}", start.elapsed().as_secs_f64());
    false
}

fn threads_refused_at_start_end_the_watcher_or_heal() {
    let (namespace, faults) = (Namespace::new(), Faults::new());
    let host = host_with_file(&namespace.connect_string());
    let nodes = nodes(&namespace, &host);
    faults.refuse_threads();
    let watcher = host.watcher().faults(&faults).start();
    if !serves_or_ends(&watcher, &nodes, "no threads at start") && watcher.is_running() {
        faults.allow_threads();
        nodes.converge(&watcher, "after threads can be made", OUTAGE);
    }
    assert_eq!(lines_with(&watcher, &["panicked"]), 0, "{}", watcher.stderr());
}

/// Largest limit that is tried: more threads than a watcher of one node needs.
const THREADS: u64 = 10;
/// More threads than any watcher needs.
const MANY: u64 = 1000;
/// The limit counts all processes of a user, so each limit gets another user.
const FIRST_USER: u32 = 4400;

fn a_limit_of_threads_at_start_ends_the_watcher_or_heals() {
    let namespace = Namespace::new();
    let host = host_with_file(&namespace.connect_string());
    let nodes = nodes(&namespace, &host);
    for (threads, user) in (1..=THREADS).zip(FIRST_USER..) {
        fresh_directory(&host.path("live"), user);
        let command = host.watcher_as(user, &[]);
        let limit = ["prlimit".to_owned(), format!("--nproc={threads}:{MANY}"), "--".to_owned()];
        let watcher = command.wrapped_by(limit).start();
        let what = format!("at most {threads} threads");
        if !serves_or_ends(&watcher, &nodes, &what) && watcher.is_running() {
            // Some threads could be started and it has a session: it reports the lack and heals.
            let said = lines_with(&watcher, &["refuses a thread"]);
            assert!(said > 0, "with {what} it neither serves nor says why:\n{}", watcher.stderr());
            // The user of the process may raise the limit, but not root without CAP_SYS_RESOURCE.
            let pid = format!("--pid={}", watcher.id());
            let raise = TestCommand::new("prlimit").arg(pid).arg(format!("--nproc={MANY}:"));
            assert_eq!(raise.user(user, user).run(SOON).code, Some(0));
            nodes.converge(&watcher, &format!("after {what}"), OUTAGE);
        }
    }
}

fn fresh_directory(path: &Path, user: u32) {
    // The first time it does not exist.
    let _ = fs::remove_dir_all(path);
    fs::create_dir(path).expect("a private directory is writable");
    chown(path, Some(user), Some(user)).expect("these tests run as root");
}

/// Longer than idle threads are kept; threads are refused for this time.
const IDLE: Duration = Duration::from_secs(12);

fn threads_refused_at_run_time_are_survived() {
    let (namespace, faults) = (Namespace::new(), Faults::new());
    let proxy = Proxy::start(namespace.server().address());
    // Without heartbeats idle threads end.
    let host = Host::new(format!("{}{}", proxy.connect_string(), namespace.chroot()))
        .setting("zookeeper.timeout", "4 seconds")
        .node("file", "/file");
    let nodes = nodes(&namespace, &host);
    let watcher = host.watcher().faults(&faults).start();
    watcher.wait_until("the first file", PATIENCE, |_| nodes.are_current());
    let busy = watcher.threads();
    let start = Instant::now();
    while start.elapsed() < IDLE && watcher.threads() >= busy {
        thread::sleep(Duration::from_millis(50));
    }
    thread::sleep(IDLE.saturating_sub(start.elapsed()));
    faults.refuse_threads();
    let start = Instant::now();
    while start.elapsed() < IDLE && watcher.is_running() {
        nodes.change();
        proxy.reset_connections();
        thread::sleep(Duration::from_secs(1));
    }
    faults.allow_threads();
    watcher
        .wait_until("the file, once threads can be made", OUTAGE + LOADED_MACHINE, |_| nodes.are_current());
    nodes.change();
    watcher.wait_until("the next file", AT_ONCE + LOADED_MACHINE, |_| nodes.are_current());
    assert_eq!(lines_with(&watcher, &["panicked"]), 0, "{}", watcher.stderr());
}

/// From what the program loader needs to more than a watcher of one node needs.
const DESCRIPTORS: std::ops::RangeInclusive<u64> = 5..=20;

fn a_limit_of_descriptors_at_start_ends_the_watcher_or_serves() {
    let namespace = Namespace::new();
    let host = host_with_file(&namespace.connect_string());
    let nodes = nodes(&namespace, &host);
    for descriptors in DESCRIPTORS {
        // The first time it does not exist.
        let _ = fs::remove_file(host.file("file"));
        let watcher = host.watcher().limit("nofile", descriptors).start();
        let serves = serves_or_ends(&watcher, &nodes, &format!("at most {descriptors} descriptors"));
        let goes_on = serves || !watcher.is_running();
        assert!(goes_on, "with {descriptors} descriptors it neither serves nor ends:\n{}", watcher.stderr());
    }
}

fn once_serves_many_directories_with_few_descriptors() {
    const DIRECTORIES: usize = 300;
    let namespace = Namespace::new();
    let host = Host::new(namespace.connect_string());
    let dest = |host: &Host, node: usize| host.path(&format!("live/{node}/file"));
    let host = (0..DIRECTORIES).fold(host, |host, node| {
        let dest = dest(&host, node);
        with_node(host, &format!("node{node}"), &dest)
    });
    let files = (0..DIRECTORIES).map(|node| (format!("node{node}"), dest(&host, node))).collect();
    let nodes = Nodes::create(&namespace, files);
    let once = host.once().limit("nofile", 32).run(PATIENCE);
    assert_eq!(once.code, Some(0), "{}", once.stderr);
    assert!(nodes.are_current());
}

fn a_limit_of_file_size_fails_only_the_nodes_beyond_it() {
    let namespace = Namespace::new();
    let host = host_with_file(&namespace.connect_string()).node("big", "/big");
    let small = nodes(&namespace, &host);
    let content = "x".repeat(20_000);
    namespace.admin().create(&namespace.path("/big"), &content).expect("it is new");
    let watcher = host.watcher().limit("fsize", 10_000).start();
    watcher.wait_for_stderr("File too large", SOON);
    small.converge(&watcher, "beside a file beyond the limit", AT_ONCE);
    small.follow_for(&watcher, Duration::from_secs(4), "beside a file beyond the limit");
    assert!(!host.file("big").exists());
    let entries = || {
        let names = fs::read_dir(host.path("live")).expect("it is there").flatten();
        names.map(|entry| entry.file_name()).collect::<Vec<_>>()
    };
    watcher.wait_until("no stray temporary file", SOON, |_| entries() == ["file"]);
    // The hard limit is the same, so only a new process may have more.
    watcher.terminate();
    assert_eq!(watcher.wait(PATIENCE).code(), Some(0), "{}", watcher.stderr());
    let watcher = host.watcher().limit("fsize", 100_000).start();
    host.wait_for("big", &content);
    watcher.limit("fsize", 10_000);
    namespace.admin().set(&namespace.path("/big"), content.replace('x', "y")).expect("it is there");
    watcher.wait_for_stderr("File too large", SOON);
    assert_eq!(host.read("big").as_deref(), Some(content.as_bytes()));
    watcher.limit("fsize", 100_000);
    host.wait_for_within("big", content.replace('x', "y"), OUTAGE + LOADED_MACHINE);
}

fn a_writer_survives_a_limit_of_file_size() {
    let namespace = Namespace::new();
    let host = Host::new(namespace.connect_string());
    namespace.admin().create(&namespace.path("/flags"), "old").expect("it is new");
    let output = host.path("output");
    let script = r#"output=$1; shift; exec "$@" > "$output""#;
    let redirect = ["sh", "-c", script, "sh", output.to_str().expect("an ASCII name")];
    let writer: TestCommand = host.writer("new\n".repeat(1000), "/flags").wrapped_by(redirect);
    let ended = writer.limit("fsize", 100).run(SOON);
    // The writer may stop because it cannot print its diff, but no signal ends it.
    assert!(ended.code.is_some_and(|code| code <= 1), "{ended:?}");
}
