//! What the threads of the hub share.

use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Instant;

use crate::check::trigger::{Outcome, Trigger};
use crate::hub::backend::Backend;
use crate::hub::schedule::queues::Schedule;
use crate::hub::watched::WatchId;
use crate::limits::GROW_AFTER;
use crate::sync::lock;

pub(super) struct Inner {
    pub(super) schedule: Mutex<Schedule>,
    /// The idle loader thread waits here for work.
    pub(super) work: Condvar,
    /// The clock thread waits here for the next deadline.
    pub(super) alarm: Condvar,
    /// Held while inotify watches are added and removed. Lock order: this one before `schedule`.
    /// The notify thread locks only `schedule`, since holders of this lock wait for its answers.
    pub(super) backend: Mutex<Backend>,
}

impl Inner {
    pub(super) fn new(backend: Backend) -> Self {
        Self {
            schedule: Mutex::new(Schedule::new()),
            work: Condvar::new(),
            alarm: Condvar::new(),
            backend: Mutex::new(backend),
        }
    }

    /// Wakes the idle loader for queued work, or has the clock start one if none becomes free.
    /// Unlocks first: a thread that is woken under the lock would sleep again at once.
    pub(super) fn wake_loader(&self, mut schedule: MutexGuard<'_, Schedule>) {
        let count = &mut schedule.loaders;
        if count.idle > 0 {
            drop(schedule);
            self.work.notify_one();
        } else if count.grow_at.is_none() {
            count.grow_at = Some(Instant::now() + GROW_AFTER);
            count.taken_then = count.taken;
            drop(schedule);
            self.alarm.notify_one();
        }
    }

    /// Ends the calling thread's claim on a file.
    pub(super) fn release<'a>(
        &'a self,
        id: WatchId,
        outcome: Outcome,
        mut schedule: MutexGuard<'a, Schedule>,
    ) -> MutexGuard<'a, Schedule> {
        if outcome == Outcome::Unsettled {
            let poll = Trigger { poll: true, ..Trigger::default() };
            if schedule.queue_when_quiet(id, poll, false, Instant::now()) {
                self.alarm.notify_one();
            }
        }
        if schedule.release(id) {
            self.wake_loader(schedule);
            return lock(&self.schedule);
        }
        schedule
    }
}
