//! One host: a watcher, its proxies to the ensemble, and its directory of destinations.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{fs, io};

use ld_testkit::{Daemon, FakeClock, Faults, Proxy, ProxyMode, TempDir, TestCommand, binary, s3_variables};

use super::configuration::{Configuration, SECRET, text_of};
use super::disk::Disk;
use super::proxies::Proxies;
use super::watcher_program::WatcherProgram;
use ld_workspace::Failure;

/// The prefix of the watcher's temporary files.
const TEMPORARY: &str = ".live-data.";
/// Files of other programs. One is named much like the watcher's temporary files.
const FOREIGN: [&str; 2] = ["notes.txt", ".live-data.0123456789abcdef.0123456789abcdef"];
/// How many log lines describe a violation, and what comes before each.
const LOG_TAIL_LINES: usize = 10;
const LOG_TAIL_PREFIX: &str = "\n           | ";
/// The configuration of a host.
const CONFIG: &str = "config.ini";
/// The secrets file of a host.
const SECRETS: &str = "secrets.json";
/// A host of the testbed.
#[derive(Debug)]
pub(crate) struct Host {
    index: usize,
    directory: TempDir,
    /// The disk of the destinations, if they are not in the directory.
    disk: Option<Disk>,
    /// The wall clock of the watcher, if it is not the machine's.
    clock: Option<FakeClock>,
    /// Faults of the watcher's machine.
    faults: Faults,
    proxies: Proxies,
    /// The way to S3.
    object_proxy: Proxy,
    command: TestCommand,
    watcher: Mutex<Option<Daemon>>,
    /// Whether the foreign files should exist.
    has_foreign_files: Mutex<bool>,
}

impl Host {
    /// A host. Its watcher does not run yet.
    pub(crate) fn new(
        index: usize,
        servers: &[SocketAddr],
        objects: SocketAddr,
        program: WatcherProgram,
        whole_host: bool,
    ) -> Result<Self, Failure> {
        let directory = TempDir::new();
        let proxies = Proxies::new(servers, whole_host);
        let disk = whole_host.then(|| Disk::new(&format!("watcher-{index}"))).transpose();
        let disk = disk.map_err(Failure::doing("cannot create a disk"))?;
        let config = directory.join(CONFIG);
        let (live, secrets) = (destinations(&directory, disk.as_ref()), directory.join(SECRETS));
        fs::write(&config, text_of(Configuration::Original, &proxies.hosts(), &live, &secrets, index))
            .map_err(Failure::doing("cannot write a watcher's configuration"))?;
        let command =
            program.arguments().iter().fold(TestCommand::new(binary(program.binary())), TestCommand::arg);
        let clock = whole_host.then(|| FakeClock::new(directory.path()));
        let command = proxies.with_names(command.arg(&config));
        let command = clock.iter().fold(command, TestCommand::clock);
        let faults = Faults::new();
        let object_proxy = Proxy::start(objects);
        let command = with_s3(command.faults(&faults), object_proxy.address());
        let host = Self {
            index,
            directory,
            disk,
            command,
            clock,
            faults,
            proxies,
            object_proxy,
            watcher: Mutex::new(None),
            has_foreign_files: Mutex::new(false),
        };
        host.set_credential(&credential(0)).map_err(Failure::doing("cannot write a watcher's secrets"))?;
        host.create_foreign_files().map_err(Failure::doing("cannot create the directory of destinations"))?;
        Ok(host)
    }

    /// Replaces the file of the watcher's configuration. The watcher goes on with the former one
    /// until it is told to reload.
    pub(crate) fn configure(&self, configuration: Configuration) -> io::Result<()> {
        let text =
            text_of(configuration, &self.proxies.hosts(), &self.destinations(), &self.secrets(), self.index);
        let new = self.directory.join("config.new");
        fs::write(&new, text)?;
        fs::rename(new, self.directory.join(CONFIG))
    }

    /// Gives the watcher another `user:password`, as a rotation of credentials does.
    pub(crate) fn set_credential(&self, credential: &str) -> io::Result<()> {
        let new = self.directory.join("secrets.new");
        let secret = format!(r#"{{"type": "simple", "value": "{credential}"}}"#);
        fs::write(&new, format!(r#"{{"secrets": {{"{SECRET}": {secret}}}}}"#))?;
        fs::rename(new, self.secrets())
    }

    /// The directory of the destinations.
    pub(crate) fn destinations(&self) -> PathBuf {
        destinations(&self.directory, self.disk.as_ref())
    }

    /// The disk of the destinations.
    pub(crate) fn disk(&self) -> Result<&Disk, String> {
        self.disk.as_ref().ok_or_else(|| "the destinations have no disk of their own".to_owned())
    }

    /// The wall clock of the watcher.
    pub(crate) fn clock(&self) -> Result<&FakeClock, String> {
        self.clock.as_ref().ok_or_else(|| "the watcher has no clock of its own".to_owned())
    }

    /// Faults of the watcher's machine.
    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The secrets file of the watcher.
    pub(crate) fn secrets(&self) -> PathBuf {
        self.directory.join(SECRETS)
    }

    /// The destination of a node.
    pub(crate) fn file(&self, node: usize) -> PathBuf {
        self.destinations().join(format!("n{node}"))
    }

    /// Sets the mode of all proxies.
    pub(crate) fn network(&self, mode: ProxyMode) {
        self.proxies.network(mode);
    }

    pub(crate) fn reset_connections(&self) {
        self.proxies.reset_connections();
    }

    /// The way to S3.
    pub(crate) fn object_proxy(&self) -> &Proxy {
        &self.object_proxy
    }

    /// Gives the servers' names other addresses. `false` if the watcher knows no names.
    pub(crate) fn move_names(&self) -> bool {
        self.proxies.move_names()
    }

    /// Closes the watcher's session on a server. `false` if it had none.
    pub(crate) fn close_session(&self, server: SocketAddr) -> bool {
        self.proxies.newest_sessions().filter(|session| session.close(server).is_ok()).count() > 0
    }

    /// Starts the watcher.
    pub(crate) fn start(&self) {
        *self.watcher() = Some(self.command.start());
    }

    /// The watcher's process. `None` while it should not run.
    pub(crate) fn watcher(&self) -> MutexGuard<'_, Option<Daemon>> {
        self.watcher.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The end of the watcher's log, to describe a violation. With `node`, lines about other nodes
    /// are left out.
    pub(crate) fn log_tail(&self, node: Option<usize>) -> String {
        let log = self.watcher().as_ref().map(Daemon::stderr).unwrap_or_default();
        let is_relevant = |line: &&str| {
            let is_of_a_node = line.starts_with("Updating '") || line.starts_with("nodes.");
            node.is_none_or(|node| !is_of_a_node || line.contains(&format!("/n{node}'")))
        };
        let lines: Vec<&str> = log.lines().filter(is_relevant).collect();
        let last = lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join(LOG_TAIL_PREFIX);
        format!("the watcher's log ends with{LOG_TAIL_PREFIX}{last}")
    }

    /// Creates the directory of destinations with the foreign files.
    pub(crate) fn create_foreign_files(&self) -> io::Result<()> {
        let mut exist = self.has_foreign_files();
        fs::create_dir_all(self.destinations())?;
        FOREIGN.iter().try_for_each(|name| fs::write(self.destinations().join(name), "not the watcher's"))?;
        *exist = true;
        Ok(())
    }

    /// Removes the directory of destinations and its content.
    pub(crate) fn remove_directory(&self) -> io::Result<()> {
        *self.has_foreign_files() = false;
        // Fails if the watcher writes a file there at the same time.
        let mut result = Ok(());
        for _ in 0..100 {
            result = fs::remove_dir_all(self.destinations());
            if result.is_ok() {
                break;
            }
        }
        result
    }

    /// The foreign files that should exist but do not.
    pub(crate) fn missing_foreign(&self) -> Vec<&'static str> {
        let exist = self.has_foreign_files();
        FOREIGN.into_iter().filter(|name| *exist && !self.destinations().join(name).exists()).collect()
    }

    /// The watcher's temporary files among the destinations.
    pub(crate) fn temporaries(&self) -> Vec<String> {
        let entries = fs::read_dir(self.destinations()).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| name.starts_with(TEMPORARY) && !FOREIGN.contains(&name.as_str())).collect()
    }

    fn has_foreign_files(&self) -> MutexGuard<'_, bool> {
        self.has_foreign_files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn destinations(directory: &TempDir, disk: Option<&Disk>) -> PathBuf {
    disk.map_or(directory.path(), Disk::path).join("live")
}

/// The command with the environment of a client of S3.
fn with_s3(command: TestCommand, server: SocketAddr) -> TestCommand {
    let command = command.env("AWS_DEFAULT_REGION", "us-east-1");
    s3_variables(server).into_iter().fold(command, |command, (name, value)| command.env(name, value))
}

/// The watchers' `user:password` after this number of rotations.
pub(crate) fn credential(rotations: usize) -> String {
    format!("watcher:rotation-{rotations}")
}
