//! The servers of a fleet, and the resources they use.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::{Admin, Ensemble, Server, ServerOptions};

use super::content::{ROOT, content, path};
use crate::system::Usage;
use ld_workspace::Failure;

/// ZooKeeper's own default, as in production.
const TICK: Duration = Duration::from_secs(2);
const MIN_SESSION_TIMEOUT: Duration = Duration::from_secs(4);
const MAX_SESSION_TIMEOUT: Duration = Duration::from_secs(40);
const SYNC_LIMIT: Duration = Duration::from_secs(10);
/// Heap of each server, in MiB.
pub(crate) const HEAP_MIB: u32 = 1024;
/// Limit for the servers' counters to reach a value.
const COUNT_LIMIT: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// One server, or an ensemble of three.
#[derive(Debug)]
pub(crate) enum Servers {
    One(Box<Server>),
    Three(Ensemble),
}

/// What all running servers have used so far, in total.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counters {
    /// CPU seconds.
    pub(crate) cpu: f64,
    /// Bytes written to sockets and to the transaction log.
    pub(crate) written: f64,
    /// Requests received.
    pub(crate) received: f64,
}

impl Servers {
    /// Starts the servers, and creates nodes of version 0.
    pub(crate) fn start(ensemble: bool, nodes: usize) -> Result<Self, Failure> {
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

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::One(_) => "one server",
            Self::Three(_) => "three servers",
        }
    }

    pub(crate) fn all(&self) -> &[Server] {
        match self {
            Self::One(server) => std::slice::from_ref(server),
            Self::Three(ensemble) => ensemble.servers(),
        }
    }

    pub(crate) fn connect_string(&self) -> String {
        self.all().iter().map(Server::connect_string).collect::<Vec<_>>().join(",")
    }

    /// A client of the first server that runs.
    pub(crate) fn admin(&self) -> Admin {
        let running = self.all().iter().find(|server| server.is_running());
        running.unwrap_or(&self.all()[0]).admin()
    }

    /// The counters of all running servers.
    pub(crate) fn counters(&self) -> Result<Counters, Failure> {
        let mut sum = Counters { cpu: 0.0, written: 0.0, received: 0.0 };
        for server in self.all().iter().filter(|server| server.is_running()) {
            let pid = process(server)?;
            sum.cpu += Usage::of(pid)?.cpu;
            sum.written += written(pid)?;
            sum.received += server.metric("zk_packets_received");
        }
        Ok(sum)
    }

    /// Waits until the servers have at least `least` watches, or none if `least` is 0.
    pub(crate) fn wait_for_watches(&self, least: usize) -> Result<(), Failure> {
        let start = Instant::now();
        loop {
            let now: f64 = self.all().iter().map(|server| server.metric("zk_watch_count")).sum();
            if if least == 0 { now == 0.0 } else { now >= least as f64 } {
                return Ok(());
            }
            if start.elapsed() > COUNT_LIMIT {
                return Err(Failure::new(format!("the servers have {now} watches instead of {least}")));
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// Bytes of live objects in all heaps, after a full collection. `None` without `jcmd`, which a
    /// JRE lacks.
    pub(crate) fn heap(&self) -> Result<Option<f64>, Failure> {
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

    /// Resident bytes of all servers.
    pub(crate) fn resident(&self) -> Result<f64, Failure> {
        self.all().iter().map(|server| Ok(Usage::of(process(server)?)?.resident)).sum()
    }
}

fn process(server: &Server) -> Result<u32, Failure> {
    server.process_id().ok_or_else(|| Failure::new("a server is not running"))
}

fn jcmd(pid: u32, command: &str) -> Option<String> {
    let output = Command::new("jcmd").args([&pid.to_string(), command]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Bytes in the old generation. A full collection moves all live objects there.
fn heap_used(info: &str) -> Option<f64> {
    let line = info.lines().find(|line| line.trim_start().starts_with("tenured generation"))?;
    let (_, rest) = line.split_once("used ")?;
    Some(rest.split_once('K')?.0.parse::<f64>().ok()? * 1024.0)
}

/// Bytes that a process has written to files and sockets.
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
