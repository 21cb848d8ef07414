//! The servers of a fleet, and what they use.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::{Admin, Ensemble, Server, ServerOptions};

use super::super::usage::Usage;
use super::content::{ROOT, content, path};
use ld_workspace::Failure;

/// ZooKeeper's own default, as in production.
const TICK: Duration = Duration::from_secs(2);
const MIN_SESSION_TIMEOUT: Duration = Duration::from_secs(4);
const MAX_SESSION_TIMEOUT: Duration = Duration::from_secs(40);
const SYNC_LIMIT: Duration = Duration::from_secs(10);
/// MiB of heap for each server.
pub(super) const HEAP_MIB: u32 = 1024;
/// How long something may take to show in the servers' counters.
const COUNT_LIMIT: Duration = Duration::from_secs(60);
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// One server, or three that agree.
#[derive(Debug)]
pub(super) enum Servers {
    One(Box<Server>),
    Three(Ensemble),
}

/// What all servers together have done so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Done {
    /// CPU seconds.
    pub(super) cpu: f64,
    /// Bytes that the processes have written: sockets, and the log of transactions.
    pub(super) written: f64,
    /// Requests received.
    pub(super) received: f64,
}

impl Servers {
    /// Starts them, with nodes of version 0.
    pub(super) fn start(ensemble: bool, nodes: usize) -> Result<Self, Failure> {
        let options = ServerOptions {
            tick: TICK,
            min_session_timeout: MIN_SESSION_TIMEOUT,
            max_session_timeout: MAX_SESSION_TIMEOUT,
            max_client_connections: 0,
            sync_limit: SYNC_LIMIT,
            heap: HEAP_MIB,
            ..ServerOptions::default()
        };
        let servers = if ensemble {
            Self::Three(Ensemble::start_with(options))
        } else {
            Self::One(Box::new(Server::start_with(options)))
        };
        let admin = servers.admin();
        let cannot = || "cannot create the nodes";
        admin.create(ROOT, "").map_err(Failure::doing(cannot()))?;
        for node in 0..nodes {
            admin.create(&path(node), content(0, 0)).map_err(Failure::doing(cannot()))?;
        }
        Ok(servers)
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::One(_) => "one server",
            Self::Three(_) => "three servers",
        }
    }

    pub(super) fn all(&self) -> &[Server] {
        match self {
            Self::One(server) => std::slice::from_ref(server),
            Self::Three(ensemble) => ensemble.servers(),
        }
    }

    pub(super) fn connect_string(&self) -> String {
        self.all().iter().map(Server::connect_string).collect::<Vec<_>>().join(",")
    }

    /// Writes through the first server that runs.
    pub(super) fn admin(&self) -> Admin {
        let running = self.all().iter().find(|server| server.is_running());
        running.unwrap_or(&self.all()[0]).admin()
    }

    /// What those that run have done so far.
    pub(super) fn done(&self) -> Result<Done, Failure> {
        let mut done = Done { cpu: 0.0, written: 0.0, received: 0.0 };
        for server in self.all().iter().filter(|server| server.is_running()) {
            let pid = process(server)?;
            done.cpu += Usage::of(pid)?.cpu;
            done.written += written(pid)?;
            done.received += server.metric("zk_packets_received");
        }
        Ok(done)
    }

    /// Waits until they count `least` watches at least; for 0, until they have none.
    pub(super) fn wait_for_watches(&self, least: usize) -> Result<(), Failure> {
        let start = Instant::now();
        loop {
            let now: f64 = self.all().iter().map(|server| server.metric("zk_watch_count")).sum();
            if if least == 0 { now == 0.0 } else { now >= least as f64 } {
                return Ok(());
            }
            if start.elapsed() > COUNT_LIMIT {
                return Err(Failure::new(format!("the servers have {now} watches instead of {least}")));
            }
            thread::sleep(LOOK_INTERVAL);
        }
    }

    /// Bytes that live objects take in the heaps, after a full collection. `None` without `jcmd`, which a JRE lacks.
    pub(super) fn heap(&self) -> Result<Option<f64>, Failure> {
        let mut sum = 0.0;
        for server in self.all() {
            let pid = process(server)?;
            let Some(used) = jcmd(pid, "GC.run").and_then(|_| heap_used(&jcmd(pid, "GC.heap_info")?)) else {
                return Ok(None);
            };
            sum += used;
        }
        Ok(Some(sum))
    }

    /// Bytes in memory.
    pub(super) fn resident(&self) -> Result<f64, Failure> {
        self.all().iter().map(|server| Ok(Usage::of(process(server)?)?.resident)).sum()
    }
}

fn process(server: &Server) -> Result<u32, Failure> {
    server.process_id().ok_or_else(|| Failure::new("a server does not run"))
}

fn jcmd(pid: u32, command: &str) -> Option<String> {
    let output = Command::new("jcmd").args([&pid.to_string(), command]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What the old generation holds. A full collection moves all live objects there; the young one fills again at once.
fn heap_used(info: &str) -> Option<f64> {
    let line = info.lines().find(|line| line.trim_start().starts_with("tenured generation"))?;
    let (_, rest) = line.split_once("used ")?;
    Some(rest.split_once('K')?.0.parse::<f64>().ok()? * 1024.0)
}

/// What a process has handed to `write` and its like, sockets included.
fn written(pid: u32) -> Result<f64, Failure> {
    let path = format!("/proc/{pid}/io");
    let text = fs::read_to_string(&path).map_err(Failure::doing(format!("cannot read {path}")))?;
    let bytes = text.lines().find_map(|line| line.strip_prefix("wchar: ")?.parse().ok());
    bytes.ok_or_else(|| Failure::new(format!("{path} has no wchar")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_objects_are_in_the_old_generation() {
        let info = "4242:\n def new generation   total 78656K, used 9093K [0x1, 0x2, 0x3)\n  eden space 69952K, 13% used [0x1)\n \
                    tenured generation   total 174784K, used 1000K [0x1, 0x2, 0x3)\n Metaspace       used 15000K, committed 1K\n";
        assert_eq!(heap_used(info), Some(1000.0 * 1024.0));
        assert_eq!(heap_used("4242:\n"), None);
    }
}
