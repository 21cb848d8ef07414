//! The one hub of the process: an inotify instance, a clock thread and loader threads, shared by every
//! watcher. It starts with the first watcher and ends with the last.

mod backend;
mod chain;
mod clock;
mod dirs;
mod events;
mod loaders;
mod polled;
mod schedule;
mod slot;
#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::time::Duration;

use crate::status::Mode;
use crate::sync::lock;
use crate::trigger::{Outcome, Trigger};
use backend::Backend;
use schedule::Schedule;

/// What the hub knows of a watched file.
pub(crate) trait Watched: Send + Sync {
    /// The absolute path.
    fn path(&self) -> &Path;
    /// Looks at the file, loads it if needed.
    fn check(&self, trigger: Trigger) -> Outcome;
    /// Whether the path still is what the last look found.
    fn is_current(&self) -> bool;
    /// Whether the file's content changes without events.
    fn is_virtual(&self) -> bool;
    /// Whether events were asked for and are not to be had at present.
    fn wants_events_back(&self) -> bool;
    /// How changes are noticed from now on.
    fn set_mode(&self, mode: Mode);
}

/// How one file wants to be watched.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) events: bool,
    /// `None`: only while events cannot be had.
    pub(crate) poll: Option<Duration>,
    pub(crate) quiet: Duration,
}

/// Names one registration; never used twice.
pub(crate) type WatchId = u64;

struct Inner {
    schedule: Mutex<Schedule>,
    /// Loader threads wait here for work.
    work: Condvar,
    /// The clock thread waits here for the next deadline.
    alarm: Condvar,
    /// Held while inotify watches are added and removed. Taken before `schedule`, never the other way round;
    /// the notify thread takes only `schedule`, since it is the one that answers whoever holds this.
    backend: Mutex<Backend>,
}

/// Keeps the hub's threads alive; the last one dropped ends them.
struct Hub {
    inner: Arc<Inner>,
}

static HUB: Mutex<Weak<Hub>> = Mutex::new(Weak::new());

impl Hub {
    fn get() -> io::Result<Arc<Self>> {
        let mut current = lock(&HUB);
        if let Some(hub) = current.upgrade() {
            return Ok(hub);
        }
        let inner = Arc::new(Inner {
            schedule: Mutex::new(Schedule::new()),
            work: Condvar::new(),
            alarm: Condvar::new(),
            backend: Mutex::new(Backend::new()),
        });
        let hub = Arc::new(Self { inner });
        clock::spawn(&hub.inner)?;
        loaders::spawn_first(&hub.inner)?;
        *current = Arc::downgrade(&hub);
        Ok(hub)
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        lock(&self.inner.schedule).stop();
        self.inner.work.notify_all();
        self.inner.alarm.notify_all();
        lock(&self.inner.backend).close();
    }
}

/// A file's place in the hub; dropping it stops the watching.
pub(crate) struct Registration {
    hub: Arc<Hub>,
    id: WatchId,
}

impl Registration {
    /// Adds a file. It is not looked at before the first [`Registration::check_now`].
    pub(crate) fn new(watched: Weak<dyn Watched>, pace: Pace) -> io::Result<Self> {
        let hub = Hub::get()?;
        let (id, alarm) = lock(&hub.inner.schedule).add(watched, pace);
        if alarm {
            hub.inner.alarm.notify_one();
        }
        Ok(Self { hub, id })
    }

    /// Looks at the file in the calling thread, unless another thread is about to.
    pub(crate) fn check_now(&self, watched: &dyn Watched, trigger: Trigger) {
        if lock(&self.hub.inner.schedule).begin_direct(self.id) {
            let outcome = self.hub.inner.look(self.id, watched, trigger);
            drop(self.hub.inner.finish(self.id, outcome, lock(&self.hub.inner.schedule)));
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let chain = lock(&self.hub.inner.schedule).remove(self.id);
        self.hub.inner.unlink(self.id, &chain);
    }
}
