//! The hosts of a fleet, in processes of their own.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::TempDir;

use super::event::{Event, EventKind};
use crate::environment::TMPFS;
use crate::system::Usage;
use ld_workspace::Failure;

/// The most hosts in one process. With more, the ZooKeeper client's single connection thread would
/// limit the figures.
const HOSTS_PER_PROCESS: usize = 1000;

/// The hosts to start.
#[derive(Debug, Clone)]
pub(crate) struct HostsOptions {
    /// The program with the `fleet-hosts` command.
    pub(crate) program: PathBuf,
    pub(crate) servers: String,
    pub(crate) hosts: usize,
    pub(crate) nodes: usize,
    pub(crate) without_jitter: bool,
    pub(crate) reports: bool,
}

/// Processes that run hosts. They end when this value is dropped and when this process ends.
#[derive(Debug)]
pub(crate) struct Hosts {
    children: Vec<Child>,
    events: Receiver<Event>,
    hosts: Vec<Host>,
    _directory: TempDir,
}

/// The last events of a host.
#[derive(Debug, Clone, Copy, Default)]
struct Host {
    /// When its session was established; `None` without a session.
    up: Option<u64>,
    /// The version in its file, and when it appeared.
    file: Option<(u64, u64)>,
}

impl Hosts {
    /// Starts all hosts at once.
    pub(crate) fn start(options: &HostsOptions) -> Result<Self, Failure> {
        let directory = TempDir::new_in(TMPFS);
        let (sender, events) = mpsc::channel();
        let processes = options.hosts.div_ceil(HOSTS_PER_PROCESS);
        let mut started = Self {
            children: Vec::new(),
            events,
            hosts: vec![Host::default(); options.hosts],
            _directory: directory,
        };
        for process in 0..processes {
            let first = options.hosts * process / processes;
            let count = options.hosts * (process + 1) / processes - first;
            // setpriv makes the kernel kill the hosts when this process dies, then execs the
            // program.
            let mut command = Command::new("setpriv");
            command.args(["--pdeathsig", "KILL", "--"]).arg(&options.program).arg("fleet-hosts");
            command.args(["--servers", &options.servers]).arg("--directory").arg(started._directory.path());
            command.args(["--first", &first.to_string(), "--count", &count.to_string()]);
            command.args(["--nodes", &options.nodes.to_string()]);
            if options.without_jitter {
                command.arg("--without-jitter");
            }
            if options.reports {
                command.arg("--reports");
            }
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = command.spawn().map_err(Failure::doing("cannot start hosts"))?;
            let output = child.stdout.take();
            started.children.push(child);
            let sender = sender.clone();
            thread::spawn(move || {
                let lines = BufReader::new(output.into_iter().next()?).lines();
                let mut events = lines.map_while(Result::ok).filter_map(|line| Event::parse(&line));
                events.try_for_each(|event| sender.send(event)).ok()
            });
        }
        Ok(started)
    }

    /// Waits until all files hold `version`, and returns when each did, in nanoseconds.
    pub(crate) fn wait_for_version(&mut self, version: u64, limit: Duration) -> Result<Vec<u64>, Failure> {
        let has = |host: &Host| host.file.filter(|(held, _)| *held == version).map(|(_, at)| at);
        self.wait(&format!("version {version} in every file"), self.hosts.len(), limit, has)
    }

    /// Waits until `count` sessions were established after `since`, and returns when each was, in
    /// nanoseconds.
    pub(crate) fn wait_for_sessions(
        &mut self,
        count: usize,
        since: u64,
        limit: Duration,
    ) -> Result<Vec<u64>, Failure> {
        self.wait(&format!("{count} sessions"), count, limit, |host| host.up.filter(|at| *at >= since))
    }

    /// Waits until `get` yields a value for `count` hosts, and returns the values.
    fn wait<T>(
        &mut self,
        what: &str,
        count: usize,
        limit: Duration,
        get: impl Fn(&Host) -> Option<T>,
    ) -> Result<Vec<T>, Failure> {
        let start = Instant::now();
        loop {
            while let Ok(event) = self.events.try_recv() {
                self.record(event);
            }
            let values: Vec<T> = self.hosts.iter().filter_map(&get).collect();
            if values.len() >= count {
                return Ok(values);
            }
            let missing = count - values.len();
            match self.events.recv_timeout(limit.saturating_sub(start.elapsed())) {
                Ok(event) => self.record(event),
                Err(RecvTimeoutError::Timeout) => {
                    let seconds = limit.as_secs();
                    return Err(Failure::new(format!(
                        "{missing} hosts are missing after {seconds} s of waiting for {what}"
                    )));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Failure::new(format!("the hosts exited while waiting for {what}")));
                }
            }
        }
    }

    fn record(&mut self, event: Event) {
        let Some(host) = self.hosts.get_mut(event.host) else { return };
        match event.kind {
            EventKind::Up => host.up = Some(event.at),
            EventKind::Down => host.up = None,
            EventKind::File(version) => host.file = Some((version, event.at)),
        }
    }

    /// The number of hosts.
    pub(crate) fn size(&self) -> usize {
        self.hosts.len()
    }

    /// CPU seconds that all hosts have used so far.
    pub(crate) fn cpu(&self) -> Result<f64, Failure> {
        self.children.iter().map(|child| Ok(Usage::of(child.id())?.cpu)).sum()
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for child in &mut self.children {
            // Both fail if the process has exited already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
