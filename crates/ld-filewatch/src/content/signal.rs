//! What tells readers and subscribers of new content, whatever its type.

use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use crate::content::waiters::Waiters;
use crate::sync::lock;

#[derive(Default)]
pub(crate) struct Signal {
    /// Tells a cached reader that its copy is old. Stored before the content: a thread that saw the
    /// new content in any other way finds its cached copy outdated.
    pub(crate) newest: AtomicU64,
    pub(crate) waiters: Waiters,
    closed: Mutex<bool>,
}

impl Signal {
    /// Runs `publish` unless no content may be published any more.
    pub(crate) fn unless_closed<R>(&self, publish: impl FnOnce() -> R) -> Option<R> {
        let closed = lock(&self.closed);
        (!*closed).then(publish)
    }

    /// Ends the publishing, and wakes all that wait.
    pub(crate) fn close(&self) {
        *lock(&self.closed) = true;
        self.waiters.wake_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        *lock(&self.closed)
    }
}
