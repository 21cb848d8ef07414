//! Another user of the machine plants and swaps files under a running watcher.
//!
//! Only the destinations may change, and the watcher converges after the attack. The attackers are
//! processes that end by themselves and report how often they succeeded.

mod planted;
mod swapped;

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::{Daemon, Host, Namespace, SECRET_MARKER, SOON, TestCommand};

/// A user id that need not exist on the machine.
const ATTACKER: u32 = 4321;

/// Least number of versions that are written during an attack.
const VERSIONS: u64 = 100;
/// Least number of files that the watcher replaces meanwhile: an attack that only makes it fail
/// proves nothing.
const FILES: usize = 5;
/// How long an attack may take to succeed often enough.
const ATTACK: Duration = Duration::from_secs(60);

/// The start of every attacker: functions to swap two names atomically and to end.
const COMMON: &str = include_str!("attackers/common.py");

fn attack(script: &str, arguments: &[&Path]) -> Daemon {
    let attacker = TestCommand::new("python3").arg("-c").arg(format!("{COMMON}{script}")).args(arguments);
    // The system's interpreter, because other users may not reach that of the current user.
    attacker.env("PATH", "/usr/bin:/bin").user(ATTACKER, ATTACKER).start()
}

/// The attacker's latest count of `what`.
fn count(attacker: &Daemon, what: &str) -> u64 {
    let output = attacker.stdout();
    let mut counts = output.lines().filter_map(|line| line.strip_prefix(what)?.trim().parse().ok());
    counts.next_back().unwrap_or(0)
}

fn end(attacker: &Daemon) {
    attacker.terminate();
    attacker.wait_for_stdout("ended", SOON);
}

/// The content of a version. It is a secret, so no output may show it.
fn content(version: u64) -> String {
    format!("{SECRET_MARKER}content-{version}")
}

/// Writes versions to `nodes`, at least [`VERSIONS`], until `enough`, and returns the last one.
///
/// Each tenth version deletes the first node and creates it again.
fn write_until(zookeeper: &Namespace, nodes: &[&str], enough: impl Fn() -> bool) -> u64 {
    let start = Instant::now();
    let admin = zookeeper.admin();
    let mut version = 0;
    while version < VERSIONS || !enough() {
        assert!(start.elapsed() < ATTACK, "the attack has not succeeded often enough");
        version += 1;
        if version % 10 == 0 {
            admin.delete(&zookeeper.path(nodes[0])).unwrap();
            admin.create(&zookeeper.path(nodes[0]), "").unwrap();
        }
        for node in nodes {
            admin.set(&zookeeper.path(node), content(version)).unwrap();
        }
        // Leave time for some versions to reach the file.
        thread::sleep(Duration::from_millis(10));
    }
    version
}

/// A directory of root that must not change, with a file that has the destination's name.
fn victim(host: &Host) -> PathBuf {
    let victim = host.path("victim");
    fs::create_dir(&victim).unwrap();
    fs::write(victim.join("flags"), "untouched").unwrap();
    fs::set_permissions(victim.join("flags"), fs::Permissions::from_mode(0o600)).unwrap();
    victim
}

/// A directory of the attacker, with the destinations.
fn attackers_directory(host: &Host) -> PathBuf {
    let directory = host.path("live");
    fs::create_dir(&directory).unwrap();
    chown(&directory, Some(ATTACKER), Some(ATTACKER)).expect("these tests run as root");
    host.open();
    directory
}

fn assert_no_strays(directory: &Path) {
    let names =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let strays: Vec<_> = names.filter(|name| name.starts_with(".live-data.")).collect();
    assert!(strays.is_empty(), "{strays:?}");
}
