//! Recovery from lost connections and from lost sessions.

use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::{Proxy, ProxyMode, Server};

use super::measure::Round;
use crate::environment::{BATCHED, Environment, FileSystem, NodeSize, Workload};
use crate::programs::Subject;
use crate::system::thread_count;
use ld_workspace::Failure;

const NODES: usize = 10_000;
/// Nodes that change during the outage. They are spread over all nodes, so that each session of a
/// subject has some. Each costs a request.
const CHANGED: usize = 20;
/// Limit for a subject to recover.
const LIMIT: Duration = Duration::from_secs(60);
/// Recovery from a lost connection is over once no request was sent for this long.
const QUIET: Duration = Duration::from_secs(1);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

fn changed() -> impl Iterator<Item = usize> + Clone {
    (0..NODES).step_by(NODES / CHANGED)
}

/// Resets all connections, then changes some nodes.
///
/// Yields the seconds from the acknowledgement of the write to the last file, the peak number of
/// threads, and the requests until the subject is quiet.
pub(super) fn reset(environment: &mut Environment, subject: Subject) -> Result<Round, Failure> {
    let proxy = Proxy::start(environment.server.address());
    let mut workload =
        environment.start_through(&proxy.connect_string(), subject, NODES, FileSystem::Tmpfs)?;
    wait_until_quiet(&proxy, || {})?;
    workload.observer.expect(changed())?;
    let requests = proxy.counts().requests;
    proxy.reset_connections();
    environment.change(NodeSize::Small, changed())?;
    let acknowledged = Instant::now();
    let (pid, mut threads) = (workload.process.id(), 0.0_f64);
    let mut sample = || threads = threads.max(thread_count(pid).unwrap_or_default());
    let seen = workload.wait(BATCHED, LIMIT, &mut sample)?;
    wait_until_quiet(&proxy, sample)?;
    workload.verify(environment.node_set(NodeSize::Small))?;
    let requests = proxy.counts().requests - requests;
    Ok([seen.duration_since(acknowledged).as_secs_f64(), threads, requests as f64].into())
}

/// Closes all sessions on the server, then changes some nodes.
///
/// Yields the seconds until the changed files are right and every node is watched again, the ratio
/// to a cold start, and the number of files that were replaced although their nodes did not change.
pub(super) fn expiry(environment: &mut Environment, subject: Subject) -> Result<Round, Failure> {
    let proxy = Proxy::start(environment.server.address());
    let mut workload =
        environment.start_through(&proxy.connect_string(), subject, NODES, FileSystem::Tmpfs)?;
    wait_for_watches(&environment.server, &mut workload)?;
    wait_until_quiet(&proxy, || {})?;
    let before = workload.inodes()?;
    workload.observer.expect(changed())?;
    // The proxy is silent until all sessions are closed. A client that reconnects while its session
    // is being closed resumes the session, and then waits for replies on a connection that the
    // server has dropped. A session that expires is never lost like this.
    proxy.set_mode(ProxyMode::Blackhole);
    for session in proxy.sessions() {
        // A failure means that the session is closed already.
        let _ = session.close(environment.server.address());
    }
    let lost = Instant::now();
    proxy.set_mode(ProxyMode::Pass);
    environment.change(NodeSize::Small, changed())?;
    workload.wait(BATCHED, LIMIT, || {})?;
    wait_for_watches(&environment.server, &mut workload)?;
    let seconds = lost.elapsed().as_secs_f64();
    // The floor compares nothing, so it may still be replacing files.
    wait_until_quiet(&proxy, || {})?;
    workload.verify(environment.node_set(NodeSize::Small))?;
    let pairs = before.iter().zip(workload.inodes()?);
    let replaced = pairs.filter(|(before, after)| *before != after).count();
    Ok([seconds, seconds / workload.start, replaced.saturating_sub(CHANGED) as f64].into())
}

/// Waits until the server has a watch for each node.
fn wait_for_watches(server: &Server, workload: &mut Workload) -> Result<(), Failure> {
    let start = Instant::now();
    while (server.metric("zk_watch_count") as usize) < NODES {
        if start.elapsed() > LIMIT {
            return Err(workload.process.failure("some nodes are not watched again"));
        }
        workload.process.check()?;
        thread::sleep(POLL_INTERVAL);
    }
    Ok(())
}

/// Waits until the proxy has forwarded no request for a while. `sample` runs between two checks.
fn wait_until_quiet(proxy: &Proxy, mut sample: impl FnMut()) -> Result<(), Failure> {
    let start = Instant::now();
    let (mut requests, mut since) = (proxy.counts().requests, Instant::now());
    while since.elapsed() < QUIET {
        if start.elapsed() > LIMIT {
            return Err(Failure::new("requests did not stop after the outage"));
        }
        thread::sleep(POLL_INTERVAL);
        sample();
        let now = proxy.counts().requests;
        if now != requests {
            (requests, since) = (now, Instant::now());
        }
    }
    Ok(())
}
