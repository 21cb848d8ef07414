//! Another user of the machine plants and swaps things under a watcher that is at work: nothing but its destinations may
//! change, and it converges when the attack is over.
//!
//! The attackers are processes of their own. They end by themselves, and say how often they struck.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::{Daemon, Host, Namespace, PLANTED, SOON, Snapshot, TestCommand, wait_until};

use crate::files::stray_name;

/// Ids that need not exist on the machine.
const ATTACKER: u32 = 4321;
const WATCHER: u32 = 4322;
const OWNER: u32 = 4323;

/// Versions written while an attack goes on, at least.
const VERSIONS: u64 = 100;
/// Files that the watcher shall have replaced meanwhile, at least: it must not only be refused.
const FILES: usize = 5;
/// How long to wait for an attack to have struck often enough.
const ATTACK: Duration = Duration::from_secs(60);

/// What every attacker begins with: the means to swap two names at one moment, and an end.
const MEANS: &str = include_str!("attackers/means.py");

/// Swaps a directory and a symlink as fast as it can, and leaves them as they were.
const SWAP_DIRECTORIES: &str = include_str!("attackers/swap_directories.py");

/// Puts links to a victim, FIFOs, directories and files of its own in the place of a destination and of every temporary
/// file that it sees, and looks whether it can read any file of root. Ends with a link in the destination's place.
const PLANT: &str = include_str!("attackers/plant.py");

fn attack(script: &str, arguments: &[&Path]) -> Daemon {
    let attacker = TestCommand::new("python3").arg("-c").arg(format!("{MEANS}{script}")).args(arguments);
    // The system's interpreter: one of whoever runs the tests may be closed to others.
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

/// A version's content: a secret, so that no output may show it.
fn content(version: u64) -> String {
    format!("{PLANTED}content-{version}")
}

/// Writes one version after the other to `nodes`, at least [`VERSIONS`], until `enough`; gives the last. Now and then the
/// first node is deleted and created again.
fn write_until(zookeeper: &Namespace, nodes: &[&str], enough: impl Fn() -> bool) -> u64 {
    let start = Instant::now();
    let admin = zookeeper.admin();
    let mut version = 0;
    while version < VERSIONS || !enough() {
        assert!(start.elapsed() < ATTACK, "the attack has not struck often enough");
        version += 1;
        if version % 10 == 0 {
            admin.delete(&zookeeper.path(nodes[0])).unwrap();
            admin.create(&zookeeper.path(nodes[0]), "").unwrap();
        }
        for node in nodes {
            admin.set(&zookeeper.path(node), content(version)).unwrap();
        }
        // Some versions shall get as far as the file before the next comes.
        thread::sleep(Duration::from_millis(10));
    }
    version
}

/// A victim of root's, which no one may touch: a directory with a file of the destination's name.
fn victim(host: &Host) -> PathBuf {
    let victim = host.path("victim");
    fs::create_dir(&victim).unwrap();
    fs::write(victim.join("flags"), "untouched").unwrap();
    fs::set_permissions(victim.join("flags"), fs::Permissions::from_mode(0o600)).unwrap();
    victim
}

/// The attacker's own directory, in which the destinations are.
fn attackers_directory(host: &Host) -> PathBuf {
    let directory = host.path("live");
    fs::create_dir(&directory).unwrap();
    chown(&directory, Some(ATTACKER), Some(ATTACKER)).expect("these tests run as root");
    host.open();
    directory
}

/// A directory `inner` in `directory`, with a link to `victim` beside it.
fn trap(directory: &Path, owner: u32, victim: &Path) -> (PathBuf, PathBuf) {
    let (inner, link) = (directory.join("inner"), directory.join("link"));
    fs::create_dir(&inner).unwrap();
    chown(&inner, Some(owner), Some(owner)).unwrap();
    symlink(victim, &link).unwrap();
    lchown(&link, Some(ATTACKER), Some(ATTACKER)).unwrap();
    (inner, link)
}

fn assert_no_strays(directory: &Path) {
    let names =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let strays: Vec<_> = names.filter(|name| name.starts_with(".live-data.")).collect();
    assert!(strays.is_empty(), "{strays:?}");
}

#[test]
fn a_parent_directory_swapped_against_a_link_leads_root_nowhere_else() {
    let zookeeper = Namespace::new();
    let nodes = ["/flags", "/deep"];
    for node in nodes {
        zookeeper.admin().create(&zookeeper.path(node), content(0)).unwrap();
    }
    let host = Host::new(zookeeper.connect_string())
        .node("inner/flags", nodes[0])
        .node("inner/deep/flags", nodes[1])
        .setting("watcher.heartbeat_interval", "20 milliseconds")
        .setting("watcher.drift_interval", "20 milliseconds");
    let victim = victim(&host);
    let (inner, link) = trap(&attackers_directory(&host), 0, &victim);
    let watcher = host.watcher().start();
    host.wait_for("inner/flags", content(0));
    host.wait_for("inner/deep/flags", content(0));
    let before = Snapshot::of(&victim);

    let attacker = attack(SWAP_DIRECTORIES, &[&inner, &link]);
    let applied = || watcher.stderr().matches("Updating").count();
    let refused = || watcher.stderr().contains(&format!("is a symlink of user {ATTACKER} to a directory"));
    let last = write_until(&zookeeper, &nodes, || {
        count(&attacker, "swaps") > 1_000 && refused() && applied() > FILES
    });
    end(&attacker);
    let swaps = count(&attacker, "swaps");

    host.wait_for("inner/flags", content(last));
    host.wait_for("inner/deep/flags", content(last));
    before.assert_same(&Snapshot::of(&victim));
    println!("{swaps} swaps during {last} versions, {} files replaced", applied());
    watcher.terminate();
    assert_eq!(watcher.wait(SOON).code(), Some(0), "{}", watcher.stderr());
    assert_no_strays(&inner);
}

#[test]
fn heartbeats_of_a_watcher_with_capabilities_touch_no_file_behind_a_swapped_directory() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), content(0)).unwrap();
    let host = Host::new(zookeeper.connect_string())
        .node("inner/flags", "/flags")
        .setting("nodes.inner/flags.owner", OWNER.to_string())
        .setting("watcher.heartbeat_interval", "10 milliseconds");
    let victim = victim(&host);
    let (inner, link) = trap(&attackers_directory(&host), WATCHER, &victim);
    let watcher = host.watcher_as(WATCHER, &["chown", "fowner"]).start();
    host.wait_for("inner/flags", content(0));
    let before = Snapshot::of(&victim);

    let attacker = attack(SWAP_DIRECTORIES, &[&inner, &link]);
    // The swapped directory is looked for under both of its names.
    let mtime = || {
        let found = [&inner, &link].map(|place| fs::symlink_metadata(place.join("flags")));
        let ours = found.into_iter().flatten().find(|found| found.uid() == OWNER);
        ours.map(|found| (found.mtime(), found.mtime_nsec()))
    };
    let mut beats = BTreeSet::new();
    wait_until("fifty heartbeats and a thousand swaps", ATTACK, || {
        beats.extend(mtime());
        beats.len() > 50 && count(&attacker, "swaps") > 1_000
    });
    end(&attacker);
    println!("{} swaps during {} heartbeats", count(&attacker, "swaps"), beats.len());

    before.assert_same(&Snapshot::of(&victim));
    let last = mtime();
    wait_until("heartbeats to go on", SOON, || mtime() > last);
    assert!(watcher.is_running());
}

#[test]
fn whatever_is_planted_in_the_place_of_a_destination_or_a_temporary_file_is_replaced_unopened() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), content(0)).unwrap();
    let host = Host::new(zookeeper.connect_string())
        .node("flags", "/flags")
        .setting("watcher.heartbeat_interval", "20 milliseconds")
        .setting("watcher.drift_interval", "20 milliseconds");
    let victim = victim(&host);
    let live = attackers_directory(&host);
    let watcher = host.watcher().start();
    host.wait_for("flags", content(0));
    let before = Snapshot::of(&victim);

    let attacker = attack(PLANT, &[&live, Path::new("flags"), &victim.join("flags")]);
    let applied = || watcher.stderr().matches("Updating").count();
    let struck =
        || count(&attacker, "plants") > 100 && count(&attacker, "temporary") > 10 && applied() > FILES;
    let last = write_until(&zookeeper, &["/flags"], struck);
    end(&attacker);
    let [plants, temporary, leaks] = ["plants", "temporary", "leaks"].map(|what| count(&attacker, what));

    let is_ours = || fs::symlink_metadata(host.file("flags")).is_ok_and(|found| found.is_file());
    wait_until("the link to be replaced", SOON, is_ours);
    host.wait_for("flags", content(last));
    before.assert_same(&Snapshot::of(&victim));
    let found = fs::symlink_metadata(host.file("flags")).unwrap();
    assert_eq!((found.uid(), found.mode() & 0o7777), (0, 0o400));
    assert_eq!(leaks, 0, "files of root could be read");
    println!(
        "{plants} plants and {temporary} temporary files swapped during {last} versions, {} files replaced",
        applied()
    );
    watcher.terminate();
    assert_eq!(watcher.wait(SOON).code(), Some(0), "{}", watcher.stderr());
    assert_no_strays(&live);
}

#[test]
fn links_fifos_and_hard_links_planted_before_the_start_are_neither_followed_nor_waited_for() {
    let zookeeper = Namespace::new();
    let names = ["link", "dangling", "fifo", "hard"];
    let mut host = Host::new(zookeeper.connect_string());
    for name in names {
        zookeeper.admin().create(&zookeeper.path(&format!("/{name}")), "untouched").unwrap();
        host = host.node(name, &format!("/{name}"));
    }
    let victim = victim(&host);
    let live = attackers_directory(&host);
    // A second name in the attacker's directory: losing it changes the count of links, and nothing else.
    fs::write(host.path("hard"), "untouched").unwrap();
    let hard = || fs::metadata(host.path("hard")).unwrap();
    let standing =
        |found: fs::Metadata| (found.ino(), found.mode(), found.uid(), found.mtime(), found.mtime_nsec());
    let linked = standing(hard());
    let before = Snapshot::of(&victim);
    for name in names {
        let destination = live.join(name);
        // In the destination's place, and where a sweep looks for what a killed watcher left.
        for path in [&destination, &live.join(stray_name(&destination))] {
            match name {
                "link" => symlink(victim.join("flags"), path).unwrap(),
                "dangling" => symlink(victim.join("new"), path).unwrap(),
                "fifo" => {
                    let made = TestCommand::new("mkfifo").arg(path).run(SOON);
                    assert_eq!(made.code, Some(0), "{}", made.stderr);
                }
                _ => fs::hard_link(host.path("hard"), path).unwrap(),
            }
            if name != "hard" {
                lchown(path, Some(ATTACKER), Some(ATTACKER)).unwrap();
            }
        }
    }
    let once = host.once().run(SOON);
    assert_eq!(once.code, Some(0), "{}", once.stderr);
    for name in names {
        let found = fs::symlink_metadata(host.file(name)).unwrap();
        assert!(found.is_file() && found.nlink() == 1, "{name}");
        assert_eq!(
            (found.uid(), found.mode() & 0o7777, host.read(name)),
            (0, 0o400, Some(b"untouched".to_vec()))
        );
    }
    before.assert_same(&Snapshot::of(&victim));
    assert_eq!((standing(hard()), fs::read(host.path("hard")).unwrap()), (linked, b"untouched".to_vec()));
}
