//! A one-shot watch that is safe to hold for long.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use zookeeper::{OneshotWatcher, WatchedEvent};

/// Resolves when the node may have changed or the session is over. Boxed, so that it can be polled again and
/// again in place, and caught, because the ZooKeeper crate's future panics when its session's task has died.
pub(crate) struct Armed(Pin<Box<dyn Future<Output = WatchedEvent> + Send>>);

impl Armed {
    pub(crate) fn new(watcher: OneshotWatcher) -> Self {
        Self(Box::pin(watcher.changed()))
    }
}

impl Future for Armed {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let future = &mut self.0;
        let event = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        event.map_or(Poll::Ready(()), |event| event.map(drop))
    }
}

impl fmt::Debug for Armed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Armed(..)")
    }
}
