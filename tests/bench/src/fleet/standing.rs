//! What a fleet costs its servers while nothing changes.

use std::thread;
use std::time::{Duration, Instant};

use super::crew::{Crew, Order};
use super::servers::Servers;
use ld_workspace::Failure;

/// How long all hosts may take to be up with their files.
pub(super) const START_LIMIT: Duration = Duration::from_secs(300);
/// Nodes for each host, few and many: the difference tells watches from sessions.
pub(super) const FEW: usize = 1;
pub(super) const MANY: usize = 11;
/// Two rounds of the client's audit.
const IDLE: Duration = Duration::from_secs(16);

/// What stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Standing {
    /// Live bytes of the heaps for each session and for each watch; without a JDK of memory.
    pub(super) session: f64,
    pub(super) watch: f64,
    /// Whether they are of the heaps.
    pub(super) of_heap: bool,
    /// For each session and second: requests, bytes that the servers write, their CPU seconds.
    pub(super) requests: f64,
    pub(super) written: f64,
    pub(super) cpu: f64,
}

/// Starts a crew and waits until it has its files and its watches.
pub(super) fn start(servers: &Servers, order: &Order, version: u64) -> Result<Crew, Failure> {
    let mut crew = Crew::start(order)?;
    crew.wait_for_version(version, START_LIMIT)?;
    crew.wait_for_sessions(order.hosts, 0, START_LIMIT)?;
    servers.wait_for_watches(order.hosts * order.nodes)?;
    Ok(crew)
}

/// Ends a crew and waits until the servers have noticed.
pub(super) fn end(servers: &Servers, crew: Crew) -> Result<(), Failure> {
    drop(crew);
    servers.wait_for_watches(0)
}

/// Measures with crews of its own; the nodes hold `version`.
pub(super) fn measure(servers: &Servers, order: &Order, version: u64) -> Result<Standing, Failure> {
    let hosts = order.hosts;
    let order = |nodes| Order { nodes, ..order.clone() };
    let empty = memory(servers)?;
    let crew = start(servers, &order(FEW), version)?;
    let few = memory(servers)?;
    let (before, from) = (servers.done()?, Instant::now());
    thread::sleep(IDLE);
    let (after, passed) = (servers.done()?, from.elapsed().as_secs_f64() * hosts as f64);
    end(servers, crew)?;
    let crew = start(servers, &order(MANY), version)?;
    let many = memory(servers)?;
    end(servers, crew)?;
    let watch = (many.0 - few.0) / (hosts * (MANY - FEW)) as f64;
    Ok(Standing {
        session: (few.0 - empty.0) / hosts as f64 - watch * FEW as f64,
        watch,
        of_heap: empty.1 && few.1 && many.1,
        requests: (after.received - before.received) / passed,
        written: (after.written - before.written) / passed,
        cpu: (after.cpu - before.cpu) / passed,
    })
}

/// Bytes, and whether they are of the heaps.
fn memory(servers: &Servers) -> Result<(f64, bool), Failure> {
    Ok(match servers.heap()? {
        Some(heap) => (heap, true),
        None => (servers.resident()?, false),
    })
}
