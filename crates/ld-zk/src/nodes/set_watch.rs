//! A one-shot watch that is set in ZooKeeper, safe to hold for long.

use std::fmt;
use std::pin::Pin;

use zookeeper::OneshotWatcher;

use crate::panics::catch_panic;

/// A watch. Dropping it removes it from the session.
pub(crate) struct SetWatch(Pin<Box<dyn Future<Output = ()> + Send>>);

impl SetWatch {
    pub(crate) fn new(watcher: OneshotWatcher) -> Self {
        // The future panics when the task of its session has died.
        Self(Box::pin(async { drop(catch_panic(watcher.changed()).await) }))
    }

    /// A watch that has fired.
    #[cfg(test)]
    pub(crate) fn that_has_fired() -> Self {
        Self(Box::pin(std::future::ready(())))
    }

    /// Waits until the node may have changed or the session is over; must not be called again after
    /// that. Cancel-safe.
    pub(crate) async fn fired(&mut self) {
        self.0.as_mut().await;
    }
}

/// Waits until the watch fires, if there is one.
pub(crate) async fn fired(watch: &mut Option<SetWatch>) {
    match watch {
        Some(watch) => watch.fired().await,
        None => std::future::pending().await,
    }
}

impl fmt::Debug for SetWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SetWatch(..)")
    }
}
