//! A watcher with one file, a writer of its node, and an observer of the file.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use ld_testkit::{Admin, Daemon, Error, Host, TestCommand, wait_for, wait_until};

use crate::bounds::{DRIFT_INTERVAL, HEARTBEAT, LOADED_MACHINE, PATIENCE, SESSION, STANDSTILL};
use crate::content::{of_version, version_of};
use crate::observer::Observer;

/// The node's name, and its path below the chroot.
pub(crate) const NAME: &str = "node";
pub(crate) const NODE: &str = "/node";
/// Words of a version, for files that are small.
pub(crate) const WORDS: usize = 100;
/// Pause before a failed write is tried again.
const RETRY: Duration = Duration::from_millis(50);

/// A host with the ZooKeeper at `hosts`, the node [`NODE`] and the times of [`bounds`](crate::bounds).
pub(crate) fn host(hosts: impl AsRef<str>) -> Host {
    bare_host(hosts).node(NAME, NODE)
}

/// As [`host`], without a node.
pub(crate) fn bare_host(hosts: impl AsRef<str>) -> Host {
    let time = |span: Duration| format!("{} milliseconds", span.as_millis());
    Host::new(hosts)
        .setting("zookeeper.timeout", time(SESSION))
        .setting("watcher.heartbeat_interval", time(HEARTBEAT))
        .setting("watcher.drift_interval", time(DRIFT_INTERVAL))
}

/// A running watcher with its file observed.
#[derive(Debug)]
pub(crate) struct Rig {
    // In drop order: the observer reads in the watcher's mount namespace, so it ends first.
    pub(crate) observer: Observer,
    pub(crate) watcher: Daemon,
    pub(crate) host: Host,
    admin: Admin,
    node: String,
    version: Cell<u64>,
    /// The destination as this process sees it.
    pub(crate) file: PathBuf,
}

impl Rig {
    /// Starts the watcher of `host` and waits for the first version of the file.
    ///
    /// `node` is the full path of the node.
    pub(crate) fn start(host: Host, admin: Admin, node: String) -> Self {
        let command = host.watcher();
        let file = host.file(NAME);
        Self::launch(host, &command, |_| file, admin, node).settled()
    }

    /// Starts `command`, the watcher of `host`, and does not wait for the file.
    ///
    /// `locate` returns the path of the file for this process, given the watcher's process id.
    pub(crate) fn launch(
        host: Host,
        command: &TestCommand,
        locate: impl FnOnce(u32) -> PathBuf,
        admin: Admin,
        node: String,
    ) -> Self {
        match admin.create_all(&node, of_version(1, WORDS)) {
            Ok(()) | Err(Error::NodeExists { .. }) => {}
            Err(error) => panic!("the first version cannot be written: {error}"),
        }
        let watcher = command.start();
        let file = locate(watcher.id());
        let observer = Observer::start(&file, WORDS);
        observer.acknowledged(1);
        Self { observer, watcher, host, admin, node, version: Cell::new(1), file }
    }

    /// Waits until the file has the first version and a heartbeat, without a bound to measure.
    pub(crate) fn settled(self) -> Self {
        self.watcher.wait_until("the first file", PATIENCE, |_| self.is_current());
        self.beats();
        self
    }

    /// Writes the next version and waits until it is acknowledged.
    pub(crate) fn write(&self) {
        self.write_by(&self.admin);
    }

    /// As [`Rig::write`], through another client.
    pub(crate) fn write_by(&self, admin: &Admin) {
        self.write_without_event(admin);
        self.acknowledge();
    }

    /// As [`Rig::write_by`], for a write that causes no event: the observer is not told either.
    pub(crate) fn write_without_event(&self, admin: &Admin) {
        let content = self.next();
        wait_for("a write to be acknowledged", PATIENCE, || match admin.set(&self.node, &content) {
            Ok(_) => Some(()),
            Err(Error::Connection { .. }) => {
                thread::sleep(RETRY);
                None
            }
            Err(error) => panic!("the next version cannot be written: {error}"),
        });
    }

    /// The content of the next version, for a test that writes it in another way.
    ///
    /// Call [`Rig::acknowledge`] after the write.
    pub(crate) fn next(&self) -> Vec<u8> {
        self.version.set(self.version.get() + 1);
        of_version(self.version.get(), WORDS)
    }

    /// Tells the observer that the newest version was acknowledged.
    pub(crate) fn acknowledge(&self) {
        self.observer.acknowledged(self.version.get());
    }

    /// The number of the newest version.
    pub(crate) fn version(&self) -> u64 {
        self.version.get()
    }

    /// Sets the version of the node, after the ensemble was restored from a backup.
    pub(crate) fn go_back_to(&self, version: u64) {
        self.observer.go_back_to(version);
        self.version.set(version);
    }

    /// Whether the file has the newest version now.
    pub(crate) fn is_current(&self) -> bool {
        let content = fs::read(&self.file).unwrap_or_default();
        version_of(&content, WORDS) == Some(self.version.get())
    }

    /// Waits until the file has the newest version and a heartbeat. Prints the time for `fault`.
    ///
    /// It fails if that takes longer than `bound` after `since`, with an allowance for a loaded
    /// machine.
    #[track_caller]
    pub(crate) fn converges_since(&self, since: Instant, fault: &str, bound: Duration) {
        let limit = bound + LOADED_MACHINE;
        self.watcher.wait_until(&format!("convergence after: {fault}"), limit, |_| self.is_current());
        report(fault, bound, since.elapsed());
        self.beats();
    }

    /// As [`Rig::converges_since`], from now on.
    #[track_caller]
    pub(crate) fn converges(&self, fault: &str, bound: Duration) {
        self.converges_since(Instant::now(), fault, bound);
    }

    /// Waits until the file is removed.
    #[track_caller]
    pub(crate) fn vanishes(&self, fault: &str, bound: Duration) {
        let since = Instant::now();
        let gone = |_: &Daemon| self.file.symlink_metadata().is_err();
        self.watcher.wait_until(&format!("removal after: {fault}"), bound + LOADED_MACHINE, gone);
        report(fault, bound, since.elapsed());
    }

    /// Waits for the next heartbeat.
    #[track_caller]
    pub(crate) fn beats(&self) {
        let before = self.observer.mtime();
        self.watcher.wait_until("the next heartbeat", PATIENCE, |_| {
            self.observer.mtime().is_some_and(|mtime| Some(mtime) != before)
        });
    }

    /// Waits until the heartbeat has stopped, within `bound`. Returns the last one.
    #[track_caller]
    pub(crate) fn falls_silent(&self, bound: Duration) -> SystemTime {
        let mut last = (self.mtime(), Instant::now());
        wait_until("the heartbeat to stop", bound + LOADED_MACHINE + STANDSTILL, || {
            if self.mtime() != last.0 {
                last = (self.mtime(), Instant::now());
            }
            last.1.elapsed() >= STANDSTILL
        });
        last.0
    }

    /// Waits until `length` after `since`, and asserts that there is no heartbeat meanwhile.
    #[track_caller]
    pub(crate) fn stays_silent(&self, since: Instant, length: Duration) {
        let last = self.mtime();
        thread::sleep(length.saturating_sub(since.elapsed()));
        assert_eq!(self.mtime(), last, "a heartbeat during the fault");
    }

    fn mtime(&self) -> SystemTime {
        modified(&self.file)
    }

    /// Ends the watcher with SIGTERM, and fails if the observer has seen a violation.
    #[track_caller]
    pub(crate) fn finish(self) {
        self.observer.finish();
        self.watcher.terminate();
        assert_eq!(self.watcher.wait(PATIENCE).code(), Some(0), "{}", self.watcher.stderr());
    }
}

/// Prints how long the recovery from a fault took, and asserts the bound.
pub(crate) fn report(fault: &str, bound: Duration, measured: Duration) {
    println!("  {fault}: {:.2} s measured, {:.0} s allowed", measured.as_secs_f64(), bound.as_secs_f64());
    assert!(measured <= bound + LOADED_MACHINE, "{fault}: {measured:?}, and {bound:?} is allowed");
}

#[track_caller]
fn modified(file: &Path) -> SystemTime {
    file.symlink_metadata().and_then(|found| found.modified()).expect("the destination exists")
}
