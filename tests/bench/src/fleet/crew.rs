//! The hosts as their parent sees them.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::TempDir;

use super::super::arena::TMPFS;
use super::super::usage::Usage;
use super::event::{Event, What};
use ld_workspace::Failure;

/// Hosts that one process runs at most: beyond it the ZooKeeper client's one thread for connections is what is measured.
const HOSTS_A_PROCESS: usize = 1000;

/// What a crew is to be like.
#[derive(Debug, Clone)]
pub(super) struct Order {
    /// The program that `fleet-hosts` belongs to.
    pub(super) program: PathBuf,
    pub(super) servers: String,
    pub(super) hosts: usize,
    pub(super) nodes: usize,
    pub(super) without_jitter: bool,
}

/// Processes full of hosts. They end with this value, and with this process.
#[derive(Debug)]
pub(super) struct Crew {
    children: Vec<Child>,
    events: Receiver<Event>,
    hosts: Vec<Host>,
    _directory: TempDir,
}

/// What was last heard of a host.
#[derive(Debug, Clone, Copy, Default)]
struct Host {
    /// Since when its session is live.
    up: Option<u64>,
    /// The version that its file holds, and since when.
    file: Option<(u64, u64)>,
}

impl Crew {
    /// Starts all hosts at once.
    pub(super) fn start(order: &Order) -> Result<Self, Failure> {
        let directory = TempDir::new_in(TMPFS);
        let (sender, events) = mpsc::channel();
        let processes = order.hosts.div_ceil(HOSTS_A_PROCESS);
        let mut crew = Self {
            children: Vec::new(),
            events,
            hosts: vec![Host::default(); order.hosts],
            _directory: directory,
        };
        for process in 0..processes {
            let first = order.hosts * process / processes;
            let count = order.hosts * (process + 1) / processes - first;
            // The kernel kills it when this process dies, however that happens. setpriv then becomes the program.
            let mut command = Command::new("setpriv");
            command.args(["--pdeathsig", "KILL", "--"]).arg(&order.program).arg("fleet-hosts");
            command.args(["--servers", &order.servers]).arg("--directory").arg(crew._directory.path());
            command.args(["--first", &first.to_string(), "--count", &count.to_string()]);
            command.args(["--nodes", &order.nodes.to_string()]);
            if order.without_jitter {
                command.arg("--without-jitter");
            }
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = command.spawn().map_err(Failure::doing("cannot start hosts"))?;
            let output = child.stdout.take();
            crew.children.push(child);
            let sender = sender.clone();
            thread::spawn(move || {
                let lines = BufReader::new(output.into_iter().next()?).lines();
                let mut events = lines.map_while(Result::ok).filter_map(|line| Event::parse(&line));
                events.try_for_each(|event| sender.send(event)).ok()
            });
        }
        Ok(crew)
    }

    /// Waits until all files hold `version`; when each came, in nanoseconds.
    pub(super) fn wait_for_version(&mut self, version: u64, limit: Duration) -> Result<Vec<u64>, Failure> {
        let has = |host: &Host| host.file.filter(|(held, _)| *held == version).map(|(_, at)| at);
        self.wait(&format!("version {version} in every file"), self.hosts.len(), limit, has)
    }

    /// Waits until `count` sessions have become live after `since`; when each did, in nanoseconds.
    pub(super) fn wait_for_sessions(
        &mut self,
        count: usize,
        since: u64,
        limit: Duration,
    ) -> Result<Vec<u64>, Failure> {
        self.wait(&format!("{count} sessions"), count, limit, |host| host.up.filter(|at| *at >= since))
    }

    /// Waits until so many hosts have what is asked for.
    fn wait<T>(
        &mut self,
        what: &str,
        count: usize,
        limit: Duration,
        has: impl Fn(&Host) -> Option<T>,
    ) -> Result<Vec<T>, Failure> {
        let start = Instant::now();
        loop {
            self.take();
            let had: Vec<T> = self.hosts.iter().filter_map(&has).collect();
            if had.len() >= count {
                return Ok(had);
            }
            let left = limit.saturating_sub(start.elapsed());
            let missing = count - had.len();
            match self.events.recv_timeout(left) {
                Ok(event) => self.note(event),
                Err(RecvTimeoutError::Timeout) => {
                    let seconds = limit.as_secs();
                    let what =
                        format!("waited {seconds} s in vain for {what}: {missing} hosts are without it");
                    return Err(Failure::new(what));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Failure::new(format!("the hosts ended; missing: {what}")));
                }
            }
        }
    }

    /// Takes note of what is there.
    fn take(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            self.note(event);
        }
    }

    fn note(&mut self, event: Event) {
        let Some(host) = self.hosts.get_mut(event.host) else { return };
        match event.what {
            What::Up => host.up = Some(event.at),
            What::Down => host.up = None,
            What::File(version) => host.file = Some((version, event.at)),
        }
    }

    /// How many hosts there are.
    pub(super) fn size(&self) -> usize {
        self.hosts.len()
    }

    /// CPU seconds that all hosts have used so far.
    pub(super) fn cpu(&self) -> Result<f64, Failure> {
        self.children.iter().map(|child| Ok(Usage::of(child.id())?.cpu)).sum()
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        for child in &mut self.children {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
