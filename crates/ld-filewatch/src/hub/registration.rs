//! Entering a file into the hub, which is started and stopped on demand.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, Weak};

use super::backend::Backend;
#[cfg(target_os = "linux")]
use super::events;
use super::{clock, loaders};
use crate::check::trigger::{Outcome, Trigger};
use crate::hub::inner::Inner;
use crate::hub::watched::{Timing, WatchId, Watched};
use crate::sync::lock;

/// Keeps the hub's threads alive; they end when the last one is dropped.
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
        let inner = Arc::new_cyclic(|inner: &Weak<Inner>| Inner::new(backend(inner)));
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

#[cfg(target_os = "linux")]
fn backend(inner: &Weak<Inner>) -> Backend {
    events::backend(Weak::clone(inner))
}

#[cfg(not(target_os = "linux"))]
fn backend(_: &Weak<Inner>) -> Backend {
    Backend
}

/// A file's entry in the hub; the file is no longer watched when it is dropped.
pub(crate) struct Registration {
    hub: Arc<Hub>,
    id: WatchId,
}

impl Registration {
    /// Adds a file. It is not checked before [`Registration::check_first`], so that a poll which
    /// comes earlier cannot take the first check from the calling thread.
    pub(crate) fn new(watched: Weak<dyn Watched>, timing: Timing) -> io::Result<Self> {
        let hub = Hub::get()?;
        let (id, alarm) = lock(&hub.inner.schedule).add(watched, timing);
        if alarm {
            hub.inner.alarm.notify_one();
        }
        Ok(Self { hub, id })
    }

    /// Makes the first check, in the calling thread.
    pub(crate) fn check_first(&self, watched: &dyn Watched) {
        self.check_claimed(watched, Trigger { event: true, ..Trigger::default() });
    }

    /// Checks the file in the calling thread, unless it is queued or being checked.
    pub(crate) fn check_now(&self, watched: &dyn Watched, trigger: Trigger) {
        if lock(&self.hub.inner.schedule).claim(self.id) {
            self.check_claimed(watched, trigger);
        }
    }

    fn check_claimed(&self, watched: &dyn Watched, trigger: Trigger) {
        let inner = &self.hub.inner;
        // A panic in application code must not keep the claim.
        let checked = catch_unwind(AssertUnwindSafe(|| inner.check(self.id, watched, trigger)));
        drop(inner.release(self.id, checked.unwrap_or(Outcome::Unsettled), lock(&inner.schedule)));
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let chain = lock(&self.hub.inner.schedule).remove(self.id);
        self.hub.inner.unlink(self.id, &chain);
    }
}
