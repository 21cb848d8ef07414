//! Subscriptions to new content, for threads and for tasks of any runtime.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::content::published::{Loaded, Published};
use crate::handle::guard::Snapshot;

/// Delivers content that is newer than what it delivered before, from
/// [`FileWatcher::subscribe`](crate::FileWatcher::subscribe) or
/// [`View::subscribe`](crate::View::subscribe).
///
/// It always delivers the latest content: a slow subscriber skips what was replaced meanwhile. A
/// new subscription delivers only later content; use [`from_start`](Self::from_start) to get the
/// current content first. Heartbeats are not delivered. A read after a delivery never returns older
/// content. After [`close`](crate::FileWatcher::close) the last content is still delivered, and
/// then `None`.
///
/// With the feature `futures` it is also a `Stream`.
pub struct Subscription<T> {
    seen: u64,
    content: Arc<dyn Published<T>>,
    /// The registration of a waiting task.
    key: Option<u64>,
    /// `None`: each new content is delivered.
    distinct: Option<Distinct<T>>,
}

/// Which content is not delivered: what equals the last.
struct Distinct<T> {
    equal: fn(&T, &T) -> bool,
    last: Option<Arc<T>>,
}

impl<T> Subscription<T> {
    pub(crate) fn new(content: Arc<dyn Published<T>>, seen: u64) -> Self {
        Self { seen, content, key: None, distinct: None }
    }

    /// Delivers the current content too, if there is any.
    #[must_use]
    pub fn from_start(mut self) -> Self {
        self.seen = 0;
        if let Some(distinct) = &mut self.distinct {
            distinct.last = None;
        }
        self
    }

    /// Delivers only content that differs from what was delivered before or, at first, from the
    /// content at the start. Use it to act on one field: a [`View`](crate::View) has new content
    /// whenever the file has, also if its value stays the same.
    ///
    /// ```
    /// use ld_filewatch::testing::FakeFileWatcher;
    ///
    /// struct Settings { limit: u32, name: &'static str }
    ///
    /// let fake = FakeFileWatcher::new();
    /// fake.set(Settings { limit: 10, name: "a" });
    /// let mut limits = fake.watcher().map(|settings| settings.limit).subscribe().distinct();
    ///
    /// fake.set(Settings { limit: 10, name: "b" });
    /// assert!(limits.try_recv().is_none());
    /// fake.set(Settings { limit: 20, name: "b" });
    /// assert_eq!(*limits.try_recv().unwrap().data, 20);
    /// # let _ = fake.watcher().map(|settings| settings.name);
    /// ```
    ///
    /// The comparison runs in the thread or task that receives. The subscription keeps the last
    /// content that it delivered in memory.
    #[must_use]
    pub fn distinct(mut self) -> Self
    where
        T: PartialEq,
    {
        let current = arc_swap::Guard::into_inner(self.content.current());
        // Content that came since the start is yet to be delivered.
        let seen = current.filter(|current| current.version == self.seen);
        self.distinct = Some(Distinct { equal: T::eq, last: seen.map(|seen| Arc::clone(&seen.data)) });
        self
    }

    /// Blocks the thread until there is newer content, without a limit; `None` if the watcher is
    /// closed. A thread that also has to end for other reasons uses
    /// [`recv_timeout`](Self::recv_timeout).
    pub fn recv(&mut self) -> Option<Snapshot<T>> {
        self.recv_until(None)
    }

    /// Blocks the thread until there is newer content, at most for `timeout`. `None` after that,
    /// and if the watcher [is closed](Self::is_closed).
    pub fn recv_timeout(&mut self, timeout: Duration) -> Option<Snapshot<T>> {
        self.recv_until(Instant::now().checked_add(timeout))
    }

    /// Newer content, if there is any.
    pub fn try_recv(&mut self) -> Option<Snapshot<T>> {
        let loaded = self.content.newer(self.seen)?;
        self.deliver(&loaded)
    }

    /// Waits until there is newer content, without blocking the thread; `None` if the watcher is
    /// closed. Needs no particular runtime.
    ///
    /// Cancel safe: dropping the future loses nothing.
    pub fn changed(&mut self) -> Changed<'_, T> {
        Changed { subscription: self }
    }

    /// Whether the watcher is closed and everything has been delivered.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.content.signal().is_closed() && self.content.version() <= self.seen
    }

    fn recv_until(&mut self, deadline: Option<Instant>) -> Option<Snapshot<T>> {
        loop {
            let loaded = self.content.wait_newer(self.seen, deadline)?;
            if let Some(snapshot) = self.deliver(&loaded) {
                return Some(snapshot);
            }
        }
    }

    pub(crate) fn poll_changed(&mut self, context: &mut Context<'_>) -> Poll<Option<Snapshot<T>>> {
        loop {
            let Self { seen, content, key, .. } = self;
            let is_over = || content.is_over(*seen).then_some(());
            if content.signal().waiters.register(key, context.waker(), is_over).is_none() {
                return Poll::Pending;
            }
            let Some(loaded) = content.newer(*seen) else { return Poll::Ready(None) };
            if let Some(snapshot) = self.deliver(&loaded) {
                return Poll::Ready(Some(snapshot));
            }
        }
    }

    /// What is delivered of newer content; `None` if it equals the last.
    fn deliver(&mut self, loaded: &Loaded<T>) -> Option<Snapshot<T>> {
        self.seen = loaded.version;
        if let Some(Distinct { equal, last }) = &mut self.distinct {
            if last.as_ref().is_some_and(|last| equal(last, &loaded.data)) {
                return None;
            }
            *last = Some(Arc::clone(&loaded.data));
        }
        Some(Snapshot::of(loaded))
    }

    fn stop_waiting(&mut self) {
        if let Some(key) = self.key.take() {
            self.content.signal().waiters.forget(key);
        }
    }
}

impl<T> Clone for Subscription<T> {
    fn clone(&self) -> Self {
        let distinct = self.distinct.as_ref();
        let distinct = distinct.map(|of| Distinct { equal: of.equal, last: of.last.clone() });
        Self { seen: self.seen, content: Arc::clone(&self.content), key: None, distinct }
    }
}

impl<T> Drop for Subscription<T> {
    fn drop(&mut self) {
        self.stop_waiting();
    }
}

impl<T> fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("path", &self.content.path())
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}

/// The future of [`Subscription::changed`].
#[must_use = "futures do nothing unless polled"]
pub struct Changed<'a, T> {
    subscription: &'a mut Subscription<T>,
}

impl<T> Future for Changed<'_, T> {
    type Output = Option<Snapshot<T>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Snapshot<T>>> {
        self.get_mut().subscription.poll_changed(context)
    }
}

impl<T> Drop for Changed<'_, T> {
    fn drop(&mut self) {
        self.subscription.stop_waiting();
    }
}

impl<T> fmt::Debug for Changed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Changed").field(&self.subscription).finish()
    }
}
