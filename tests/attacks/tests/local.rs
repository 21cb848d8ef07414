//! Attacks by other users of the machine: the owner of a destination, the owner of its directory.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ld_testkit::hostile::HostileServer;
use ld_testkit::{Daemon, Host, SOON, TempDir, TestCommand, wait_until};

/// User ids that need not exist on the machine.
const ATTACKER: u32 = 4321;
const OWNER: u32 = 4323;

const FORGE: &str = include_str!("local/forge_temporary.py");
const MAP: &str = include_str!("local/write_through_mapping.py");
const HOLD: &str = include_str!("local/hold_stray.py");
const PLANT: &str = include_str!("local/plant_many.py");

/// Number of forged temporary files after which an attack ends.
const FORGED: u64 = 20;
/// How long a forged file may stay, with a check for drift each 100 ms.
const HEALED: Duration = Duration::from_secs(5);

/// Runs a script as another user.
fn attack(user: u32, script: &str, arguments: &[&str]) -> Daemon {
    let attacker = TestCommand::new("python3").arg("-c").arg(script).args(arguments);
    // The system's interpreter, because other users may not reach that of the current user.
    attacker.env("PATH", "/usr/bin:/bin").user(user, user).start()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a temporary directory has an ASCII name")
}

/// A host with a file of another user in a directory of root.
fn owned(server: &HostileServer) -> Host {
    let host = with_owner(Host::new(server.connect_string()).node("flags", "/flags"));
    fs::create_dir(host.path("live")).unwrap();
    host.open();
    host
}

fn with_owner(host: Host) -> Host {
    host.setting("nodes.flags.owner", OWNER.to_string())
        .setting("nodes.flags.mode", "0600")
        .setting("watcher.heartbeat_interval", "100 milliseconds")
        .setting("watcher.drift_interval", "100 milliseconds")
}

/// A host with its file in `directory`, and the path of that file.
fn below(directory: &TempDir, server: &HostileServer) -> (Host, PathBuf) {
    let file = directory.join("flags");
    let host = Host::new(server.connect_string())
        .setting("nodes.flags.source", "/flags")
        .setting("nodes.flags.dest", text(&file));
    (host, file)
}

#[track_caller]
fn wait_until_holds(file: &Path, content: &str) {
    let holds = || fs::read(file).is_ok_and(|found| found == content.as_bytes());
    wait_until(&format!("{content:?} in the file"), SOON, holds);
}

/// The start of the names of temporary files of a destination, up to the random part.
fn stray_prefix(destination: &Path) -> String {
    let hash = text(destination)
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    format!(".live-data.{hash:016x}.")
}

#[test]
fn a_forged_temporary_file_does_not_stay() {
    let server = HostileServer::start();
    server.set("/flags", "version 0");
    let host = owned(&server);
    let watcher = host.watcher().start();
    host.wait_for("flags", "version 0");
    let attacker = attack(OWNER, FORGE, &[text(&host.path("live"))]);
    let forged = || {
        let output = attacker.stdout();
        let mut counts = output.lines().filter_map(|line| line.strip_prefix("forged ")?.parse().ok());
        counts.next_back().unwrap_or(0_u64)
    };
    let (start, mut version) = (Instant::now(), 0_u64);
    while forged() < FORGED && start.elapsed() < 2 * SOON {
        version += 1;
        let content = format!("version {version}");
        server.set("/flags", &content);
        // This version is in place, forged or not.
        let placed = || host.read("flags").is_some_and(|found| found.ends_with(&content.as_bytes()[6..]));
        wait_until("a version", SOON, placed);
    }
    let count = forged();
    attacker.kill();
    println!("{count} temporary files forged in {version} versions");
    assert!(count > 0, "the attack never succeeded");
    let last = format!("version {version}");
    host.wait_for_within("flags", &last, HEALED);
    let before = host.mtime("flags");
    wait_until("the heartbeat to go on", SOON, || host.mtime("flags") > before);
    assert_eq!(host.read("flags").unwrap(), last.as_bytes());
    assert!(watcher.is_running());
}

fn wait_for_heartbeats(file: &Path, count: usize) {
    let mtime = || fs::metadata(file).unwrap().modified().unwrap();
    for _ in 0..count {
        let before = mtime();
        wait_until("a heartbeat", SOON, || mtime() > before);
    }
}

/// Lets the owner write through a mapping below `parent`, after some heartbeats have seen the
/// mapping's first write. Then `judge` gets the file and the watcher.
fn write_through_a_mapping(parent: &str, content_interval: &str, judge: fn(&Path, &Daemon)) {
    let server = HostileServer::start();
    server.set("/flags", "version 0");
    let directory = TempDir::new_in(parent);
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o711)).unwrap();
    let (host, file) = below(&directory, &server);
    let host = with_owner(host).setting("watcher.content_interval", content_interval);
    let watcher = host.watcher().start();
    wait_until_holds(&file, "version 0");
    host.open();
    let go = host.path("go");
    let attacker = attack(OWNER, MAP, &[text(&file), text(&go)]);
    attacker.wait_for_stdout("mapped", SOON);
    wait_for_heartbeats(&file, 3);
    fs::write(&go, "").unwrap();
    attacker.wait_for_stdout("forged", SOON);
    judge(&file, &watcher);
    assert!(watcher.is_running());
}

fn is_restored(file: &Path, watcher: &Daemon) {
    watcher.wait_for_stderr("was written to", HEALED);
    wait_until_holds(file, "version 0");
}

#[test]
fn a_write_through_a_mapping_is_found_on_a_disk() {
    write_through_a_mapping("/tmp", "100 milliseconds", is_restored);
}

#[test]
fn a_write_through_a_mapping_is_found_in_memory() {
    write_through_a_mapping("/dev/shm", "100 milliseconds", is_restored);
}

#[test]
fn without_a_content_interval_no_content_is_compared() {
    write_through_a_mapping("/dev/shm", "0 seconds", |file, watcher| {
        wait_for_heartbeats(file, 5);
        assert_eq!(fs::read(file).unwrap(), b"FORGEDn 0");
        assert!(!watcher.stderr().contains("was written to"), "{}", watcher.stderr());
    });
}

#[test]
fn a_shared_lock_on_a_stray_file_is_reported() {
    let server = HostileServer::start();
    server.set("/flags", "version 0");
    let host = owned(&server);
    let stray = host.path("live").join(format!("{}0123456789abcdef", stray_prefix(&host.file("flags"))));
    fs::write(&stray, "of a killed watcher").unwrap();
    fs::set_permissions(&stray, fs::Permissions::from_mode(0o600)).unwrap();
    chown(&stray, Some(OWNER), Some(OWNER)).unwrap();
    let attacker = attack(OWNER, HOLD, &[text(&stray)]);
    attacker.wait_for_stdout("locked", SOON);
    let watcher = host.watcher().start();
    host.wait_for("flags", "version 0");
    watcher.wait_for_stderr("is locked by another process", SOON);
    attacker.kill();
    watcher.terminate();
    watcher.wait(SOON);
    // At the next start the file is not locked.
    let _watcher = host.watcher().start();
    wait_until("the stray file to be gone", SOON, || !stray.exists());
}

#[test]
fn many_planted_files_cost_neither_time_nor_log() {
    const FILES: u64 = 150_000;
    const LOG: usize = 64 << 10;
    let server = HostileServer::start();
    server.set("/flags", "version 0");
    // In memory, because so many files take minutes on a busy disk.
    let directory = TempDir::new_in("/dev/shm");
    chown(directory.path(), Some(ATTACKER), Some(ATTACKER)).expect("these tests run as root");
    let (host, file) = below(&directory, &server);
    let count = FILES.to_string();
    let attacker = attack(ATTACKER, PLANT, &[text(directory.path()), &stray_prefix(&file), &count]);
    attacker.wait_for_stdout("planted", 3 * SOON);
    let watcher = host.watcher_as(ATTACKER, &[]).start();
    wait_until_holds(&file, "version 0");
    server.set("/flags", "version 1");
    wait_until_holds(&file, "version 1");
    watcher.terminate();
    assert_eq!(watcher.wait(SOON).code(), Some(0));
    let log = watcher.stderr().len();
    println!("{log} bytes of log");
    assert!(log < LOG, "{log} bytes of log");
}
