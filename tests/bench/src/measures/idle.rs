//! The cost of a subject without work, and the size of its program.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use super::measure::Round;
use crate::environment::{Environment, FileSystem};
use crate::programs::Subject;
use crate::system::Threads;
use ld_workspace::Failure;

const NODES: usize = 1_000;
const MINUTE: f64 = 60.0;
/// Time for the effects of a start to end. Our idle threads end after 10 s.
const WARM_UP: Duration = Duration::from_secs(12);
const WINDOW: Duration = Duration::from_secs(60);
/// The same for a quick run. The figures are scaled to a minute.
const QUICK_WARM_UP: Duration = Duration::from_secs(3);
const QUICK_WINDOW: Duration = Duration::from_secs(8);
/// What a thread uses between its last sample and its end is lost, at most this much time.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(1);

/// 1,000 nodes without a change: CPU seconds and context switches a minute.
pub(super) fn idle(environment: &mut Environment, subject: Subject) -> Result<Round, Failure> {
    let (warm_up, window) = if environment.quick { (QUICK_WARM_UP, QUICK_WINDOW) } else { (WARM_UP, WINDOW) };
    let mut workload = environment.start(subject, NODES, FileSystem::Tmpfs)?;
    thread::sleep(warm_up);
    let pid = workload.process.id();
    let start = Instant::now();
    let before = Threads::of(pid);
    let mut threads = before.clone();
    while start.elapsed() < window {
        thread::sleep(SAMPLE_INTERVAL);
        threads.update(pid);
        workload.process.check()?;
    }
    let minutes = start.elapsed().as_secs_f64() / MINUTE;
    let used = threads.since(&before);
    Ok([used.cpu / minutes, used.switches / minutes].into())
}

/// The bytes of a program: ours or the floor.
pub(super) fn size(environment: &mut Environment, subject: Subject) -> Result<Round, Failure> {
    let programs = &environment.programs;
    let program = if subject == Subject::Ours { &programs.ours } else { &programs.floor };
    let metadata = fs::metadata(program)
        .map_err(Failure::doing(format!("cannot read the size of {}", program.display())))?;
    Ok([metadata.len() as f64].into())
}
