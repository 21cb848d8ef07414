//! Links, FIFOs and files are planted at destinations and temporary files.

use std::fs;
use std::os::unix::fs::{MetadataExt, lchown, symlink};
use std::path::Path;

use ld_testkit::{Host, Namespace, SOON, Snapshot, TestCommand, wait_until};

use super::{
    ATTACKER, FILES, assert_no_strays, attack, attackers_directory, content, count, end, victim, write_until,
};
use crate::files::stray_name;

/// Plants links to a victim, FIFOs, directories and files at a destination and at every temporary
/// file that it sees, and counts the files of root that it can read. Ends with a link at the
/// destination.
const PLANT: &str = include_str!("plant.py");

#[test]
fn files_planted_at_run_time_are_replaced_unopened() {
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
fn links_and_fifos_planted_before_the_start_are_not_opened() {
    let zookeeper = Namespace::new();
    let names = ["link", "dangling", "fifo", "hard"];
    let mut host = Host::new(zookeeper.connect_string());
    for name in names {
        zookeeper.admin().create(&zookeeper.path(&format!("/{name}")), "untouched").unwrap();
        host = host.node(name, &format!("/{name}"));
    }
    let victim = victim(&host);
    let live = attackers_directory(&host);
    // A second link to a file of root. Its removal changes only the number of links.
    fs::write(host.path("hard"), "untouched").unwrap();
    let hard = || fs::metadata(host.path("hard")).unwrap();
    let attributes =
        |found: fs::Metadata| (found.ino(), found.mode(), found.uid(), found.mtime(), found.mtime_nsec());
    let linked = attributes(hard());
    let before = Snapshot::of(&victim);
    for name in names {
        let destination = live.join(name);
        // At the destination, and under a name that the removal of stray files finds.
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
    assert_eq!((attributes(hard()), fs::read(host.path("hard")).unwrap()), (linked, b"untouched".to_vec()));
}
