//! Time from an acknowledged write to the file.

use std::thread;
use std::time::{Duration, Instant};

use super::measure::Round;
use crate::environment::{BATCHED, Environment, FileSystem, NodeSize, UNBATCHED, Workload};
use crate::figures::percentile;
use crate::programs::Subject;
use ld_workspace::Failure;

/// Limit for a change to reach its file.
const LIMIT: Duration = Duration::from_secs(60);
/// Changes before the measured ones.
const WARM_UP: usize = 20;
/// How often 1,000 nodes are changed at once.
const BURSTS: usize = 5;

/// Changes one node again and again, each time once the file has the change before.
///
/// Yields the median and the 99th percentile of the seconds from acknowledgement to file.
pub(super) fn latency(
    environment: &mut Environment,
    subject: Subject,
    size: NodeSize,
    changes: usize,
) -> Result<Round, Failure> {
    let mut workload = environment.start_with(subject, size, 1)?;
    let mut seconds = Vec::with_capacity(WARM_UP + changes);
    for _ in 0..WARM_UP + changes {
        seconds.push(delay(environment, &mut workload, size)?);
        workload.verify(environment.node_set(size))?;
    }
    let samples = seconds.split_off(WARM_UP);
    let figures = [50, 99].iter().filter_map(|percent| percentile(&samples, *percent)).collect();
    Ok(Round { figures, samples })
}

/// Changes one node. Returns the seconds from the acknowledgement to the file.
pub(super) fn delay(
    environment: &mut Environment,
    workload: &mut Workload,
    size: NodeSize,
) -> Result<f64, Failure> {
    workload.observer.expect([0])?;
    environment.change_one(size, 0)?;
    let acknowledged = Instant::now();
    // A file that changes before the acknowledgement arrives counts as no time.
    let seen = workload.wait(UNBATCHED, LIMIT, || {})?;
    Ok(seen.duration_since(acknowledged).as_secs_f64())
}

/// Changes 1,000 nodes in one transaction, each time once the subject is idle.
///
/// Yields the median of the seconds from the acknowledgement to the last file.
pub(super) fn burst(environment: &mut Environment, subject: Subject) -> Result<Round, Failure> {
    const NODES: usize = 1_000;
    let mut workload = environment.start(subject, NODES, FileSystem::Tmpfs)?;
    let mut seconds = Vec::new();
    for _ in 0..BURSTS {
        workload.wait_until_idle()?;
        workload.observer.expect(0..NODES)?;
        environment.change(NodeSize::Small, 0..NODES)?;
        let acknowledged = Instant::now();
        let seen = workload.wait(BATCHED, LIMIT, || {})?;
        seconds.push(seen.duration_since(acknowledged).as_secs_f64());
    }
    workload.verify(environment.node_set(NodeSize::Small))?;
    Ok(Round { figures: percentile(&seconds, 50).into_iter().collect(), samples: Vec::new() })
}

/// Changes one node 1,000 times without a pause.
///
/// Yields the number of versions that the file had, and the seconds from the last acknowledgement
/// to the last version.
pub(super) fn rewrite(environment: &mut Environment, subject: Subject) -> Result<Round, Failure> {
    const CHANGES: usize = 1_000;
    let mut workload = environment.start(subject, 1, FileSystem::Tmpfs)?;
    workload.count_each_rename()?;
    workload.observer.expect([])?;
    for _ in 0..CHANGES {
        environment.change_one(NodeSize::Small, 0)?;
    }
    let acknowledged = Instant::now();
    while let Err(failure) = workload.verify(environment.node_set(NodeSize::Small)) {
        if acknowledged.elapsed() > LIMIT {
            return Err(failure);
        }
        thread::sleep(BATCHED);
    }
    let seconds = acknowledged.elapsed().as_secs_f64();
    workload.observer.drain()?;
    Ok([workload.observer.renames as f64, seconds].into())
}
