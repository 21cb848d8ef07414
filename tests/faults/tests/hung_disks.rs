//! Destinations on file systems that hang, and on healthy ones beside them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ld_testkit::{Daemon, Disks, Faults, Host, Namespace, TestCommand};

use crate::bounds::{AT_ONCE, DRIFT, LOADED_MACHINE, OUTAGE, PATIENCE};
use crate::harness::tests;
use crate::private_mount::{directory, mount_tmpfs, on_tmpfs, seen_by};
use crate::rig::bare_host;
use crate::serving::{Nodes, lines_with, with_node};

tests! {
    a_frozen_disk_delays_no_other_file_system: 35,
    a_hung_disk_delays_no_other_file_system: 35,
    a_disk_frozen_at_start_delays_only_its_own_files: 20,
    a_disk_hung_at_start_delays_only_its_own_files: 20,
    five_frozen_disks_delay_no_other: 30,
    five_hung_disks_delay_no_other: 30,
    a_mount_that_appears_and_hangs_delays_only_its_own_files: 30,
}

/// After this time without a result a node is failing.
const HUNG: Duration = Duration::from_secs(10);
/// The text of its log line.
const SINCE: &str = "has hung since";

/// A host with a file in its own directory and one on each disk.
struct Setup {
    namespace: Namespace,
    host: Host,
    disks: Disks,
    count: usize,
}

impl Setup {
    fn new(disks: Disks, count: usize) -> Self {
        let namespace = Namespace::new();
        let host = bare_host(namespace.connect_string());
        let own = host.file("own");
        let host = (0..count).fold(with_node(host, "own", &own), |host, disk| {
            with_node(host, &format!("disk{disk}"), &dest(&disks, disk))
        });
        Self { namespace, host, disks, count }
    }

    /// The node in the host's own directory, and those on `disks`.
    fn nodes(&self, own: bool, disks: impl IntoIterator<Item = usize>) -> Nodes<'_> {
        let own = own.then(|| ("own".to_owned(), self.host.file("own")));
        let on_disks =
            disks.into_iter().map(|disk| (format!("disk{disk}"), self.disks.seen(&dest(&self.disks, disk))));
        Nodes::create(&self.namespace, own.into_iter().chain(on_disks).collect())
    }

    fn command(&self) -> TestCommand {
        self.host.watcher().disks(&self.disks)
    }

    fn complaints(&self, watcher: &Daemon, disk: usize) -> usize {
        let dest = dest(&self.disks, disk);
        lines_with(watcher, &[dest.to_str().expect("an ASCII name"), SINCE])
    }
}

fn dest(disks: &Disks, disk: usize) -> PathBuf {
    disks.path(disk).join("live").join("file")
}

fn one_of_two_hangs(disks: Disks) {
    let setup = Setup::new(disks, 2);
    let (healthy, stuck) = (setup.nodes(true, [0]), setup.nodes(false, [1]));
    let watcher = setup.command().start();
    [&healthy, &stuck].iter().for_each(|nodes| nodes.converge(&watcher, "at start", PATIENCE));

    setup.disks.freeze(1);
    // First only the heartbeat of the hung file hangs, then a change of it.
    healthy.follow_for(&watcher, DRIFT, "beside a hung heartbeat");
    stuck.change();
    healthy.follow_for(&watcher, HUNG + Duration::from_secs(5), "beside a hung disk");
    assert!(!stuck.are_current());
    watcher.wait_until("the hang to be reported", LOADED_MACHINE, |_| setup.complaints(&watcher, 1) > 0);
    healthy.follow_for(&watcher, DRIFT, "beside a hung disk, reported");
    assert_eq!(setup.complaints(&watcher, 1), 1, "{}", watcher.stderr());
    assert_eq!(setup.complaints(&watcher, 0), 0, "{}", watcher.stderr());

    setup.disks.thaw(1);
    stuck.converge(&watcher, "after the thaw", OUTAGE);
    healthy.follow_for(&watcher, Duration::ZERO, "after the thaw");
    end(&watcher);
}

fn a_frozen_disk_delays_no_other_file_system() {
    one_of_two_hangs(Disks::new(2));
}

fn a_hung_disk_delays_no_other_file_system() {
    one_of_two_hangs(Disks::injected(2));
}

fn one_of_two_hangs_at_start(disks: Disks) {
    let setup = Setup::new(disks, 2);
    let (healthy, stuck) = (setup.nodes(true, [0]), setup.nodes(false, [1]));
    setup.disks.freeze(1);
    let watcher = setup.command().start();
    healthy.converge(&watcher, "at start beside a hung disk", AT_ONCE);
    healthy.follow_for(&watcher, DRIFT, "started beside a hung disk");
    assert!(!stuck.are_current());
    setup.disks.thaw(1);
    stuck.converge(&watcher, "after the first thaw", OUTAGE);
    end(&watcher);
}

fn a_disk_frozen_at_start_delays_only_its_own_files() {
    one_of_two_hangs_at_start(Disks::new(2));
}

fn a_disk_hung_at_start_delays_only_its_own_files() {
    one_of_two_hangs_at_start(Disks::injected(2));
}

fn five_of_six_hang(disks: Disks) {
    let setup = Setup::new(disks, 6);
    let (healthy, stuck) = (setup.nodes(true, [0]), setup.nodes(false, 1..6));
    let watcher = setup.command().start();
    [&healthy, &stuck].iter().for_each(|nodes| nodes.converge(&watcher, "at start", PATIENCE));
    (1..setup.count).for_each(|disk| setup.disks.freeze(disk));
    stuck.change();
    healthy.follow_for(&watcher, HUNG, "beside five hung disks");
    setup.disks.thaw_all();
    stuck.converge(&watcher, "after five thaws", OUTAGE);
    end(&watcher);
}

fn five_frozen_disks_delay_no_other() {
    five_of_six_hang(Disks::new(6));
}

fn five_hung_disks_delay_no_other() {
    five_of_six_hang(Disks::injected(6));
}

fn a_mount_that_appears_and_hangs_delays_only_its_own_files() {
    // More than a queue has threads.
    const LATE: usize = 6;
    let (namespace, faults) = (Namespace::new(), Faults::new());
    // The check for drift, which looks at the mounts as well, comes too late to help.
    let host = Host::new(namespace.connect_string())
        .setting("watcher.heartbeat_interval", "200 milliseconds")
        .setting("watcher.drift_interval", "10 minutes")
        .node("own", "/own");
    let late = directory(&host).join("late");
    let file = |index| late.join(format!("late{index}"));
    let host = (0..LATE).fold(host, |host, index| with_node(host, &format!("late{index}"), &file(index)));
    let watcher = on_tmpfs(&host, "size=1m").faults(&faults).start();
    let seen = |path: &Path| seen_by(watcher.id(), path);
    let healthy = Nodes::create(&namespace, vec![("own".to_owned(), seen(&host.file("own")))]);
    let files = (0..LATE).map(|index| (format!("late{index}"), seen(&file(index))));
    let stuck = Nodes::create(&namespace, files.collect());
    [&healthy, &stuck].iter().for_each(|nodes| nodes.converge(&watcher, "at start", PATIENCE));

    mount_tmpfs(watcher.id(), &late);
    faults.hang_files(&[&late]);
    stuck.change();
    healthy.follow_for(&watcher, HUNG, "beside a mount that appeared and hangs");
    watcher.wait_until("a complaint about each node that hangs", LOADED_MACHINE, |watcher| {
        (0..LATE).all(|index| lines_with(watcher, &[&format!("nodes.late{index}: "), SINCE]) > 0)
    });
    faults.release_files();
    stuck.converge(&watcher, "on the mount that appeared", OUTAGE);
    end(&watcher);
}

fn end(watcher: &Daemon) {
    watcher.terminate();
    assert_eq!(watcher.wait(PATIENCE).code(), Some(0), "{}", watcher.stderr());
}
