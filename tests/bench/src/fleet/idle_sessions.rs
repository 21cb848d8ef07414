//! The cost of a fleet's sessions for its servers while nothing changes.

use std::thread;
use std::time::{Duration, Instant};

use super::hosts::{Hosts, HostsOptions};
use super::servers::Servers;
use ld_workspace::Failure;

/// Limit for all hosts to have a session and their files.
pub(crate) const START_LIMIT: Duration = Duration::from_secs(300);
/// Nodes of each host, few and many. The difference separates watches from sessions.
pub(crate) const FEW: usize = 1;
pub(crate) const MANY: usize = 11;
/// Two rounds of the watch audit in `ld-zk`.
const IDLE: Duration = Duration::from_secs(16);

/// The cost of idle sessions.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct IdleCost {
    /// Bytes for each session and for each watch: live in the heaps, or resident without a JDK.
    pub(crate) session: f64,
    pub(crate) watch: f64,
    /// Whether the bytes were measured in the heaps.
    pub(crate) of_heap: bool,
    /// For each session and second: requests, bytes written by the servers, CPU seconds of the
    /// servers.
    pub(crate) requests: f64,
    pub(crate) written: f64,
    pub(crate) cpu: f64,
}

/// Starts hosts, and waits for their files and watches.
pub(crate) fn start(servers: &Servers, options: &HostsOptions, version: u64) -> Result<Hosts, Failure> {
    let mut hosts = Hosts::start(options)?;
    hosts.wait_for_version(version, START_LIMIT)?;
    hosts.wait_for_sessions(options.hosts, 0, START_LIMIT)?;
    servers.wait_for_watches(options.hosts * options.nodes)?;
    Ok(hosts)
}

/// Ends hosts, and waits until the servers have dropped their watches.
pub(crate) fn end(servers: &Servers, hosts: Hosts) -> Result<(), Failure> {
    drop(hosts);
    servers.wait_for_watches(0)
}

/// Measures with its own hosts. The nodes hold `version`.
pub(crate) fn measure(servers: &Servers, options: &HostsOptions, version: u64) -> Result<IdleCost, Failure> {
    let count = options.hosts;
    let options = |nodes| HostsOptions { nodes, ..options.clone() };
    let empty = memory(servers)?;
    let hosts = start(servers, &options(FEW), version)?;
    let few = memory(servers)?;
    let (before, from) = (servers.counters()?, Instant::now());
    thread::sleep(IDLE);
    let (after, passed) = (servers.counters()?, from.elapsed().as_secs_f64() * count as f64);
    end(servers, hosts)?;
    let hosts = start(servers, &options(MANY), version)?;
    let many = memory(servers)?;
    end(servers, hosts)?;
    let watch = (many.0 - few.0) / (count * (MANY - FEW)) as f64;
    Ok(IdleCost {
        session: (few.0 - empty.0) / count as f64 - watch * FEW as f64,
        watch,
        of_heap: empty.1 && few.1 && many.1,
        requests: (after.received - before.received) / passed,
        written: (after.written - before.written) / passed,
        cpu: (after.cpu - before.cpu) / passed,
    })
}

/// Bytes, and whether they were measured in the heaps.
fn memory(servers: &Servers) -> Result<(f64, bool), Failure> {
    Ok(match servers.heap()? {
        Some(heap) => (heap, true),
        None => (servers.resident()?, false),
    })
}
