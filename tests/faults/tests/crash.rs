//! The watcher is killed again and again during a burst of writes.

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::{Host, Server, ServerOptions, TestCommand, wait_until};

use crate::bounds::{AT_ONCE, LOADED_MACHINE, PATIENCE};
use crate::content::of_version;
use crate::harness::tests;
use crate::observer::Observer;
use crate::private_mount::directory;
use crate::rig::{NAME, NODE, host, report};

tests! {
    a_watcher_of_root_killed_200_times_leaves_no_torn_file: 110,
    an_unprivileged_watcher_killed_200_times_tears_no_file: 111,
}

const KILLS: u64 = 200;
/// Words of a version: 60 kB, so that many kills happen during a write.
const WORDS: usize = 6_000;
/// The pause between two writes to the node.
const PAUSE: Duration = Duration::from_millis(5);
/// The ids of Debian's user `nobody` and group `nogroup`.
const UNPRIVILEGED: u32 = 65534;

fn a_watcher_of_root_killed_200_times_leaves_no_torn_file() {
    let server = server();
    let host = host(server.connect_string());
    let watcher = host.watcher();
    burst(&server, &host, &watcher, "root");
}

fn an_unprivileged_watcher_killed_200_times_tears_no_file() {
    let server = server();
    let host = host(server.connect_string());
    let copy = host.copy_of_watcher();
    let config = host.config();
    let place = config.parent().expect("a file has a directory");
    chown(place, Some(UNPRIVILEGED), Some(UNPRIVILEGED)).expect("these tests run as root");
    let watcher = TestCommand::new(copy).arg(&config).user(UNPRIVILEGED, UNPRIVILEGED);
    burst(&server, &host, &watcher, "an unprivileged user");
}

/// A server that keeps few of the large transactions in memory.
fn server() -> Server {
    Server::start_with(ServerOptions {
        extra_properties: vec!["zookeeper.commitLogCount=20".to_owned()],
        ..ServerOptions::default()
    })
}

fn burst(server: &Server, host: &Host, watcher: &TestCommand, who: &str) {
    let admin = server.admin();
    admin.create(NODE, of_version(1, WORDS)).expect("the server is empty");
    let observer = Observer::start(&host.file(NAME), WORDS);
    let (version, stop) = (AtomicU64::new(1), AtomicBool::new(false));
    let (mut strays, mut seen) = (0, Vec::new());
    thread::scope(|scope| {
        let _stop = Stop(&stop);
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let next = version.load(Ordering::Relaxed) + 1;
                admin.set(NODE, of_version(next, WORDS)).expect("the server is never disturbed");
                version.store(next, Ordering::Relaxed);
                observer.acknowledged(next);
                thread::sleep(PAUSE);
            }
        });
        for kill in 0..KILLS {
            let before = observer.version();
            let watcher = watcher.start();
            // One in four is killed while it starts, the others at different points of the burst.
            if kill % 4 != 0 {
                watcher.wait_until("the file to follow", PATIENCE, |_| observer.version() > before);
            }
            thread::sleep(Duration::from_micros(kill * 7_919 % 20_000));
            watcher.kill();
            strays = strays.max(stray_files(host));
            seen.push(observer.version());
        }
    });
    seen.dedup();
    let last = version.load(Ordering::Relaxed);
    println!(
        "  killed {KILLS} times as {who}: {last} versions written, {} of the kills found a new file, \
         {strays} stray files at most at a time",
        seen.len()
    );
    assert!(seen.len() > usize::try_from(KILLS).expect("a small number") / 2, "most watchers got to write");

    let watcher = watcher.start();
    watcher.wait_for_stderr("session", PATIENCE);
    let opened = Instant::now();
    watcher.wait_until("the last version", AT_ONCE + LOADED_MACHINE, |_| observer.version() == Some(last));
    report(
        &format!("watcher killed {KILLS} times as {who}, after its last start"),
        AT_ONCE,
        opened.elapsed(),
    );
    wait_until("no stray file", PATIENCE, || stray_files(host) == 0);
    observer.finish();
    watcher.terminate();
    assert_eq!(watcher.wait(PATIENCE).code(), Some(0), "{}", watcher.stderr());
}

/// Number of files beside the destination.
fn stray_files(host: &Host) -> usize {
    let is_stray = |path: &Path| path != host.file(NAME);
    let entries = fs::read_dir(directory(host)).into_iter().flatten();
    entries.filter(|entry| entry.as_ref().is_ok_and(|entry| is_stray(&entry.path()))).count()
}

/// Stops the writer at the end of the scope, even after a panic.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
