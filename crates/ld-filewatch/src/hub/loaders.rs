//! The threads that load. One is enough until a parser is slow; then others join until it is done, so that a
//! slow parser delays nobody else.

use std::io;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use super::Inner;
use super::schedule::Schedule;
use crate::limits::{GROW_AFTER, MAX_LOADERS};
use crate::sync::lock;

/// How many loaders there are and whether they get anywhere.
#[derive(Default)]
pub(super) struct Count {
    alive: usize,
    idle: usize,
    /// Jobs taken so far.
    taken: u64,
    /// When to see whether a job still waits though none has been taken since.
    pub(super) grow_at: Option<Instant>,
    taken_then: u64,
}

pub(super) fn spawn_first(inner: &Arc<Inner>) -> io::Result<()> {
    spawn(inner, &mut lock(&inner.schedule))
}

fn spawn(inner: &Arc<Inner>, schedule: &mut Schedule) -> io::Result<()> {
    let inner = Arc::clone(inner);
    thread::Builder::new().name("filewatch-load".to_owned()).spawn(move || run(&inner))?;
    schedule.loaders.alive += 1;
    Ok(())
}

/// Wakes a loader for new work, or has the clock see to it that one comes. Unlocks first: a thread that is
/// woken under the lock would sleep again at once.
pub(super) fn call(inner: &Inner, mut schedule: MutexGuard<'_, Schedule>) {
    let count = &mut schedule.loaders;
    if count.idle > 0 {
        drop(schedule);
        inner.work.notify_one();
    } else if count.grow_at.is_none() {
        count.grow_at = Some(Instant::now() + GROW_AFTER);
        count.taken_then = count.taken;
        drop(schedule);
        inner.alarm.notify_one();
    }
}

/// Adds a loader if no job has been taken for a while though one waits.
pub(super) fn grow(inner: &Arc<Inner>, schedule: &mut Schedule, now: Instant) {
    if schedule.loaders.grow_at.is_none_or(|at| at > now) {
        return;
    }
    schedule.loaders.grow_at = None;
    if !schedule.has_work() || schedule.loaders.idle > 0 {
        return;
    }
    let stuck = schedule.loaders.taken == schedule.loaders.taken_then;
    if stuck && schedule.loaders.alive < MAX_LOADERS {
        // Without another thread the work waits for a loader to become free.
        let _ = spawn(inner, schedule);
    }
    schedule.loaders.taken_then = schedule.loaders.taken;
    schedule.loaders.grow_at = Some(now + GROW_AFTER);
}

fn run(inner: &Arc<Inner>) {
    let mut schedule = lock(&inner.schedule);
    while !schedule.stopped() {
        if let Some(job) = schedule.take() {
            schedule.loaders.taken += 1;
            if schedule.has_work() {
                call(inner, schedule);
            } else {
                drop(schedule);
            }
            let watched = job.watched.upgrade();
            let outcome = watched.map(|watched| inner.look(job.id, &*watched, job.trigger));
            schedule = lock(&inner.schedule);
            if let Some(outcome) = outcome {
                schedule = inner.finish(job.id, outcome, schedule);
            }
            continue;
        }
        if schedule.loaders.idle > 0 {
            // One that waits is enough.
            break;
        }
        schedule.loaders.idle += 1;
        schedule = inner.work.wait(schedule).unwrap_or_else(PoisonError::into_inner);
        schedule.loaders.idle -= 1;
    }
    schedule.loaders.alive -= 1;
}
