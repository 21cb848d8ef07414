//! Subscriptions to new content, for threads and for tasks of any runtime.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::content::shared::Shared;
use crate::handle::guard::Snapshot;

/// Delivers content that is newer than what it delivered before, from
/// [`FileWatcher::subscribe`](crate::FileWatcher::subscribe).
///
/// It always delivers the latest content: a slow subscriber skips what was replaced meanwhile. A
/// new subscription delivers only later content; use [`from_start`](Self::from_start) to get the
/// current content first. Heartbeats are not delivered. A read after a delivery never returns older
/// content.
pub struct Subscription<T> {
    seen: u64,
    shared: Arc<Shared<T>>,
}

impl<T> Subscription<T> {
    pub(crate) fn new(shared: Arc<Shared<T>>, seen: u64) -> Self {
        Self { seen, shared }
    }

    /// Delivers the current content too, if there is any.
    #[must_use]
    pub fn from_start(mut self) -> Self {
        self.seen = 0;
        self
    }

    /// Blocks the thread until there is newer content, without a limit. A thread that also has to
    /// end uses [`recv_timeout`](Self::recv_timeout).
    pub fn recv(&mut self) -> Snapshot<T> {
        loop {
            if let Some(snapshot) = self.recv_until(None) {
                return snapshot;
            }
        }
    }

    /// Blocks the thread until there is newer content, at most for `timeout`.
    pub fn recv_timeout(&mut self, timeout: Duration) -> Option<Snapshot<T>> {
        self.recv_until(Instant::now().checked_add(timeout))
    }

    /// Newer content, if there is any.
    pub fn try_recv(&mut self) -> Option<Snapshot<T>> {
        let loaded = self.shared.cell.newer(self.seen)?;
        self.seen = loaded.version;
        Some(Snapshot::of(&loaded))
    }

    /// Waits until there is newer content, without blocking the thread. Needs no particular
    /// runtime.
    ///
    /// Cancel safe: dropping the future loses nothing.
    pub fn changed(&mut self) -> Changed<'_, T> {
        Changed { subscription: self, key: None }
    }

    fn recv_until(&mut self, deadline: Option<Instant>) -> Option<Snapshot<T>> {
        let loaded = self.shared.cell.wait_newer(self.seen, deadline)?;
        self.seen = loaded.version;
        Some(Snapshot::of(&loaded))
    }
}

impl<T> Clone for Subscription<T> {
    fn clone(&self) -> Self {
        Self { seen: self.seen, shared: Arc::clone(&self.shared) }
    }
}

impl<T> fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("path", &self.shared.path)
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}

/// The future of [`Subscription::changed`].
#[must_use = "futures do nothing unless polled"]
pub struct Changed<'a, T> {
    subscription: &'a mut Subscription<T>,
    key: Option<u64>,
}

impl<T> Future for Changed<'_, T> {
    type Output = Snapshot<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Snapshot<T>> {
        let Self { subscription, key } = self.get_mut();
        let Subscription { seen, shared } = &mut **subscription;
        let newer = || shared.cell.newer(*seen);
        match shared.cell.waiters.register(key, context.waker(), newer) {
            Some(loaded) => {
                *seen = loaded.version;
                Poll::Ready(Snapshot::of(&loaded))
            }
            None => Poll::Pending,
        }
    }
}

impl<T> Drop for Changed<'_, T> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.subscription.shared.cell.waiters.forget(key);
        }
    }
}

impl<T> fmt::Debug for Changed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Changed").field(&self.subscription).finish()
    }
}
