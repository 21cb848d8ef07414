//! One host: a watcher, the proxies between it and the ensemble, and its directory of destinations.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{fs, io};

use ld_testkit::{Daemon, FakeClock, Faults, ProxyMode, TempDir, TestCommand, binary};

use super::disk::Disk;
use super::engine::Engine;
use super::links::Links;
use super::schedule::NODES;
use ld_workspace::Failure;

/// The chroot of all nodes.
pub(super) const CHROOT: &str = "/chaos";
/// What temporary files of the watcher are named.
const TEMPORARY: &str = ".live-data.";
/// Files that are none of the watcher's, one of them with a name much like its own.
const FOREIGN: [&str; 2] = ["notes.txt", ".live-data.0123456789abcdef.0123456789abcdef"];
/// How much of a watcher's log describes a violation, and how it is set off.
const SAID_LINES: usize = 10;
const SAID: &str = "\n           | ";
/// The secrets of a host.
const SECRETS: &str = "secrets.json";
/// The only one of them.
const SECRET: &str = "secret/zookeeper";
/// The node whose file has an owner configured: the number of this process's user, which the watcher
/// looks up as a name first.
pub(super) const OWNED: usize = NODES - 1;
/// How often the watcher says that a file is current, and how often it looks for drift.
const SETTINGS: &str = "zookeeper.timeout = 4 seconds\nwatcher.heartbeat_interval = 500 milliseconds\n\
                        watcher.drift_interval = 2 seconds\n";

/// A host of the world.
#[derive(Debug)]
pub(super) struct Site {
    directory: TempDir,
    /// Where the destinations are, if not in the directory.
    disk: Option<Disk>,
    /// The wall clock of the watcher, if not the machine's.
    clock: Option<FakeClock>,
    /// What makes the watcher's machine fail.
    faults: Faults,
    links: Links,
    command: TestCommand,
    watcher: Mutex<Option<Daemon>>,
    /// Foreign files lie in the directory.
    planted: Mutex<bool>,
}

impl Site {
    /// A host whose watcher does not run yet.
    pub(super) fn new(
        watcher: usize,
        servers: &[SocketAddr],
        engine: Engine,
        whole_host: bool,
    ) -> Result<Self, Failure> {
        let directory = TempDir::new();
        let links = Links::new(servers, whole_host);
        let disk = whole_host.then(|| Disk::new(&format!("watcher-{watcher}"))).transpose();
        let disk = disk.map_err(Failure::doing("cannot make a disk"))?;
        let config = directory.join("config.ini");
        let (live, secrets) = (live(&directory, disk.as_ref()), directory.join(SECRETS));
        fs::write(&config, configuration(&links.hosts(), &live, &secrets))
            .map_err(Failure::doing("cannot write a watcher's configuration"))?;
        let command =
            engine.arguments().iter().fold(TestCommand::new(binary(engine.program())), TestCommand::arg);
        let clock = whole_host.then(|| FakeClock::new(directory.path()));
        let command = links.known_to(command.arg(&config));
        let command = clock.iter().fold(command, TestCommand::clock);
        let faults = Faults::new();
        let command = command.faults(&faults);
        let site = Self {
            directory,
            disk,
            command,
            clock,
            faults,
            links,
            watcher: Mutex::new(None),
            planted: Mutex::new(false),
        };
        site.set_credential(&credential(0)).map_err(Failure::doing("cannot write a watcher's secrets"))?;
        site.plant().map_err(Failure::doing("cannot make a directory of destinations"))?;
        Ok(site)
    }

    /// Gives the watcher another `user:password`, as a rotation does.
    pub(super) fn set_credential(&self, credential: &str) -> io::Result<()> {
        let new = self.directory.join("secrets.new");
        let secret = format!(r#"{{"type": "simple", "value": "{credential}"}}"#);
        fs::write(&new, format!(r#"{{"secrets": {{"{SECRET}": {secret}}}}}"#))?;
        fs::rename(new, self.secrets())
    }

    /// The directory of the destinations.
    pub(super) fn live(&self) -> PathBuf {
        live(&self.directory, self.disk.as_ref())
    }

    /// The disk of the destinations.
    pub(super) fn disk(&self) -> Result<&Disk, String> {
        self.disk.as_ref().ok_or_else(|| "the destinations have no disk of their own".to_owned())
    }

    /// The wall clock of the watcher.
    pub(super) fn clock(&self) -> Result<&FakeClock, String> {
        self.clock.as_ref().ok_or_else(|| "the watcher has no clock of its own".to_owned())
    }

    /// What makes the watcher's machine fail.
    pub(super) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The secrets of the watcher.
    pub(super) fn secrets(&self) -> PathBuf {
        self.directory.join(SECRETS)
    }

    /// The destination of a node.
    pub(super) fn file(&self, node: usize) -> PathBuf {
        self.live().join(format!("n{node}"))
    }

    /// Sets what happens to all of the watcher's connections.
    pub(super) fn network(&self, mode: ProxyMode) {
        self.links.network(mode);
    }

    pub(super) fn reset_connections(&self) {
        self.links.reset_connections();
    }

    /// Lets the servers' names point elsewhere; `false` if the watcher knows them by address.
    pub(super) fn move_names(&self) -> bool {
        self.links.move_names()
    }

    /// Closes the watcher's session from outside; `false` when it had none.
    pub(super) fn close_session(&self, server: SocketAddr) -> bool {
        self.links.newest_sessions().filter(|session| session.close(server).is_ok()).count() > 0
    }

    /// Starts the watcher.
    pub(super) fn start(&self) {
        *self.watcher() = Some(self.command.start());
    }

    /// The watcher, while it should be running.
    pub(super) fn watcher(&self) -> MutexGuard<'_, Option<Daemon>> {
        self.watcher.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the watcher said last, of everything or of one node and what concerns all, for the description of a violation.
    pub(super) fn said(&self, node: Option<usize>) -> String {
        let log = self.watcher().as_ref().map(Daemon::stderr).unwrap_or_default();
        let concerns = |line: &&str| {
            let of_a_node = line.starts_with("Updating '") || line.starts_with("nodes.");
            node.is_none_or(|node| !of_a_node || line.contains(&format!("/n{node}'")))
        };
        let lines: Vec<&str> = log.lines().filter(concerns).collect();
        let last = lines[lines.len().saturating_sub(SAID_LINES)..].join(SAID);
        format!("the watcher's log ends with{SAID}{last}")
    }

    /// Puts the foreign files into the directory.
    pub(super) fn plant(&self) -> io::Result<()> {
        let mut planted = self.planted();
        fs::create_dir_all(self.live())?;
        FOREIGN.iter().try_for_each(|name| fs::write(self.live().join(name), "not the watcher's"))?;
        *planted = true;
        Ok(())
    }

    /// Removes the directory with all that is in it.
    pub(super) fn remove_directory(&self) -> io::Result<()> {
        *self.planted() = false;
        // The watcher may put a file there in the same moment.
        let mut result = Ok(());
        for _ in 0..100 {
            result = fs::remove_dir_all(self.live());
            if result.is_ok() {
                break;
            }
        }
        result
    }

    /// The foreign files that are gone.
    pub(super) fn missing_foreign(&self) -> Vec<&'static str> {
        let planted = self.planted();
        FOREIGN.into_iter().filter(|name| *planted && !self.live().join(name).exists()).collect()
    }

    /// Temporary files in the directory.
    pub(super) fn temporaries(&self) -> Vec<String> {
        let entries = fs::read_dir(self.live()).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| name.starts_with(TEMPORARY) && !FOREIGN.contains(&name.as_str())).collect()
    }

    fn planted(&self) -> MutexGuard<'_, bool> {
        self.planted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn live(directory: &TempDir, disk: Option<&Disk>) -> PathBuf {
    disk.map_or(directory.path(), Disk::path).join("live")
}

/// The watchers' `user:password` after so many rotations.
pub(super) fn credential(rotations: usize) -> String {
    format!("watcher:rotation-{rotations}")
}

/// What a watcher is configured with.
fn configuration(hosts: &str, live: &Path, secrets: &Path) -> String {
    let mut text = format!(
        "[live-data]\nzookeeper.hosts = {hosts}{CHROOT}\nzookeeper.credentials = {SECRET}\nsecrets.path = {}\n{SETTINGS}",
        secrets.display()
    );
    for node in 0..NODES {
        let dest = live.join(format!("n{node}"));
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "nodes.n{node}.source = /n{node}\nnodes.n{node}.dest = {}\nnodes.n{node}.mode = 0644\n",
            dest.display()
        );
    }
    // Writing to a String cannot fail.
    let _ = writeln!(text, "nodes.n{OWNED}.owner = {}", rustix::process::geteuid().as_raw());
    text
}
