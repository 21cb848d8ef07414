//! From exec to the last file, and what that takes.

use super::arena::{Arena, Place};
use super::contestant::Contestant;
use super::stage::Stage;
use ld_workspace::Failure;

/// Seconds to the last file, CPU seconds, bytes resident a moment later.
pub(super) fn start(
    arena: &mut Arena,
    who: Contestant,
    nodes: usize,
    place: Place,
) -> Result<Vec<f64>, Failure> {
    let stage = arena.start(who, nodes, place)?;
    let usage = stage.usage()?;
    let figures = vec![stage.start, usage.cpu, usage.resident];
    if place == Place::Disk {
        stage.leave_files();
    }
    Ok(figures)
}

/// 100,000 nodes: seconds, how many times those of 10,000, CPU seconds, bytes at most.
pub(super) fn hundred_thousand(arena: &mut Arena, who: Contestant) -> Result<Vec<f64>, Failure> {
    let tenth = arena.start(who, 10_000, Place::Tmpfs)?.start;
    let stage = arena.start(who, 100_000, Place::Tmpfs)?;
    let usage = stage.usage()?;
    Ok(vec![stage.start, stage.start / tenth, usage.cpu, usage.peak])
}

/// 1,000 nodes of 900 KB: seconds, bytes at most.
pub(super) fn large_nodes(arena: &mut Arena, who: Contestant) -> Result<Vec<f64>, Failure> {
    const NODES: usize = 1_000;
    arena.large.grow(&arena.admin, NODES)?;
    let (servers, directory) = (arena.server.connect_string(), arena.directory(Place::Tmpfs));
    let stage = Stage::start(&arena.programs, who, &servers, &arena.large, NODES, &directory)?;
    Ok(vec![stage.start, stage.usage()?.peak])
}
