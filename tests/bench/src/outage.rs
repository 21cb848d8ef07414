//! The return from a lost connection and from a lost session.

use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::{Proxy, ProxyMode, Server};

use super::arena::{Arena, Place};
use super::contestant::Contestant;
use super::observer::AT_LEISURE;
use super::stage::Stage;
use super::usage::thread_count;
use ld_workspace::Failure;

const NODES: usize = 10_000;
/// Nodes that change meanwhile: spread over all, so that each session of a contestant has some. Each costs a request.
const CHANGED: usize = 20;
/// How long a contestant may take to return.
const LIMIT: Duration = Duration::from_secs(60);
/// A contestant that sends no request for so long has done what it does after a lost connection.
const QUIET: Duration = Duration::from_secs(1);
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

fn changed() -> impl Iterator<Item = usize> + Clone {
    (0..NODES).step_by(NODES / CHANGED)
}

/// All connections reset: seconds from a write right after it to its file, threads at most, requests until there is
/// silence.
pub(super) fn reset(arena: &mut Arena, who: Contestant) -> Result<Vec<f64>, Failure> {
    let proxy = Proxy::start(arena.server.address());
    let mut stage = arena.start_through(&proxy.connect_string(), who, NODES, Place::Tmpfs)?;
    wait_for_silence(&proxy, || {})?;
    stage.observer.expect(changed())?;
    let requests = proxy.counts().requests;
    proxy.reset_connections();
    arena.small.change(&arena.admin, changed())?;
    let acknowledged = Instant::now();
    let (pid, mut threads) = (stage.running.id(), 0.0_f64);
    let mut look = || threads = threads.max(thread_count(pid).unwrap_or_default());
    let seen = stage.wait(AT_LEISURE, LIMIT, &mut look)?;
    wait_for_silence(&proxy, look)?;
    stage.verify(&arena.small)?;
    let requests = proxy.counts().requests - requests;
    Ok(vec![seen.duration_since(acknowledged).as_secs_f64(), threads, requests as f64])
}

/// All sessions ended by the server: seconds until what changed meanwhile is in the files and every node is watched
/// again, how many times the cold start that is, and files that were replaced though their nodes had not changed.
pub(super) fn expiry(arena: &mut Arena, who: Contestant) -> Result<Vec<f64>, Failure> {
    let proxy = Proxy::start(arena.server.address());
    let mut stage = arena.start_through(&proxy.connect_string(), who, NODES, Place::Tmpfs)?;
    wait_for_watches(&arena.server, &mut stage)?;
    wait_for_silence(&proxy, || {})?;
    let before = stage.inodes()?;
    stage.observer.expect(changed())?;
    // Nobody hears of it before all are closed: who reconnects while his session is being closed takes it back, and then waits for the
    // answers of a connection that the server has forgotten. No session that expires is lost like this.
    proxy.set_mode(ProxyMode::Blackhole);
    for session in proxy.sessions() {
        // One that ended before by itself is lost already.
        let _ = session.close(arena.server.address());
    }
    let lost = Instant::now();
    proxy.set_mode(ProxyMode::Pass);
    arena.small.change(&arena.admin, changed())?;
    stage.wait(AT_LEISURE, LIMIT, || {})?;
    wait_for_watches(&arena.server, &mut stage)?;
    let seconds = lost.elapsed().as_secs_f64();
    // The floor, which compares nothing, may still be replacing files.
    wait_for_silence(&proxy, || {})?;
    stage.verify(&arena.small)?;
    let replaced = before.iter().zip(stage.inodes()?).filter(|(before, after)| *before != after).count();
    Ok(vec![seconds, seconds / stage.start, replaced.saturating_sub(CHANGED) as f64])
}

/// Waits until the server watches all nodes for the contestant.
fn wait_for_watches(server: &Server, stage: &mut Stage) -> Result<(), Failure> {
    let start = Instant::now();
    while (server.metric("zk_watch_count") as usize) < NODES {
        if start.elapsed() > LIMIT {
            return Err(stage.running.failure("not every node is watched again"));
        }
        stage.running.check()?;
        thread::sleep(LOOK_INTERVAL);
    }
    Ok(())
}

/// Waits until no request has come through for a while.
fn wait_for_silence(proxy: &Proxy, mut look: impl FnMut()) -> Result<(), Failure> {
    let start = Instant::now();
    let (mut requests, mut since) = (proxy.counts().requests, Instant::now());
    while since.elapsed() < QUIET {
        if start.elapsed() > LIMIT {
            return Err(Failure::new("a contestant never stops sending requests"));
        }
        thread::sleep(LOOK_INTERVAL);
        look();
        let now = proxy.counts().requests;
        if now != requests {
            (requests, since) = (now, Instant::now());
        }
    }
    Ok(())
}
