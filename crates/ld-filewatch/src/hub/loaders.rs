//! The threads that load. One is enough until a parser is slow; then others join until it is done,
//! so that a slow parser delays only its own file.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::Instant;

use crate::check::trigger::Outcome;
use crate::hub::inner::Inner;
use crate::hub::schedule::queues::Schedule;
use crate::limits::{GROW_AFTER, MAX_LOADERS};
use crate::sync::lock;

pub(super) fn spawn_first(inner: &Arc<Inner>) -> io::Result<()> {
    spawn(inner, &mut lock(&inner.schedule))
}

fn spawn(inner: &Arc<Inner>, schedule: &mut Schedule) -> io::Result<()> {
    let inner = Arc::clone(inner);
    thread::Builder::new().name("filewatch-load".to_owned()).spawn(move || run(&inner))?;
    schedule.loaders.alive += 1;
    Ok(())
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
        // A refused thread is not an error here: the work waits for a loader to become free.
        let _ = spawn(inner, schedule);
    }
    schedule.loaders.taken_then = schedule.loaders.taken;
    schedule.loaders.grow_at = Some(now + GROW_AFTER);
}

fn run(inner: &Arc<Inner>) {
    let mut schedule = lock(&inner.schedule);
    while !schedule.stopped() {
        if let Some(job) = schedule.next_job() {
            schedule.loaders.taken += 1;
            if schedule.has_work() {
                inner.wake_loader(schedule);
            } else {
                drop(schedule);
            }
            // Application code runs in here: parsers, callbacks, and `Drop` of what they made, also
            // when this is the last handle. A panic must cost neither this thread nor the file.
            let checked = catch_unwind(AssertUnwindSafe(|| {
                let watched = job.watched.upgrade();
                watched.map(|watched| inner.check(job.id, &*watched, job.trigger))
            }));
            schedule = lock(&inner.schedule);
            if let Some(outcome) = checked.unwrap_or(Some(Outcome::Unsettled)) {
                schedule = inner.release(job.id, outcome, schedule);
            }
            continue;
        }
        if schedule.loaders.idle > 0 {
            // One idle loader is enough.
            break;
        }
        schedule.loaders.idle += 1;
        schedule = inner.work.wait(schedule).unwrap_or_else(PoisonError::into_inner);
        schedule.loaders.idle -= 1;
    }
    schedule.loaders.alive -= 1;
}
