//! From an acknowledged write to the file.

use std::time::{Duration, Instant};

use super::arena::{Arena, Place};
use super::contestant::Contestant;
use super::observer::{AT_LEISURE, AT_ONCE};
use super::stage::Stage;
use super::statistics::percentile;
use ld_workspace::Failure;

/// How long a change may take to be seen.
const LIMIT: Duration = Duration::from_secs(60);
/// Changes that nobody measures, before those that count.
const WARM_UP: usize = 20;
/// How often 1,000 nodes are changed at once.
const BURSTS: usize = 5;

/// Which nodes change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// 100 B.
    Tiny,
    /// 900 KB of JSON.
    Large,
}

/// One node, changed again and again, each change once the one before is seen: median and 99th percentile of the seconds
/// from the acknowledgement to the file.
pub(super) fn latency(
    arena: &mut Arena,
    who: Contestant,
    size: Size,
    changes: usize,
) -> Result<Vec<f64>, Failure> {
    let (servers, directory) = (arena.server.connect_string(), arena.directory(Place::Tmpfs));
    let tree = match size {
        Size::Tiny => &mut arena.tiny,
        Size::Large => &mut arena.large,
    };
    tree.grow(&arena.admin, 1)?;
    let mut stage = Stage::start(&arena.programs, who, &servers, tree, 1, &directory)?;
    let mut seconds = Vec::with_capacity(WARM_UP + changes);
    for _ in 0..WARM_UP + changes {
        stage.observer.expect([0])?;
        tree.change_one(&arena.admin, 0)?;
        let acknowledged = Instant::now();
        // A file may be there before the acknowledgement is: that counts as no time.
        let seen = stage.wait(AT_ONCE, LIMIT, || {})?;
        seconds.push(seen.duration_since(acknowledged).as_secs_f64());
        stage.verify(tree)?;
    }
    let seconds = &seconds[WARM_UP..];
    Ok([50, 99].iter().filter_map(|percent| percentile(seconds, *percent)).collect())
}

/// 1,000 nodes changed in one transaction, each time once the contestant rests: seconds from its acknowledgement to the last file.
pub(super) fn burst(arena: &mut Arena, who: Contestant) -> Result<Vec<f64>, Failure> {
    const NODES: usize = 1_000;
    let mut stage = arena.start(who, NODES, Place::Tmpfs)?;
    let mut seconds = Vec::new();
    for _ in 0..BURSTS {
        stage.rest()?;
        stage.observer.expect(0..NODES)?;
        arena.small.change(&arena.admin, 0..NODES)?;
        let acknowledged = Instant::now();
        let seen = stage.wait(AT_LEISURE, LIMIT, || {})?;
        seconds.push(seen.duration_since(acknowledged).as_secs_f64());
    }
    stage.verify(&arena.small)?;
    Ok(percentile(&seconds, 50).into_iter().collect())
}

/// One node changed 1,000 times without a pause: versions that were shown, and seconds from the last acknowledgement to
/// the last version.
pub(super) fn rewrite(arena: &mut Arena, who: Contestant) -> Result<Vec<f64>, Failure> {
    const CHANGES: usize = 1_000;
    let mut stage = arena.start(who, 1, Place::Tmpfs)?;
    stage.tell_apart()?;
    stage.observer.expect([])?;
    for _ in 0..CHANGES {
        arena.small.change_one(&arena.admin, 0)?;
    }
    let acknowledged = Instant::now();
    while stage.verify(&arena.small).is_err() {
        if acknowledged.elapsed() > LIMIT {
            return stage.verify(&arena.small).map(|()| Vec::new());
        }
        std::thread::sleep(AT_LEISURE);
    }
    let seconds = acknowledged.elapsed().as_secs_f64();
    stage.observer.drain()?;
    Ok(vec![stage.observer.renames as f64, seconds])
}
