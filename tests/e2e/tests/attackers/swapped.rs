//! A directory above the destinations is swapped for a link to a directory of root.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};

use ld_testkit::{Host, Namespace, SOON, Snapshot, wait_until};

use super::{
    ATTACK, ATTACKER, FILES, assert_no_strays, attack, attackers_directory, content, count, end, victim,
    write_until,
};

/// User ids that need not exist on the machine.
const WATCHER: u32 = 4322;
const OWNER: u32 = 4323;

/// Swaps a directory and a symlink as fast as it can, and leaves them as they were.
const SWAP_DIRECTORIES: &str = include_str!("swap_directories.py");

/// A directory `inner` in `directory`, with a link to `victim` beside it.
fn swappable(directory: &Path, owner: u32, victim: &Path) -> (PathBuf, PathBuf) {
    let (inner, link) = (directory.join("inner"), directory.join("link"));
    fs::create_dir(&inner).unwrap();
    chown(&inner, Some(owner), Some(owner)).unwrap();
    symlink(victim, &link).unwrap();
    lchown(&link, Some(ATTACKER), Some(ATTACKER)).unwrap();
    (inner, link)
}

#[test]
fn a_directory_swapped_for_a_link_misleads_no_write() {
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
    let (inner, link) = swappable(&attackers_directory(&host), 0, &victim);
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
fn a_directory_swapped_for_a_link_misleads_no_heartbeat() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), content(0)).unwrap();
    let host = Host::new(zookeeper.connect_string())
        .node("inner/flags", "/flags")
        .setting("nodes.inner/flags.owner", OWNER.to_string())
        .setting("watcher.heartbeat_interval", "10 milliseconds");
    let victim = victim(&host);
    let (inner, link) = swappable(&attackers_directory(&host), WATCHER, &victim);
    let watcher = host.watcher_as(WATCHER, &["chown", "fowner"]).start();
    host.wait_for("inner/flags", content(0));
    let before = Snapshot::of(&victim);

    let attacker = attack(SWAP_DIRECTORIES, &[&inner, &link]);
    // The directory has one of two names at any moment.
    let mtime = || {
        let found = [&inner, &link].map(|directory| fs::symlink_metadata(directory.join("flags")));
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
