//! `fleet-hosts`: many hosts in one process.
//!
//! Each host has its own session, configuration and directory.

use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::{fs, thread};

use clap::Args;
use ld_config::{Config, Environment, Scope};
use ld_fleet::Reporter;
use ld_status::StatusView;
use ld_sync::Engine;
use ld_zk::{Client, Options, SessionState};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::content::{file_name, path};
use super::event::{Event, EventKind, now};
use super::file_events::FileEvents;
use super::no_jitter;
use ld_workspace::Failure;

/// Threads for the hosts' tasks. The ZooKeeper client adds one thread for all connections.
const WORKERS: usize = 2;
/// Threads for file writes, as many as one watcher has.
const BLOCKING_THREADS: usize = 8;
/// Descriptors that a process needs in addition to one for each connection.
pub(crate) const SPARE_DESCRIPTORS: u64 = 500;

/// The hosts to run.
#[derive(Debug, Clone, Args)]
pub struct HostProcess {
    /// The servers, as in `zookeeper.hosts`.
    #[arg(long)]
    pub(crate) servers: String,
    /// The directory of all hosts. Each gets one below it.
    #[arg(long)]
    pub(crate) directory: PathBuf,
    /// The number of the first host.
    #[arg(long)]
    pub(crate) first: usize,
    /// The number of hosts.
    #[arg(long)]
    pub(crate) count: usize,
    /// The number of nodes of each host. Only the first is reported.
    #[arg(long)]
    pub(crate) nodes: usize,
    /// Run a plain loop on the same client library that backs off without jitter.
    #[arg(long)]
    pub(crate) without_jitter: bool,
    /// Report what the host has.
    #[arg(long)]
    pub(crate) reports: bool,
}

/// Runs until standard input ends, and reports on standard output.
pub fn run(hosts: &HostProcess) -> Result<(), Failure> {
    allow_descriptors(hosts.count as u64 + SPARE_DESCRIPTORS)?;
    let (events, queue) = mpsc::channel();
    let mut files = FileEvents::new()?;
    for host in hosts.numbers() {
        let directory = hosts.directory_of(host);
        fs::create_dir(&directory).map_err(Failure::doing("cannot create the directory of a host"))?;
        files.watch(host, &directory)?;
    }
    let seen = events.clone();
    thread::spawn(move || files.report(&seen));
    thread::spawn(move || print(&queue));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build()
        .map_err(Failure::doing("cannot start a runtime"))?;
    let guard = runtime.enter();
    let engines = hosts.numbers().map(|host| hosts.start(host, &events)).collect::<Result<Vec<_>, _>>()?;
    drop(guard);
    // The parent closes standard input to end this process.
    let ended = io::stdin().read_to_end(&mut Vec::new());
    drop(engines);
    runtime.shutdown_background();
    ended.map(drop).map_err(Failure::doing("cannot read standard input"))
}

impl HostProcess {
    fn numbers(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.count
    }

    fn directory_of(&self, host: usize) -> PathBuf {
        self.directory.join(format!("h{host}"))
    }

    /// Starts one host on the current runtime.
    fn start(&self, host: usize, events: &Sender<Event>) -> Result<Option<Arc<Engine>>, Failure> {
        let directory = self.directory_of(host);
        if self.without_jitter {
            tokio::spawn(no_jitter::run(self.servers.clone(), path(0), directory.join(file_name(0)), {
                let events = events.clone();
                move |kind| report(&events, host, kind)
            }));
            return Ok(None);
        }
        let text = configuration(&self.servers, self.nodes, &directory);
        let config = Config::parse(text, "fleet", &Environment::empty(), Scope::Watcher)
            .map_err(Failure::doing("the configuration of a host is invalid"))?
            .config;
        let mut options = Options::default();
        options.read_only = true;
        let client = Client::new(&config.zookeeper, &config.secrets, options)
            .map_err(Failure::doing("cannot create a client"))?;
        let mut states = client.states();
        let events = events.clone();
        tokio::spawn(async move {
            // `since` shows that a connection was lost and is back, even if both happened at once.
            let mut last = None;
            loop {
                let now = states.get().sessions.first().map(|session| (session.state, session.since));
                if now != last {
                    last = now;
                    let up = now.is_some_and(|(state, _)| state == SessionState::Connected);
                    report(&events, host, if up { EventKind::Up } else { EventKind::Down });
                }
                if states.changed().await.is_none() {
                    return;
                }
            }
        });
        let reporting = self.reports.then(|| (client.clone(), config.clone()));
        let engine = Engine::builder(Arc::new(client)).nodes(config.nodes).settings(config.watcher);
        let engine = engine.hashes(self.reports).start().map_err(Failure::doing("cannot start an engine"))?;
        let engine = Arc::new(engine);
        if let Some((client, config)) = reporting {
            let host = format!("h{host}");
            let reporter = Reporter::new(client.clone(), &config, &host);
            let reporter = reporter.map_err(Failure::doing("cannot make a reporter"))?;
            let view = StatusView::new(Arc::clone(&engine), client, &config, env!("CARGO_PKG_VERSION"));
            tokio::spawn(ld_status::report_to_fleet(view, reporter, host));
        }
        Ok(Some(engine))
    }
}

fn report(events: &Sender<Event>, host: usize, kind: EventKind) {
    // The printer lives as long as the process.
    let _ = events.send(Event { host, at: now(), kind });
}

fn configuration(servers: &str, nodes: usize, directory: &Path) -> String {
    let mut text = format!("[live-data]\nzookeeper.hosts = {servers}\n");
    for node in 0..nodes {
        let (source, dest) = (path(node), directory.join(file_name(node)));
        text.push_str(&format!("nodes.n{node}.source = {source}\nnodes.n{node}.dest = {}\n", dest.display()));
    }
    text
}

/// Prints events, and flushes when the queue is empty.
fn print(queue: &Receiver<Event>) {
    let mut output = BufWriter::new(io::stdout().lock());
    while let Ok(event) = queue.recv() {
        let written = std::iter::once(event)
            .chain(queue.try_iter())
            .try_for_each(|event| writeln!(output, "{event}"))
            .and_then(|()| output.flush());
        if written.is_err() {
            return;
        }
    }
}

/// Raises the soft limit of descriptors to the hard one, which must be at least `need`.
fn allow_descriptors(need: u64) -> Result<(), Failure> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    check_descriptors(maximum, need)?;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
        .map_err(Failure::doing("cannot raise the limit of open files"))
}

/// Fails if a process may have fewer than `need` descriptors.
pub(crate) fn check_descriptors(maximum: Option<u64>, need: u64) -> Result<(), Failure> {
    match maximum {
        Some(maximum) if maximum < need => Err(Failure::new(format!(
            "{need} open files are needed, but the limit is {maximum} (ulimit -Hn): raise it, or use fewer --hosts"
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_descriptors_are_an_error_with_advice() {
        let error = check_descriptors(Some(1024), 3500).unwrap_err().to_string();
        assert!(error.contains("3500") && error.contains("1024") && error.contains("--hosts"), "{error}");
        assert!(check_descriptors(Some(4096), 3500).is_ok());
        assert!(check_descriptors(None, 3500).is_ok());
    }

    #[test]
    fn a_host_configuration_is_valid_and_names_each_node() {
        let text = configuration("127.0.0.1:2181", 3, Path::new("/dev/shm/h1"));
        let parsed = Config::parse(text, "fleet", &Environment::empty(), Scope::Watcher).unwrap();
        assert_eq!(parsed.config.nodes.len(), 3);
        assert_eq!(parsed.config.nodes[2].dest, Path::new("/dev/shm/h1/n2"));
    }
}
