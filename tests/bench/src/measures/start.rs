//! Time from exec to the last file, and the cost of that start.

use super::measure::Round;
use crate::environment::{Environment, FileSystem, NodeSize, Workload};
use crate::programs::Subject;
use ld_workspace::Failure;

/// Seconds to the last file, CPU seconds, resident bytes once the subject is idle.
pub(super) fn start(
    environment: &mut Environment,
    subject: Subject,
    nodes: usize,
    file_system: FileSystem,
) -> Result<Round, Failure> {
    let workload = environment.start(subject, nodes, file_system)?;
    let figures = figures(&workload)?;
    if file_system == FileSystem::Disk {
        workload.keep_files();
    }
    Ok(figures.into())
}

/// Seconds to the last file, CPU seconds, resident bytes once the subject is idle.
pub(super) fn figures(workload: &Workload) -> Result<[f64; 3], Failure> {
    let usage = workload.usage_when_idle()?;
    Ok([workload.start, usage.cpu, usage.resident])
}

/// 100,000 nodes: seconds, the ratio to a start of 10,000 nodes, CPU seconds, peak bytes.
pub(super) fn hundred_thousand(environment: &mut Environment, subject: Subject) -> Result<Round, Failure> {
    let tenth = environment.start(subject, 10_000, FileSystem::Tmpfs)?.start;
    let workload = environment.start(subject, 100_000, FileSystem::Tmpfs)?;
    let usage = workload.usage_when_idle()?;
    Ok([workload.start, workload.start / tenth, usage.cpu, usage.peak].into())
}

/// 1,000 nodes of 900 KB: seconds, peak bytes.
pub(super) fn large_nodes(environment: &mut Environment, subject: Subject) -> Result<Round, Failure> {
    const NODES: usize = 1_000;
    let workload = environment.start_with(subject, NodeSize::Large, NODES)?;
    Ok([workload.start, workload.usage_when_idle()?.peak].into())
}
