//! What a contestant costs that has nothing to do.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::arena::{Arena, Place};
use super::contestant::Contestant;
use super::usage::Threads;
use ld_workspace::Failure;

const NODES: usize = 1_000;
const MINUTE: f64 = 60.0;
/// How long a start has its effects: idle threads of ours end after 10 s.
const SETTLE: Duration = Duration::from_secs(12);
const WINDOW: Duration = Duration::from_secs(60);
/// The same with less patience; the figures are scaled to a minute.
const QUICK_SETTLE: Duration = Duration::from_secs(3);
const QUICK_WINDOW: Duration = Duration::from_secs(8);
/// Threads that end are seen this much before their end at the earliest.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// 1,000 nodes of which none changes: CPU seconds and context switches a minute.
pub(super) fn idle(arena: &mut Arena, who: Contestant) -> Result<Vec<f64>, Failure> {
    let (settle, window) = if arena.quick { (QUICK_SETTLE, QUICK_WINDOW) } else { (SETTLE, WINDOW) };
    let mut stage = arena.start(who, NODES, Place::Tmpfs)?;
    thread::sleep(settle);
    let pid = stage.running.id();
    let start = Instant::now();
    let before = Threads::of(pid);
    let mut threads = before.clone();
    while start.elapsed() < window {
        thread::sleep(LOOK_INTERVAL);
        threads.look(pid);
        stage.running.check()?;
    }
    let minutes = start.elapsed().as_secs_f64() / MINUTE;
    let used = threads.since(&before);
    Ok(vec![used.cpu / minutes, used.switches / minutes])
}

/// The bytes of a program.
pub(super) fn size(program: &Path) -> Result<Vec<f64>, Failure> {
    let metadata = fs::metadata(program).map_err(Failure::doing("cannot look at a program"))?;
    Ok(vec![metadata.len() as f64])
}
